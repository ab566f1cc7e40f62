"""Bugs to plant into a database of a test's own, so that the checker can be seen to find them.

A bug is a few words of the program put in place of others: in a function of the log, or in the source of the projector.
Where the words are not found exactly once, the program has changed, and the bug must be thought through again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Final

from msgspec import Struct

from service.database.pool import Connection
from service.projector import runner
from service.projector.runner import Projector
from tests.histories.client import Isolation


class Change(Struct, frozen=True):
    """In the function or source ``of``, the words ``old`` become ``new``."""

    of: str
    old: str
    new: str


class Bug(Struct, frozen=True, kw_only=True):
    """What is done wrong: in the log's functions, its sequence, the projector, and by readers of the feed."""

    name: str
    functions: tuple[Change, ...] = ()
    cached_positions: int = 1
    projector: tuple[Change, ...] = ()
    reading: Isolation = "read_committed"


_NO_HEAD_LOCK: Final = Change(
    "append", "s.stream = w.stream FOR UPDATE) AS h", "s.stream = w.stream OFFSET 0) AS h"
)
_RUNNER: Final = "the projector"

BUGS: Final = (
    Bug(name="no head lock", functions=(_NO_HEAD_LOCK,)),
    Bug(
        # With the head locked nothing ever conflicts; this is how a log without the lock gets quiet.
        name="ON CONFLICT DO NOTHING on events",
        functions=(
            _NO_HEAD_LOCK,
            Change(
                "append",
                "NOT refused[w.request]) AS e;",
                "NOT refused[w.request]) AS e ON CONFLICT DO NOTHING;",
            ),
        ),
    ),
    Bug(
        name="expectations are not checked",
        functions=(Change("objections", "WHERE w.fenced OR w.expected <> w.version", "WHERE w.fenced"),),
    ),
    Bug(
        name="it is not noticed that expectations are not met",
        functions=(Change("append", "w.expected <> coalesce(h.version, 0) OR epochs", "epochs"),),
    ),
    Bug(
        name="position > checkpoint reader",
        functions=(
            Change(
                "feed",
                "horizon := greatest(after, least(horizon, least_locked_floor()));",
                "horizon := greatest(after, horizon);",
            ),
        ),
    ),
    Bug(name="no floor lock", functions=(Change("append", "PERFORM lock_floor();", "NULL;"),)),
    Bug(name="positions drawn in stock", cached_positions=20),
    Bug(
        name="REPEATABLE READ reader",
        functions=(Change("feed", "PERFORM require_read_committed();", "NULL;"),),
        projector=(Change(_RUNNER, 'isolation="read_committed"', 'isolation="repeatable_read"'),),
        reading="repeatable_read",
    ),
    Bug(
        name="checkpoint moved outside the transaction of its rows",
        projector=(
            Change(
                _RUNNER,
                "            if page.upto > position:\n"
                "                await checkpoints.move(connection, moved, page.upto)\n",
                "        async with self._pool.acquire() as connection:\n"
                "            if page.upto > position:\n"
                "                await checkpoints.move(connection, moved, page.upto)\n",
            ),
        ),
    ),
    Bug(
        name="missing epoch check of the guard",
        functions=(Change("objections", "WHERE g.epoch < h.fence;", "WHERE false;"),),
    ),
    Bug(
        name="it is not noticed that the guard's fence was raised",
        functions=(Change("append", "WHERE g.epoch < h.fence)", "WHERE false)"),),
    ),
    Bug(
        name="missing epoch check of the streams written",
        functions=(
            Change("objections", "coalesce(epochs[u.request] < h.fence, false) AS fenced", "false AS fenced"),
        ),
    ),
    Bug(
        name="it is not noticed that the fence of a stream written was raised",
        functions=(Change("append", " OR epochs[w.request] < h.fence)", ")"),),
    ),
    Bug(
        name="fences are not locked",
        functions=(
            Change(
                "append",
                "CASE WHEN f.raised THEN pg_advisory_xact_lock(f.key)"
                " ELSE pg_advisory_xact_lock_shared(f.key) END",
                "f.key",
            ),
        ),
    ),
    Bug(
        name="append ids are not kept",
        functions=(
            Change("objections", "IF cardinality(append_ids) > 0 THEN", "IF false THEN"),
            Change("append", "IF cardinality(append_ids) > 0 THEN", "IF false THEN"),
        ),
    ),
)
BY_NAME: Final = {bug.name: bug for bug in BUGS}


@asynccontextmanager
async def planted(owner: Connection, bug: Bug | None) -> AsyncIterator[None]:
    """During the block the database has the bug; it is owned by the test, and used by nobody else."""
    changes = () if bug is None else bug.functions
    before = {change.of: await _definition(owner, change.of) for change in changes}
    for change in changes:
        await owner.execute(_changed(await _definition(owner, change.of), change))
    if bug is not None and bug.cached_positions > 1:
        await owner.execute(f"ALTER SEQUENCE event_positions CACHE {bug.cached_positions}")
    yield
    await owner.execute("ALTER SEQUENCE event_positions CACHE 1")
    for definition in before.values():
        await owner.execute(definition)


async def _definition(owner: Connection, function: str) -> str:
    definition: str = await owner.fetchval("SELECT pg_get_functiondef($1::regproc)", function)
    return definition


def projector(bug: Bug | None) -> type[Projector]:
    """The projector with the bug in it."""
    if bug is None or not bug.projector:
        return Projector
    source = Path(runner.__file__).read_text()
    for change in bug.projector:
        source = _changed(source, change)
    module = ModuleType("runner_with_a_bug")
    exec(compile(source, module.__name__, "exec"), module.__dict__)
    buggy: type[Projector] = module.__dict__["Projector"]
    return buggy


def _changed(source: str, change: Change) -> str:
    found = source.count(change.old)
    if found != 1:
        raise ValueError(f"{change.of} holds {change.old!r} {found} times: think the bug through again")
    return source.replace(change.old, change.new)

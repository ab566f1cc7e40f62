"""The checker finds each bug planted into the log or its projector, and nothing in them as they are."""

from __future__ import annotations

import pytest

from service.database.pool import Connection, Pool
from tests.histories.afterwards import look
from tests.histories.checker import first_violation
from tests.histories.client import Client
from tests.histories.history import Violation
from tests.histories.interleavings import SCRIPTS, Script, Stage
from tests.histories.planted import BUGS, Bug, planted, projector
from tests.histories.recording import Recorder, operations

FOUND = {
    "no head lock": "an append ends in an answer",
    "ON CONFLICT DO NOTHING on events": "what is acknowledged is stored",
    "expectations are not checked": "an append is stored at the version it expects",
    "it is not noticed that expectations are not met": "an append is stored at the version it expects",
    "position > checkpoint reader": "a reader skips nothing",
    "no floor lock": "a reader skips nothing",
    "positions drawn in stock": "positions follow time",
    "REPEATABLE READ reader": "a projection applies each event once",
    "checkpoint moved outside the transaction of its rows": "a projection applies each event once",
    "missing epoch check of the guard": "an older epoch can't write",
    "it is not noticed that the guard's fence was raised": "an older epoch can't write",
    "missing epoch check of the streams written": "an older epoch can't write",
    "it is not noticed that the fence of a stream written was raised": "an older epoch can't write",
    "fences are not locked": "an older epoch can't write",
    "append ids are not kept": "an append is stored once",
}
"""The law that each bug breaks first."""


async def played(script: Script, pool: Pool, owner: Connection, bug: Bug | None) -> Violation | None:
    """What the checker says of the script, with the bug or without one."""
    lines: list[bytes] = []
    client = Client(pool, Recorder(lines.append))
    async with planted(owner, bug):
        await script(Stage(pool, owner, client, projector(bug)))
        await client.close()
        return first_violation(await look(operations("client", lines), owner, pool, projector(bug)))


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
async def test_the_bug_is_found(pool: Pool, owner: Connection, bug: Bug) -> None:
    found = await played(SCRIPTS[bug.name], pool, owner, bug)
    assert found is not None
    assert found.law == FOUND[bug.name], found


@pytest.mark.parametrize("script", dict.fromkeys(SCRIPTS.values()), ids=lambda script: script.__name__)
async def test_without_a_bug_nothing_is_found(pool: Pool, owner: Connection, script: Script) -> None:
    assert await played(script, pool, owner, bug=None) is None

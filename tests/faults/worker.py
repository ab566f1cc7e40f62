"""A worker in a process of its own: the service's parts as they are, but for the two that know where to die.

The program itself knows nothing of it: what dies is given to it at the composition root, in the place of the event
store and of the SMTP channel. The process is forked from one that has imported everything, so that it starts at once.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import uvloop
from msgspec import Struct

from domain.lead.events import SendAccepted, SendDeferred, SendIntended, SendOutcomeUnknown, SendRefused
from service.channels.inbox_url import SmtpUrl
from service.channels.outcome import Outcome
from service.channels.session import Timeouts
from service.channels.smtp import SmtpChannel
from service.composition import Liftoff, assembled, new_worker
from service.database.pool import Connection
from service.logging import configure_logging
from service.serving import projecting
from service.settings import Settings
from service.store.appends import Append
from service.store.appends import Outcome as Stored
from service.store.log import EventStore
from service.vault import MasterKey
from tests.faults.clock import SharedClock
from tests.faults.kill_points import Doom, Fate, KillPoint
from tests.forking import PROCESSES

MASTER_KEY: Final = MasterKey(bytes(32))
_RESULTS: Final = (SendAccepted, SendDeferred, SendRefused, SendOutcomeUnknown)


class Brief(Struct, frozen=True, kw_only=True):
    """What a worker is told at its start: the file of its clock, that of its log, and where it is to die."""

    settings: Settings
    dsn: str
    clock: Path
    log: Path
    timeouts: Timeouts
    doom: Doom | None = None


class WorkerProcess:
    """A worker that runs until it is killed."""

    def __init__(self, brief: Brief) -> None:
        self._process = PROCESSES.Process(target=_run, args=(brief,), daemon=True)
        self._process.start()

    @property
    def is_alive(self) -> bool:
        """Whether it still runs."""
        return self._process.is_alive()

    @property
    def exit_code(self) -> int | None:
        """How it ended: minus the number of the signal; None while it runs."""
        return self._process.exitcode

    def kill(self) -> None:
        """End it by kill -9."""
        self._process.kill()

    def join(self) -> None:
        """Wait until it is gone."""
        self._process.join()


class MortalStore(EventStore):
    """The event store of a process that may die before or after a commit."""

    def __init__(self, liftoff: Liftoff, fate: Fate) -> None:
        super().__init__(liftoff.pool, liftoff.codec)
        self.on_appended = liftoff.store.on_appended
        self._fate = fate
        self._written: dict[Connection, list[Append]] = {}

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """As ever, but for the end that may come."""
        async with super().transaction() as connection:
            written = self._written[connection] = []
            yield connection
            del self._written[connection]
            intents, results = _count(written, (SendIntended,)), _count(written, _RESULTS)
            self._fate.reach(KillPoint.CLAIM_OPEN, intents)
            self._fate.reach(KillPoint.RESULT_OPEN, results)
        self._fate.reach(KillPoint.CLAIM_COMMITTED, intents)
        self._fate.reach(KillPoint.RESULT_COMMITTED, results)

    async def append_in(self, connection: Connection, appends: Sequence[Append]) -> list[Stored]:
        """As ever; what is appended is remembered until the commit."""
        self._written.get(connection, []).extend(appends)
        return await super().append_in(connection, appends)


class MortalChannel(SmtpChannel):
    """The SMTP channel of a process that may die before or after a mail."""

    def __init__(self, timeouts: Timeouts, fate: Fate) -> None:
        super().__init__(timeouts=timeouts)
        self._fate = fate

    async def send(self, inbox: SmtpUrl, envelope_from: str, recipient: str, message: bytes) -> Outcome:
        """As ever, but for the end that may come."""
        self._fate.reach(KillPoint.MAIL_READY)
        outcome = await super().send(inbox, envelope_from, recipient, message)
        self._fate.reach(KillPoint.ANSWER_READ)
        return outcome


def _count(written: Sequence[Append], kinds: tuple[type, ...]) -> int:
    """How many of the appends tell of a send what those kinds of events tell."""
    events = [event for append in written for write in append.writes for event in write.events]
    return sum(isinstance(event, kinds) for event in events)


def _run(brief: Brief) -> None:
    with brief.log.open("a") as log:
        configure_logging("warning", log)
        uvloop.run(_work(brief))


async def _work(brief: Brief) -> None:
    fate, clock = Fate(brief.doom), SharedClock(brief.clock)
    async with (
        assembled(brief.settings, brief.dsn, MASTER_KEY, clock) as liftoff,
        projecting(liftoff),
        MortalChannel(brief.timeouts, fate) as smtp,
    ):
        mortal = replace(liftoff, store=MortalStore(liftoff, fate))
        await new_worker(mortal, smtp).run()

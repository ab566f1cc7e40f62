"""Recording: what became of each send goes into the log together with what is due next, many sends in one transaction.

An outcome is kept until it is stored, however long the database is away: it is the only witness of a send.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final, assert_never, cast
from uuid import UUID

import asyncpg
import structlog
from msgspec import Struct
from msgspec.structs import replace

from domain import streams
from domain.event import Event
from domain.lead.decide import (
    NextAction,
    RecordAccepted,
    RecordDeferred,
    RecordFailed,
    RecordLost,
    RecordPostponed,
    RecordRefused,
    RecordSpared,
    decide,
    next_action,
)
from domain.lead.decide import (
    Outcome as LeadOutcome,
)
from domain.lead.state import Lead
from domain.refusal import Refused
from domain.sequence import Action
from domain.suppression import is_hard_bounce
from service.caller import Caller
from service.channels import outcome as mail
from service.channels.linkedin import port as linkedin
from service.clock import Clock
from service.database.pool import Connection
from service.dispatch import bounces, breakers, quotas
from service.dispatch import due as due_table
from service.dispatch.claims import Claim
from service.dispatch.due import Due, Key
from service.dispatch.leads import lead_append, read_leads
from service.dispatch.prepared import NotMade, Outcome, Prepared, Ready
from service.dispatch.suppressions import Suppressions
from service.ids import new_id
from service.store.appends import Append, Appended, Conflict, Guard
from service.store.log import EventStore
from service.texts import Words, pack
from service.vault import Document, Vault

OUTCOMES_A_TRANSACTION: Final = 200
OUTCOMES_WORTH_ONE: Final = 48
"""So many are stored at once; what a transaction costs beside its outcomes is little for each of them."""
LINGER_SECONDS: Final = 0.05
"""How long the first outcome of a transaction waits for others, while there are fewer."""
RETRY_SECONDS: Final = 0.5
LIMIT_REST: Final = timedelta(hours=24)
"""How long a sender does no more of an action once its provider says that LinkedIn lets it do no more."""
_OUTAGES: Final = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
)

_log = structlog.get_logger(__name__)


class Finished(Struct, frozen=True):
    """A claimed send and what became of it."""

    prepared: Prepared
    outcome: Outcome

    @property
    def claim(self) -> Claim:
        """The claim it was."""
        return self.prepared.claim


class _Entry(Struct, frozen=True):
    """One outcome on its way into the log."""

    finished: Finished
    evidence: UUID | None
    lead: Lead
    version: int


class _Waiting(Struct, eq=False):
    """An outcome that was taken over, and who waits for it."""

    finished: Finished
    stored: asyncio.Future[None]


class Recording:
    """Stores outcomes, those that come together in one transaction."""

    def __init__(
        self,
        store: EventStore,
        vault: Vault,
        suppressions: Suppressions,
        clock: Clock,
        connection_patience: timedelta,
    ) -> None:
        """``connection_patience`` is how long a person may take to accept an invitation."""
        self._store = store
        self._vault = vault
        self._suppressions = suppressions
        self._clock = clock
        self._connection_patience = connection_patience
        self._waiting: asyncio.Queue[_Waiting] = asyncio.Queue()

    async def keep(self, finished: Finished) -> None:
        """Store an outcome; returns once it is in the log, if ``run`` runs."""
        waiting = _Waiting(finished, asyncio.get_running_loop().create_future())
        self._waiting.put_nowait(waiting)
        await waiting.stored

    async def run(self) -> None:
        """Store outcomes until cancelled."""
        while True:
            batch = [await self._waiting.get()]
            with suppress(TimeoutError):
                async with asyncio.timeout(LINGER_SECONDS):
                    while len(batch) < OUTCOMES_WORTH_ONE:
                        batch.append(await self._waiting.get())
            while len(batch) < OUTCOMES_A_TRANSACTION and not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
            await self._store_for_sure([waiting.finished for waiting in batch])
            for waiting in batch:
                if not waiting.stored.done():  # whoever waited may have been cancelled
                    waiting.stored.set_result(None)

    async def _store_for_sure(self, batch: Sequence[Finished]) -> None:
        """Store the outcomes, however long it takes; one that can't be stored must not keep the others from it."""
        while True:
            try:
                async with self._store.transaction() as connection:
                    await self._record(connection, batch)
            except _OUTAGES as error:
                _log.error("outcomes_not_stored_yet", count=len(batch), error=type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)
            except Exception as error:
                if len(batch) > 1:
                    for finished in batch:
                        await self._store_for_sure([finished])
                else:
                    _log.error("outcome_lost", send_id=str(batch[0].claim.send_id), exc_info=error)
                return
            else:
                return

    async def _record(self, connection: Connection, batch: Sequence[Finished]) -> None:
        await due_table.hold(connection, (finished.claim.due.key for finished in batch))
        evidence = await self._keep_words(connection, batch)
        entries = [
            _Entry(finished, words, finished.claim.lead, finished.claim.version)
            for finished, words in zip(batch, evidence, strict=True)
        ]
        stored: list[tuple[Finished, Sequence[Event]]] = []
        while entries:
            entries = await self._append(connection, entries, stored)
        await self._follow(connection, stored)
        await self._suppress(connection, batch)
        await self._rest(connection, batch)
        told = ((finished.claim.due.campaign, events) for finished, events in stored)
        await bounces.count(connection, told, self._clock.now())
        await self._count_failures(connection, batch)

    async def _append(
        self,
        connection: Connection,
        entries: Sequence[_Entry],
        stored: list[tuple[Finished, Sequence[Event]]],
    ) -> list[_Entry]:
        """Append what the entries lead to, adding to ``stored``; answers those whose streams had moved, read anew."""
        decided = [(entry, events) for entry in entries if (events := self._decide(entry)) is not None]
        appends = [self._as_append(entry, events) for entry, events in decided]
        outcomes = await self._store.append_in(connection, appends)
        moved: list[_Entry] = []
        for (entry, events), outcome in zip(decided, outcomes, strict=True):
            match outcome:
                case Appended():
                    stored.append((entry.finished, events))
                case Conflict():
                    moved.append(entry)
                case _:
                    _log.error("outcome_refused", send_id=str(entry.finished.claim.send_id))
        leads = await read_leads(self._store, connection, [entry.finished.claim.due.key for entry in moved])
        anew = ((entry, *leads[entry.finished.claim.due.key]) for entry in moved)
        return [replace(entry, lead=lead, version=version) for entry, lead, version in anew]

    def _decide(self, entry: _Entry) -> Sequence[Event] | None:
        try:
            return decide(entry.lead, self._command(entry.finished, entry.evidence)) or None
        except Refused as refused:
            # Somebody else settled this very send, so its outcome is in the log already.
            _log.warning("outcome_known", send_id=str(entry.finished.claim.send_id), code=refused.code)
            return None

    def _command(self, finished: Finished, evidence: UUID | None) -> LeadOutcome:
        send_id, now = finished.claim.send_id, self._clock.now()
        match finished.outcome:
            case mail.Accepted(code=code) | linkedin.Done(code=code):
                return RecordAccepted(
                    send_id=send_id,
                    code=code,
                    next_action=_following(finished.prepared, now),
                    evidence=evidence,
                    connected_by=now + self._connection_patience,
                )
            case linkedin.AlreadyConnected(code=code):
                following = _following(finished.prepared, now)
                return RecordSpared(send_id=send_id, code=code, next_action=following, evidence=evidence)
            case mail.Deferred(code=code) | mail.SenderRefused(code=code):
                return RecordDeferred(send_id=send_id, code=code or 0, now=now, evidence=evidence)
            case linkedin.NotNow(code=code) | linkedin.AccountRefused(code=code):
                return RecordDeferred(send_id=send_id, code=code, now=now, evidence=evidence)
            case linkedin.LimitMet(code=code):
                return RecordPostponed(send_id=send_id, code=code, until=now + LIMIT_REST, evidence=evidence)
            case mail.Refused(code=code):
                return RecordRefused(send_id=send_id, code=code or 0, evidence=evidence)
            case linkedin.Never(code=code):
                return RecordFailed(send_id=send_id, reason="not-possible", code=code, evidence=evidence)
            case mail.Unknown() | linkedin.Ambiguous():
                return RecordLost(send_id=send_id, reason="connection-lost", now=now)
            case NotMade(reason=reason):
                return RecordFailed(send_id=send_id, reason=reason)
            case _:
                assert_never(finished.outcome)

    def _as_append(self, entry: _Entry, events: Sequence[Event]) -> Append:
        claim = entry.finished.claim
        caller = Caller(claim.due.workspace_id, "worker", claim.send_id)
        context = caller.context(self._clock, claim.epoch, claim.intent_id)
        guard = Guard(streams.campaign(claim.due.campaign_id), claim.epoch)
        return lead_append(claim.due.key, entry.version, events, context, guard)

    async def _follow(
        self, connection: Connection, stored: Sequence[tuple[Finished, Sequence[Event]]]
    ) -> None:
        """Let the due table say what the stored events say."""
        planned: list[Due] = []
        done: list[Key] = []
        for finished, events in stored:
            due = finished.claim.due
            following = due_table.followed(due, events, cast(Action, due.task))
            if following is None:
                done.append(due.key)
            else:
                planned.append(following)
        await due_table.plan(connection, planned)
        await due_table.drop(connection, done)

    async def _keep_words(self, connection: Connection, batch: Sequence[Finished]) -> list[UUID | None]:
        """Seal the servers' words, under the keys of the people they may name; answers the documents."""
        evidence: list[UUID | None] = []
        by_workspace: dict[UUID, list[Document]] = {}
        for finished in batch:
            words = _words(finished.outcome)
            evidence.append(new_id() if words else None)
            if words and evidence[-1] is not None:
                due = finished.claim.due
                document = Document(due.person_id, evidence[-1], pack(Words(words)))
                by_workspace.setdefault(due.workspace_id, []).append(document)
        for workspace_id, documents in by_workspace.items():
            await self._vault.seal_many(connection, workspace_id, documents)
        return evidence

    async def _suppress(self, connection: Connection, batch: Sequence[Finished]) -> None:
        """Write to no mailbox again that was refused for good."""
        bounced = [finished.claim for finished in batch if _is_hard_bounce(finished.outcome)]
        if bounced:
            people = [claim.due.person for claim in bounced]
            await self._suppressions.suppress(connection, people, "hard-bounce", "worker", bounced[0].send_id)

    async def _rest(self, connection: Connection, batch: Sequence[Finished]) -> None:
        """Let senders rest whose provider says that LinkedIn lets them do no more for now."""
        tired = {
            (
                finished.claim.due.workspace_id,
                finished.claim.due.sender_id,
                cast(Action, finished.claim.due.task),
            )
            for finished in batch
            if isinstance(finished.outcome, linkedin.LimitMet)
        }
        if tired:
            await quotas.close(connection, tired, self._clock.now() + LIMIT_REST)

    async def _count_failures(self, connection: Connection, batch: Sequence[Finished]) -> None:
        """Count which senders' sends fail one after the other."""
        successes: dict[Key, list[bool]] = {}
        for finished in batch:
            if (success := _speaks_for_sender(finished.outcome)) is not None:
                due = finished.claim.due
                successes.setdefault((due.workspace_id, due.sender_id), []).append(success)
        if successes:
            await breakers.count(connection, successes)


def _speaks_for_sender(outcome: Outcome) -> bool | None:
    """Whether the sender works, as far as the outcome shows; None when it shows nothing."""
    match outcome:
        case mail.Accepted() | linkedin.Done() | linkedin.AlreadyConnected():
            return True
        case mail.Deferred() | mail.SenderRefused() | mail.Unknown():
            return False
        case linkedin.NotNow() | linkedin.AccountRefused() | linkedin.Ambiguous():
            return False
        case _:
            return None


def _following(prepared: Prepared, now: datetime) -> NextAction | None:
    """What follows a send that was accepted."""
    if not isinstance(prepared, Ready):
        raise ValueError("what was never handed over can't have been accepted")
    campaign = prepared.campaign
    hours = campaign.settings.operating_hours
    return next_action(campaign.channel, campaign.nodes, prepared.claim.due.node_id, hours, now)


def _is_hard_bounce(outcome: Outcome) -> bool:
    return isinstance(outcome, mail.Refused) and is_hard_bounce(outcome.code or 0)


def _words(outcome: Outcome) -> str:
    """The provider's words, where an event can name them as its evidence."""
    match outcome:
        case mail.Unknown() | linkedin.Ambiguous() | NotMade():
            return ""
        case mail.Accepted() | mail.Deferred() | mail.Refused() | mail.SenderRefused():
            return outcome.reply
        case _:
            return outcome.words

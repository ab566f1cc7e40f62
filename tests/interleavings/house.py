"""What can happen next: each step is one transaction of the service, one call to a provider, or one mishap.

The steps follow ``service.launch`` and ``service.dispatch``; what these leave to row locks is one step here. A method
that is overridden leaves a safeguard out: so the search is shown to find what the safeguard prevents.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple, TypeVar
from uuid import UUID

from msgspec.structs import replace

from domain.campaign.decide import (
    Activate,
    Command,
    Complete,
    Launch,
    Pause,
    RecordRefusal,
    Resume,
    RollBack,
    StartRun,
    Stop,
)
from domain.campaign.events import RefusedWrite
from domain.campaign.state import Campaign
from domain.event import Event
from domain.lead.agenda import appointment
from domain.lead.decide import BeginSend, RecordAccepted, RecordDeferred, RecordLost, next_action
from domain.lead.decide import Command as LeadCommand
from domain.lead.events import Cancelled, EnrolledLead, Fact, Withdrawn
from domain.refusal import Refusal
from domain.sequence import next_sendable
from tests.interleavings.state import NOW, Caller, Due, Progress, Running, Sending, State, Worker, as_recorded
from tests.kit.campaigns import SENDERS
from tests.kit.rules import DOMAIN, Rules

T = TypeVar("T")

Kind = Literal["work", "wish", "mishap"]
"""``work`` is done by the house sooner or later; a ``wish`` is somebody's, a ``mishap`` nobody's."""


class Step(NamedTuple):
    """What happens, and the state after it."""

    kind: Kind
    what: str
    after: State


class House:
    """The service as it is built."""

    rules: Rules = DOMAIN

    def steps(self, state: State) -> Iterator[Step]:
        """Everything that can happen next."""
        yield from self._calls(state)
        for index, worker in enumerate(state.workers):
            yield from self._work(state, index, worker)
        yield from self._sweep(state)
        yield from self._wishes(state)

    # --- Launch calls ---

    def _calls(self, state: State) -> Iterator[Step]:
        for index, caller in enumerate(state.callers):
            if caller.step == "waiting":
                yield Step(
                    "wish", "a launch call reads the campaign", _called(state, index, self._reads(state))
                )
            if caller.read is not None:
                yield Step("work", "the launch call writes", self._launches(state, index, caller.read))

    def _reads(self, state: State) -> Caller:
        legal = state.campaign.status == "draft"
        return Caller("reading", state.campaign) if legal else Caller("done")

    def _launches(self, state: State, index: int, read: Campaign) -> State:
        launched = self._swap(state, self.as_of(state, read), Launch(total=len(state.leads), skipped=0))
        if launched is not None:
            epoch = launched.campaign.epoch
            state = replace(launched, progress=Progress(epoch), jobs=launched.jobs | {epoch})
        return _called(state, index, Caller("done"))

    def as_of(self, state: State, read: Campaign) -> Campaign:
        """What a launch is decided on: what was read, at the version it was read at."""
        return read

    # --- Workers ---

    def _work(self, state: State, index: int, worker: Worker) -> Iterator[Step]:
        match worker:
            case None:
                for epoch in sorted(state.jobs):
                    yield Step("work", f"run {epoch} is taken up", held(state, index, Running(epoch)))
                yield from self._claims(state, index)
            case Running():
                yield Step("work", f"run {worker.epoch}: {worker.step}", self._runs(state, index, worker))
            case Sending(told=None):
                yield from self._provider(state, index, worker)
            case Sending():
                yield Step("work", "an outcome is recorded", self.records(state, index, worker))
        if worker is not None and state.budget.crashes:
            spent = replace(state.budget, crashes=state.budget.crashes - 1)
            yield Step("mishap", "a worker dies", held(replace(state, budget=spent), index, None))

    def _runs(self, state: State, index: int, run: Running) -> State:
        if run.step == "enrol":
            return self._enrols(state, index, run)
        command, refused_write = self._write_of(state, run)
        if run.read is None:
            if self._decided(state.campaign, command) is None:
                return self._refused(state, index, run, refused_write)
            return held(state, index, replace(run, read=state.campaign))
        written = self._swap(state, run.read, command) if self.admits(state, run.epoch) else None
        if written is None:
            return held(state, index, replace(run, read=None))
        if run.step == "start":
            return held(written, index, Running(run.epoch, "enrol"))
        return held(replace(written, jobs=written.jobs - {run.epoch}), index, None)

    def _write_of(self, state: State, run: Running) -> tuple[Command, RefusedWrite]:
        if run.step == "start":
            return StartRun(epoch=run.epoch), "start"
        return Activate(epoch=run.epoch, prepared=len(state.leads)), "activate"

    def _enrols(self, state: State, index: int, run: Running) -> State:
        """The next lead, in a transaction that holds the row of the run."""
        progress = self.progress_of(state, run.epoch)
        if progress is None:
            return self._refused(state, index, run, "enrol")
        lead = progress.through
        if lead == len(state.leads):
            return held(state, index, Running(run.epoch, "activate"))
        if not self.admits(state, run.epoch):
            return self._refused(state, index, run, "enrol")
        first = next_sendable(state.campaign.nodes, -1)
        assert first is not None
        fact = EnrolledLead(UUID(int=lead), SENDERS[0], first.node.id, NOW)
        state = self._told(state, lead, [fact])
        return replace(
            planned(state, lead, Due(first.node.id)),
            progress=replace(progress, through=lead + 1),
            enrolled=_with(state.enrolled, lead, state.enrolled[lead] + 1),
        )

    def _refused(self, state: State, index: int, run: Running, write: RefusedWrite) -> State:
        """The refusal is recorded, and the job is done with."""
        told = self._swap(state, state.campaign, RecordRefusal(epoch=run.epoch, write=write))
        assert told is not None
        return held(replace(told, jobs=told.jobs - {run.epoch}), index, None)

    def admits(self, state: State, epoch: int) -> bool:
        """Whether the log takes a write of the run of ``epoch``."""
        return epoch >= state.fence

    def progress_of(self, state: State, epoch: int) -> Progress | None:
        """The row of the run of ``epoch``; None once its launch is undone."""
        progress = state.progress
        return progress if progress is not None and progress.epoch == epoch else None

    # --- Sends ---

    def _claims(self, state: State, index: int) -> Iterator[Step]:
        for lead, due in enumerate(state.due):
            if due is not None and self.may_take(due) and state.campaign.status == "active":
                yield Step("work", f"lead {lead} is claimed", self.claim(state, index, lead, due))

    def may_take(self, due: Due) -> bool:
        """Whether a worker may take the row: nobody has it in flight."""
        return due.send_id is None

    def claim(self, state: State, index: int, lead: int, due: Due) -> State:
        """The row is taken and the intent committed, in one transaction that holds the row."""
        send_id = UUID(int=1000 + 100 * lead + len(state.leads[lead].sent_nodes))
        begin = BeginSend(
            campaign_id=state.campaign.id, send_id=send_id, node_id=due.node_id, sender_id=SENDERS[0]
        )
        intended = self.tell(state, lead, begin)
        if intended is None:
            return planned(state, lead, None)
        opened = intended.leads[lead].open_send
        assert opened is not None
        taken = planned(intended, lead, Due(due.node_id, opened.send_id))
        return held(taken, index, Sending(lead, opened.send_id, due.node_id))

    def _provider(self, state: State, index: int, send: Sending) -> Iterator[Step]:
        accepted = replace(state, taken=(*state.taken, (send.lead, send.node_id)))
        yield Step("work", "a mail is taken over", held(accepted, index, replace(send, told="accepted")))
        if state.budget.deferrals:
            spent = replace(state.budget, deferrals=state.budget.deferrals - 1)
            deferred = replace(state, budget=spent)
            yield Step("mishap", "a mail is put off", held(deferred, index, replace(send, told="deferred")))

    def records(self, state: State, index: int, send: Sending) -> State:
        """The outcome, with what is due next; who settled the send meanwhile was faster, and right."""
        state = held(state, index, None)
        following = next_action(state.campaign.channel, state.campaign.nodes, send.node_id, None, NOW)
        command: LeadCommand = RecordAccepted(send_id=send.send_id, code=250, next_action=following)
        if send.told == "deferred":
            command = RecordDeferred(send_id=send.send_id, code=451, now=NOW)
        return self.tell(state, send.lead, command, send.node_id) or state

    # --- Housekeeping ---

    def _sweep(self, state: State) -> Iterator[Step]:
        if state.campaign.status == "launching":
            alive = state.campaign.epoch in state.jobs
            yield from self._if_dead(state, alive, "the launch is taken for dead", self.undo(state))
        for lead, due in enumerate(state.due):
            if due is not None and due.send_id is not None:
                alive = any(
                    isinstance(each, Sending) and each.send_id == due.send_id for each in state.workers
                )
                settled = self.settle(state, lead, due.send_id)
                yield from self._if_dead(state, alive, f"the send to lead {lead} is taken for lost", settled)
            elif due is not None and state.campaign.status in ("completed", "stopped", "archived"):
                cancelled = self._told(state, lead, [Cancelled()])
                yield Step("work", f"lead {lead} is cancelled", planned(cancelled, lead, None))
        if done := self._swap(state, state.campaign, Complete(something_left=any(state.due))):
            yield Step("work", "the campaign is completed", done)

    def _if_dead(self, state: State, alive: bool, what: str, after: State) -> Iterator[Step]:
        """The dead are swept up; who was only frozen may be swept up, too."""
        if not alive:
            yield Step("work", what, after)
        elif state.budget.suspicions:
            spent = replace(after.budget, suspicions=after.budget.suspicions - 1)
            yield Step("mishap", what, replace(after, budget=spent))

    def undo(self, state: State) -> State:
        """The launch is rolled back, with all it has planned."""
        epoch = state.campaign.epoch
        undone = self._swap(state, state.campaign, RollBack(epoch=epoch, reason="stale", compensates=()))
        assert undone is not None
        for lead, times in enumerate(state.enrolled):
            if times:
                undone = self._told(undone, lead, [Withdrawn()])
        return replace(
            undone,
            fence=epoch + 1,
            progress=None,
            jobs=undone.jobs - {epoch},
            due=(None,) * len(state.due),
            enrolled=(0,) * len(state.enrolled),
        )

    def settle(self, state: State, lead: int, send_id: UUID) -> State:
        """Nobody is left to tell what became of a send."""
        due = state.due[lead]
        lost = RecordLost(send_id=send_id, reason="worker-lost", now=NOW)
        assert due is not None
        return self.tell(state, lead, lost, due.node_id) or planned(state, lead, None)

    # --- People ---

    def _wishes(self, state: State) -> Iterator[Step]:
        budget = state.budget
        if budget.pauses and (paused := self._swap(state, state.campaign, Pause())):
            yield Step("wish", "a pause", replace(paused, budget=replace(budget, pauses=budget.pauses - 1)))
        resume = Resume(something_left=any(state.due))
        if resumed := self._swap(state, state.campaign, resume):
            yield Step("wish", "a resume", resumed)
        if budget.stops and (stopped := self._swap(state, state.campaign, Stop())):
            yield Step("wish", "a stop", replace(stopped, budget=replace(budget, stops=budget.stops - 1)))

    # --- The log ---

    def _decided(self, campaign: Campaign, command: Command) -> Sequence[Any] | None:
        try:
            return self.rules.decide_campaign(campaign, command)
        except Refusal:
            return None

    def _swap(self, state: State, read: Campaign, command: Command) -> State | None:
        """Decide on what was read and append at its version; None when refused, overtaken, or no news."""
        decided = self._decided(read, command)
        if not decided or read.version != state.campaign.version:
            return None
        campaign: Campaign | None = state.campaign
        for recorded in as_recorded(decided, read.version):
            campaign = self.rules.evolve_campaign(campaign, recorded)
        assert campaign is not None
        return replace(state, campaign=campaign)

    def tell(
        self, state: State, lead: int, command: LeadCommand, node_id: UUID | None = None
    ) -> State | None:
        """Decide on a lead and append; with a node the due table follows. None when refused."""
        try:
            events = self.rules.decide_lead(state.leads[lead], command)
        except Refusal:
            return None
        told = self._told(state, lead, events)
        if node_id is None or not events:
            return told
        return planned(told, lead, self.followed(events, node_id))

    def followed(self, events: Sequence[Event], node_id: UUID) -> Due | None:
        """What is due after these events about a send."""
        following = appointment(events[-1], node_id, "email")
        return Due(following.node_id) if following else None

    def _told(self, state: State, lead: int, facts: Sequence[Fact]) -> State:
        after = state.leads[lead]
        for fact in facts:
            after = self.rules.evolve_lead(after, fact, NOW)
        return replace(state, leads=_with(state.leads, lead, after))


def _with(things: tuple[T, ...], index: int, thing: T) -> tuple[T, ...]:
    return (*things[:index], thing, *things[index + 1 :])


def planned(state: State, lead: int, due: Due | None) -> State:
    """That is due for the lead now."""
    return replace(state, due=_with(state.due, lead, due))


def held(state: State, index: int, worker: Worker) -> State:
    """The worker holds that now. Workers are alike: in which order they stand makes no other state."""
    return replace(state, workers=tuple(sorted(_with(state.workers, index, worker), key=_order)))


def _order(worker: Worker) -> tuple[int, int, str]:
    match worker:
        case Running(epoch=epoch, step=step, read=read):
            return epoch, read.version if read else 0, step
        case Sending(lead=lead, told=told):
            return -1, lead, told or ""
        case None:
            return -2, 0, ""


def _called(state: State, index: int, caller: Caller) -> State:
    callers = sorted(_with(state.callers, index, caller), key=lambda each: each.step)
    return replace(state, callers=tuple(callers))

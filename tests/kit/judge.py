"""A judge of histories: what in one of them can't have happened. Independent of the domain's machines and folds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TypeAlias
from uuid import UUID

from msgspec import Struct

from domain import streams
from domain.campaign import events as campaigns
from domain.event import Event, Recorded
from domain.lead import events as leads
from tests.kit.model import CAMPAIGN

_TRIGGERS: dict[type[Event], str] = {
    campaigns.LaunchAccepted: "launch",
    campaigns.CampaignActivated: "activate",
    campaigns.LaunchRolledBack: "roll_back",
    campaigns.CampaignPaused: "pause",
    campaigns.CampaignResumed: "resume",
    campaigns.CampaignCompleted: "complete",
    campaigns.CampaignStopped: "stop",
    campaigns.CampaignArchived: "archive",
}


def faults(history: Iterable[Recorded]) -> list[str]:
    """Everything that is wrong with a workspace's history, with the position where it shows; nothing if it can be."""
    judge = _Judge()
    return [f"{recorded.position}: {fault}" for recorded in history for fault in judge.hear(recorded)]


class _Campaign:
    """What a campaign's own stream has told so far."""

    def __init__(self) -> None:
        self.status: str | None = None
        self.epoch = 0
        self.deleted = False

    def hear(self, event: Event) -> Iterator[str]:
        if (self.status is None) != isinstance(event, campaigns.CampaignCreated):
            yield "a campaign begins once, with its creation"
        self.status = self.status or "draft"
        if self.deleted:
            yield "something is told of a campaign that was deleted"
        if isinstance(event, campaigns.LaunchAccepted):
            self.epoch += 1
        of_a_launch = campaigns.LaunchAccepted | campaigns.RunStarted | campaigns.LaunchRolledBack
        if isinstance(event, of_a_launch | campaigns.CampaignActivated) and event.epoch != self.epoch:
            yield f"the launch attempt {event.epoch} writes, but {self.epoch} is the latest"
        if isinstance(event, campaigns.RunStarted) and self.status != "launching":
            yield f"a run starts while the campaign is {self.status}"
        if trigger := _TRIGGERS.get(type(event)):
            if trigger not in CAMPAIGN[self.status]:
                yield f"{trigger} while the campaign is {self.status}"
            self.status = CAMPAIGN[self.status].get(trigger, self.status)
        self.deleted = self.deleted or isinstance(event, campaigns.CampaignDeleted)


class _Send(Struct):
    """The latest send to a lead."""

    send_id: UUID
    node_id: UUID
    attempt: int
    open: bool = True
    deferred: bool = False


class _Lead:
    """What the streams have told of a lead so far."""

    def __init__(self) -> None:
        self.imported = False
        self.gone = False
        self.sent: set[UUID] = set()
        self.send: _Send | None = None

    def hear(self, fact: leads.Fact) -> Iterator[str]:
        if self.imported == isinstance(fact, leads.ImportedLead):
            yield "a lead begins once, with its import"
        self.imported = True
        if self.gone:
            yield "something is told of a lead that was removed"
        self.gone = isinstance(fact, leads.Removed)
        if isinstance(fact, leads.SendIntended):
            yield from self._intend(fact)
        elif isinstance(fact, _Outcome):
            yield from self._settle(fact)

    def _intend(self, intent: leads.SendIntended) -> Iterator[str]:
        before = self.send if self.send is not None and self.send.open else None
        if intent.node_id in self.sent:
            yield "a step is sent that was sent already"
        if before is not None and not before.deferred:
            yield "a send begins while another has no outcome"
        expected = (before.send_id, before.attempt + 1) if before else (intent.send_id, 1)
        if (intent.send_id, intent.attempt) != expected:
            yield "a deferred send is not tried again under its own id and number"
        self.send = _Send(intent.send_id, intent.node_id, intent.attempt)

    def _settle(self, outcome: _Outcome) -> Iterator[str]:
        send = self.send
        if send is None or send.send_id != outcome.send_id or not send.open or send.deferred:
            yield "an outcome without its intent"
            return
        send.deferred = isinstance(outcome, leads.SendDeferred)
        send.open = isinstance(outcome, leads.SendDeferred | leads.SendOutcomeUnknown | leads.SendInDoubt)
        if isinstance(outcome, leads.SendAccepted):
            self.sent.add(send.node_id)


_Outcome: TypeAlias = (
    leads.SendAccepted
    | leads.SendDeferred
    | leads.SendRefused
    | leads.SendFailed
    | leads.SendOutcomeUnknown
    | leads.SendInDoubt
    | leads.InvitationSpared
)


class _Judge:
    """Hears a history, event by event."""

    def __init__(self) -> None:
        self._position = 0
        self._versions: dict[str, int] = defaultdict(int)
        self._campaigns: dict[UUID, _Campaign] = defaultdict(_Campaign)
        self._leads: dict[UUID, _Lead] = defaultdict(_Lead)
        self._listed: dict[UUID, set[UUID]] = defaultdict(set)

    def hear(self, recorded: Recorded) -> Iterator[str]:
        if recorded.position <= self._position:
            yield "an event stands before one of a lower position"
        self._position = recorded.position
        expected = self._versions[recorded.stream] + 1
        if recorded.version != expected:
            yield f"version {recorded.version} of {recorded.stream} stands where {expected} is due"
        self._versions[recorded.stream] = recorded.version
        if recorded.stream.startswith(streams.CAMPAIGN):
            campaign_id = streams.subject(recorded.stream)
            yield from self._campaigns[campaign_id].hear(recorded.event)
            yield from self._count(campaign_id, recorded.event)
        for lead_id, fact in leads.facts(recorded):
            yield from self._leads[lead_id].hear(fact)
            self._list(recorded, lead_id, fact)

    def _list(self, recorded: Recorded, lead_id: UUID, fact: leads.Fact) -> None:
        if isinstance(recorded.event, leads.LeadsImported):
            self._listed[recorded.event.campaign_id].add(lead_id)
        if isinstance(fact, leads.Removed):
            self._listed[streams.subject(recorded.stream)].discard(lead_id)

    def _count(self, campaign_id: UUID, event: Event) -> Iterator[str]:
        listed = len(self._listed[campaign_id])
        if isinstance(event, campaigns.LaunchAccepted) and event.total + event.skipped != listed:
            yield f"{event.total} leads are launched and {event.skipped} left out of {listed}"

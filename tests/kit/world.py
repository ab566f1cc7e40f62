"""A small world of senders, campaigns and leads that lives by the domain's own decisions, and the history it leaves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar
from uuid import UUID

from domain import streams
from domain.campaign import decide as campaigns
from domain.campaign.events import Settings, SettingsChange, TextRef
from domain.campaign.state import Campaign
from domain.event import Event, Recorded
from domain.lead import decide as lead_commands
from domain.lead.events import (
    CorrectedLead,
    EnrolledLead,
    ImportedLead,
    LeadsCancelled,
    LeadsCorrected,
    LeadsEnrolled,
    LeadsImported,
    LeadsRemoved,
    LeadsSkipped,
    LeadsWithdrawn,
    SkippedLead,
    facts,
)
from domain.lead.state import NEWBORN, Lead
from domain.refusal import Refusal
from domain.sender import decide as senders
from domain.sender import events as sender_events
from domain.sender import state as sender_state
from domain.sender.state import Sender
from domain.suppression import PersonErased, PersonSuppressed, SuppressionLifted
from tests.kit.rules import DOMAIN, Rules

T = TypeVar("T")

START: Final = datetime(2025, 3, 1, 22, tzinfo=UTC)


class World:
    """One workspace. Every action takes a number to choose by, and does nothing where the domain refuses it."""

    def __init__(self, workspace: int = 1, rules: Rules = DOMAIN) -> None:
        self.rules = rules
        self.workspace_id = UUID(int=workspace << 96)
        self.history: list[Recorded] = []
        self.now = START
        self.senders: dict[UUID, Sender] = {}
        self.campaigns: dict[UUID, Campaign] = {}
        self.rosters: dict[UUID, dict[UUID, Lead]] = {}
        self.campaign_of: dict[UUID, UUID] = {}
        self.suppressed: list[UUID] = []
        self._versions: dict[str, int] = {}
        self._ids = workspace << 96

    def new_id(self) -> UUID:
        self._ids += 1
        return UUID(int=self._ids)

    def record(self, stream: str, *events: Event) -> None:
        """Add to the history what has happened, and to the states what it means."""
        for event in events:
            version = self._versions[stream] = self._versions.get(stream, 0) + 1
            recorded = Recorded(
                position=len(self.history) + 1,
                workspace_id=self.workspace_id,
                stream=stream,
                version=version,
                event_id=self.new_id(),
                recorded_at=self.now,
                actor="test",
                correlation_id=self.workspace_id,
                causation_id=None,
                epoch=None,
                event=event,
            )
            self.history.append(recorded)
            self._evolve(recorded)

    def _evolve(self, recorded: Recorded) -> None:
        stream = recorded.stream
        if stream.startswith(streams.CAMPAIGN):
            campaign_id = streams.subject(stream)
            campaign = self.rules.evolve_campaign(self.campaigns.get(campaign_id), recorded)
            assert campaign is not None
            self.campaigns[campaign_id] = campaign
        if stream.startswith(streams.SENDER):
            sender = sender_state.evolve(self.senders.get(streams.subject(stream)), recorded)
            assert sender is not None
            self.senders[sender.id] = sender
        for lead_id, fact in facts(recorded):
            roster = self.rosters[self.campaign_of[lead_id]]
            if isinstance(recorded.event, LeadsRemoved):
                del roster[lead_id]
            else:
                roster[lead_id] = self.rules.evolve_lead(
                    roster.get(lead_id, NEWBORN), fact, recorded.recorded_at
                )

    # --- Senders, campaigns and their lists ---

    def let_time_pass(self, number: int) -> None:
        self.now += timedelta(minutes=number)

    def connect_sender(self, number: int) -> None:
        connect = senders.Connect(
            sender_id=self.new_id(),
            channel="email",
            profile_id=self.new_id(),
            address_digest=self.new_id(),
            warmup_status="active" if number % 2 else "warming",
        )
        stream = streams.sender(connect.sender_id)
        self.record(stream, *senders.connect(connect))
        self.record(
            stream, *senders.decide(self.senders[connect.sender_id], senders.ConfigureInbox(self.new_id()))
        )
        sender = self.senders[connect.sender_id]
        assert sender.inbox_id is not None
        self.record(stream, *senders.decide(sender, senders.RecordVerified(sender.inbox_id)))

    def change_sender(self, number: int) -> None:
        sender = _chosen(list(self.senders.values()), number)
        if sender is not None:
            change = sender_events.SenderChange(daily_limit=1 + number % 500)
            commands: list[senders.Command] = [senders.Change(change), senders.Remove()]
            command = commands[number % 7 == 0]
            self.record(streams.sender(sender.id), *senders.decide(sender, command))

    def create_campaign(self, number: int) -> None:
        self.connect_sender(number)
        sender_id = next(reversed(self.senders))
        create = campaigns.Create(
            campaign_id=self.new_id(),
            channel="email",
            settings=Settings(name=TextRef(self.new_id(), "digest"), sender_account_ids=(sender_id,)),
            senders={sender_id: "email"},
            node_ids=(self.new_id(), self.new_id()),
        )
        self.rosters[create.campaign_id] = {}
        self.record(streams.campaign(create.campaign_id), *campaigns.create(create))

    def import_leads(self, number: int) -> None:
        campaign = self._campaign(number, "draft")
        if campaign is None:
            return
        count = 1 + number % 5
        leads = tuple(
            ImportedLead(self.new_id(), campaign.leads_ever + index, self.new_id(), self.new_id())
            for index in range(count)
        )
        self.campaign_of |= {lead.lead_id: campaign.id for lead in leads}
        if self._command(campaign, campaigns.ReviseLeads(added=count)):
            imported = LeadsImported(campaign_id=campaign.id, source="csv", leads=leads)
            self.record(streams.roster(campaign.id), imported)

    def remove_leads(self, number: int) -> None:
        campaign = self._campaign(number, "draft")
        if campaign is not None and (lead_ids := tuple(self.rosters[campaign.id])[number % 3 :: 3]):
            removed = LeadsRemoved(lead_ids=lead_ids)
            if self._command(campaign, campaigns.ReviseLeads(removed=len(lead_ids))):
                self.record(streams.roster(campaign.id), removed)

    def correct_leads(self, number: int) -> None:
        campaign = self._campaign(number, "draft")
        if campaign is not None and (lead_ids := tuple(self.rosters[campaign.id])[number % 2 :: 2]):
            corrected = tuple(CorrectedLead(lead_id, self.new_id(), self.new_id()) for lead_id in lead_ids)
            if self._command(campaign, campaigns.ReviseLeads(corrected=len(lead_ids))):
                self.record(streams.roster(campaign.id), LeadsCorrected(leads=corrected))

    def rename(self, number: int) -> None:
        campaign = _chosen(list(self.campaigns.values()), number)
        if campaign is not None:
            settings = SettingsChange(name=TextRef(self.new_id(), f"digest-{number}"))
            self._command(campaign, campaigns.Edit(change=settings))

    # --- Launching ---

    def launch(self, number: int) -> None:
        campaign = self._campaign(number, "draft")
        if campaign is None:
            return
        skipped = tuple(self.rosters[campaign.id])[: number % 3]
        total = len(self.rosters[campaign.id]) - len(skipped)
        if self._command(campaign, campaigns.Launch(total=total, skipped=len(skipped))) and skipped:
            leads = tuple(SkippedLead(lead_id, "suppressed") for lead_id in skipped)
            epoch = self.campaigns[campaign.id].epoch
            self.record(streams.roster(campaign.id), LeadsSkipped(epoch=epoch, leads=leads))

    def schedule(self, number: int) -> None:
        campaign = self._campaign(number, "draft")
        if campaign is not None:
            launch_at = self.now + timedelta(days=1)
            self._command(campaign, campaigns.ScheduleLaunch(launch_at=launch_at, now=self.now))

    def unschedule(self, number: int) -> None:
        campaign = self._campaign(number, "draft")
        if campaign is not None and campaign.launch_at is not None and number % 2:
            failed = campaigns.FailScheduledLaunch(launch_at=campaign.launch_at, code="no-pending-leads")
            self._command(campaign, failed)
        elif campaign is not None:
            self._command(campaign, campaigns.UnscheduleLaunch())

    def enrol(self, number: int) -> None:
        campaign = self._campaign(number, "launching")
        if campaign is None:
            return
        pending = [id for id, lead in self.rosters[campaign.id].items() if lead.status == "pending"]
        leads = tuple(
            EnrolledLead(lead_id, campaign.settings.sender_account_ids[0], campaign.nodes[0].id, self.now)
            for lead_id in pending[: 1 + number % 10]
        )
        self._command(campaign, campaigns.StartRun(epoch=campaign.epoch))
        self.record(streams.roster(campaign.id), LeadsEnrolled(epoch=campaign.epoch, leads=leads))

    def activate(self, number: int) -> None:
        campaign = self._campaign(number, "launching")
        if campaign is not None:
            self._command(campaign, campaigns.Activate(epoch=campaign.epoch, prepared=campaign.total or 0))

    def roll_back(self, number: int) -> None:
        campaign = self._campaign(number, "launching")
        if campaign is None:
            return
        accepted = campaign.attempts[-1].accepted_event
        for event in self._of_launch(campaign):
            lead_ids = tuple(lead.lead_id for lead in event.leads)
            withdrawn = LeadsWithdrawn(epoch=campaign.epoch, lead_ids=lead_ids, compensates=(accepted,))
            self.record(streams.roster(campaign.id), withdrawn)
        command = campaigns.RollBack(epoch=campaign.epoch, reason="dispatch-failed", compensates=(accepted,))
        self._command(campaign, command)

    def _of_launch(self, campaign: Campaign) -> list[LeadsEnrolled | LeadsSkipped]:
        """What the launch in progress did to leads: nothing else is undone with it."""
        roster = streams.roster(campaign.id)
        of_leads = [recorded.event for recorded in self.history if recorded.stream == roster]
        return [
            event
            for event in of_leads
            if isinstance(event, LeadsEnrolled | LeadsSkipped) and event.epoch == campaign.epoch
        ]

    # --- Running ---

    def send(self, number: int) -> None:
        campaign = self._campaign(number, "active")
        if campaign is None or not self.rosters[campaign.id]:
            return
        lead_id = list(self.rosters[campaign.id])[number % len(self.rosters[campaign.id])]
        nodes = [node for node in campaign.nodes if node.type != "end"]
        begin = lead_commands.BeginSend(
            campaign_id=campaign.id,
            send_id=self.new_id(),
            node_id=nodes[number % len(nodes)].id,
            sender_id=campaign.settings.sender_account_ids[0],
        )
        self.tell_lead(lead_id, begin)

    def conclude_send(self, number: int) -> None:
        leads = {lead_id: lead for roster in self.rosters.values() for lead_id, lead in roster.items()}
        lead_id = _chosen([lead_id for lead_id, lead in leads.items() if lead.open_send], number)
        if lead_id is None or (opened := leads[lead_id].open_send) is None:
            return
        following = (
            lead_commands.NextAction(self.new_id(), self.now + timedelta(days=1)) if number % 2 else None
        )
        outcomes: list[lead_commands.Outcome] = [
            lead_commands.RecordAccepted(send_id=opened.send_id, code=250, next_action=following),
            lead_commands.RecordAccepted(send_id=opened.send_id, code=250, next_action=following),
            lead_commands.RecordDeferred(send_id=opened.send_id, code=451, now=self.now),
            lead_commands.RecordRefused(send_id=opened.send_id, code=550, evidence=self.new_id()),
            lead_commands.RecordFailed(send_id=opened.send_id, reason="erased"),
            lead_commands.RecordLost(send_id=opened.send_id, reason="worker-lost", now=self.now),
        ]
        self.tell_lead(lead_id, outcomes[number % len(outcomes)])

    def reply(self, number: int) -> None:
        lead_id = _chosen(list(self.campaign_of), number)
        if lead_id is not None and lead_id in self.rosters[self.campaign_of[lead_id]]:
            self.tell_lead(lead_id, lead_commands.RecordReply(stops=bool(number % 2)))

    def unsubscribe(self, number: int) -> None:
        lead_id = _chosen(list(self.campaign_of), number)
        if lead_id is not None and (lead := self.rosters[self.campaign_of[lead_id]].get(lead_id)):
            self._end(lead_id, lead_commands.Unsubscribe())
            assert lead.person_id is not None
            suppressed = PersonSuppressed(person_id=lead.person_id, reason="unsubscribed")
            self.record(streams.suppressions(self.workspace_id), suppressed)

    def suppress(self, number: int) -> None:
        campaign = self._campaign(number, "active")
        lead_id = _chosen(list(self.rosters[campaign.id]), number) if campaign else None
        if campaign is not None and lead_id is not None:
            person_id = self.rosters[campaign.id][lead_id].person_id
            assert person_id is not None
            self.tell_lead(lead_id, lead_commands.Suppress())
            entered = PersonSuppressed(person_id=person_id, reason="manual", document_id=self.new_id())
            self.record(streams.suppressions(self.workspace_id), entered)
            self.suppressed.append(person_id)

    def erase(self, number: int) -> None:
        lead_id = _chosen(list(self.campaign_of), number)
        if lead_id is not None and (lead := self.rosters[self.campaign_of[lead_id]].get(lead_id)):
            self._end(lead_id, lead_commands.Suppress())
            assert lead.person_id is not None
            erased = PersonErased(person_id=lead.person_id, channel="email")
            self.record(streams.suppressions(self.workspace_id), erased)

    def _end(self, lead_id: UUID, command: lead_commands.Unsubscribe | lead_commands.Suppress) -> None:
        """End the lead. One of a draft or of a launch in progress has nothing due yet: it is left to the claims."""
        if self.campaigns[self.campaign_of[lead_id]].status not in ("draft", "launching"):
            self.tell_lead(lead_id, command)

    def lift(self, number: int) -> None:
        person_id = _chosen(self.suppressed, number)
        if person_id is not None:
            lifted = SuppressionLifted(person_id=person_id, reasons=("manual",))
            self.record(streams.suppressions(self.workspace_id), lifted)

    def pause(self, number: int) -> None:
        if campaign := self._campaign(number, "active"):
            self._command(campaign, campaigns.Pause())

    def resume(self, number: int) -> None:
        if campaign := self._campaign(number, "paused"):
            self._command(campaign, campaigns.Resume(something_left=bool(number % 2)))

    def stop(self, number: int) -> None:
        campaign = self._campaign(number, "active")
        if campaign is None:
            return
        self._command(campaign, campaigns.Stop())
        lead_ids = tuple(id for id, lead in self.rosters[campaign.id].items() if not lead.is_terminal)
        if lead_ids:
            self.record(streams.roster(campaign.id), LeadsCancelled(lead_ids=lead_ids))

    def put_away(self, number: int) -> None:
        if campaign := self._campaign(number, "stopped"):
            self._command(campaign, campaigns.Archive())
        elif (campaign := self._campaign(number, "draft")) and number % 5 == 0:
            self._command(campaign, campaigns.Delete())

    def _campaign(self, number: int, status: str) -> Campaign | None:
        found = [
            campaign
            for campaign in self.campaigns.values()
            if campaign.status == status and not campaign.deleted
        ]
        return _chosen(found, number)

    def _command(self, campaign: Campaign, command: campaigns.Command) -> bool:
        try:
            events = self.rules.decide_campaign(self.campaigns[campaign.id], command)
        except Refusal:
            return False
        self.record(streams.campaign(campaign.id), *events)
        return True

    def tell_lead(self, lead_id: UUID, command: lead_commands.Command) -> None:
        lead = self.rosters[self.campaign_of[lead_id]][lead_id]
        try:
            events = self.rules.decide_lead(lead, command)
        except Refusal:
            return
        self.record(streams.lead(lead_id), *events)


def _chosen(things: Sequence[T], number: int) -> T | None:
    return things[number % len(things)] if things else None

"""A deployment without a service: campaigns of the pure domain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from uuid import UUID

from domain.campaign.decide import (
    Activate,
    Archive,
    Command,
    Complete,
    Delete,
    Launch,
    Pause,
    Resume,
    ReviseLeads,
    StartRun,
    Stop,
)
from domain.campaign.state import Campaign
from domain.identity import normalise
from domain.lead.decide import Suppress
from domain.lead.events import Cancelled, EnrolledLead, ImportedLead, SkippedLead
from domain.lead.state import NEWBORN, Lead
from domain.refusal import Refusal
from tests.kit import campaigns
from tests.kit.deployment import Seen, Wish
from tests.kit.rules import DOMAIN, Rules


class InMemory:
    """Campaigns of the pure domain; what workers do is done at once."""

    def __init__(self, rules: Rules = DOMAIN) -> None:
        self._rules = rules
        self._campaigns: dict[str, Campaign] = {}
        self._leads: dict[str, dict[str, Lead]] = {}
        self._suppressed: set[str] = set()

    def draft(self) -> str:
        campaign_id = str(len(self._campaigns))
        self._campaigns[campaign_id] = campaigns.born(self._rules)
        self._leads[campaign_id] = {}
        return campaign_id

    def join(self, campaign_id: str, addresses: Sequence[str]) -> int | None:
        leads = self._leads[campaign_id]
        people = dict.fromkeys(normalise("email", address) for address in addresses)
        newcomers = [person for person in people if person not in leads]
        if not self._do(campaign_id, ReviseLeads(added=len(newcomers))):
            return None
        for person in newcomers:
            imported = ImportedLead(UUID(int=1), len(leads), UUID(int=1), UUID(int=1))
            leads[person] = self._rules.evolve_lead(NEWBORN, imported, campaigns.START)
        return len(newcomers)

    def wish(self, campaign_id: str, wish: Wish) -> bool:
        if wish == "launch":
            return self._launch(campaign_id)
        granted = self._do(campaign_id, self._command(campaign_id, wish))
        if granted and wish == "stop":
            for person, lead in self._leads[campaign_id].items():
                if not lead.is_terminal:
                    self._leads[campaign_id][person] = self._rules.evolve_lead(
                        lead, Cancelled(), campaigns.START
                    )
        return granted

    def suppress(self, address: str) -> None:
        person = normalise("email", address)
        self._suppressed.add(person)
        for campaign_id, leads in self._leads.items():
            if person in leads and self._campaigns[campaign_id].status in ("active", "paused"):
                for fact in self._rules.decide_lead(leads[person], Suppress()):
                    leads[person] = self._rules.evolve_lead(leads[person], fact, campaigns.START)
                self._do(campaign_id, Complete(something_left=self._something_left(campaign_id)))

    def look(self, campaign_id: str) -> Seen | None:
        campaign = self._campaigns[campaign_id]
        statuses = Counter[str](lead.status for lead in self._leads[campaign_id].values())
        return (
            None
            if campaign.deleted
            else Seen(campaign.status, statuses, campaign.version, campaign.launched_at is not None)
        )

    def close(self) -> None:
        return

    def _launch(self, campaign_id: str) -> bool:
        leads = self._leads[campaign_id]
        skipped = [person for person in leads if person in self._suppressed]
        launch = Launch(total=len(leads) - len(skipped), skipped=len(skipped))
        if not leads or not self._do(campaign_id, launch):
            return False
        epoch = self._campaigns[campaign_id].epoch
        self._do(campaign_id, StartRun(epoch=epoch))
        for person, lead in leads.items():
            fact = (
                SkippedLead(UUID(int=1), "suppressed")
                if person in skipped
                else EnrolledLead(UUID(int=1), campaigns.SENDERS[0], UUID(int=20), campaigns.START)
            )
            leads[person] = self._rules.evolve_lead(lead, fact, campaigns.START)
        return self._do(campaign_id, Activate(epoch=epoch, prepared=launch.total))

    def _command(self, campaign_id: str, wish: Wish) -> Command:
        plain: Mapping[Wish, Command] = {
            "pause": Pause(),
            "resume": Resume(something_left=self._something_left(campaign_id)),
            "stop": Stop(),
            "archive": Archive(),
            "delete": Delete(),
        }
        return plain[wish]

    def _something_left(self, campaign_id: str) -> bool:
        return any(not lead.is_terminal for lead in self._leads[campaign_id].values())

    def _do(self, campaign_id: str, command: Command) -> bool:
        campaign = self._campaigns[campaign_id]
        try:
            decided = self._rules.decide_campaign(campaign, command)
        except Refusal:
            return False
        after = campaigns.folded(campaigns.record(decided, campaign.version), campaign, self._rules)
        self._campaigns[campaign_id] = after
        return True

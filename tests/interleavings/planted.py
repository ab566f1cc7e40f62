"""Houses with one safeguard left out, and the promise that each of them breaks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

from msgspec.structs import replace

from domain.campaign.state import Campaign
from domain.event import Event
from domain.lead.decide import BeginSend
from domain.lead.decide import Command as LeadCommand
from domain.lead.state import Lead
from tests.interleavings.house import House, held, planned
from tests.interleavings.state import Budget, Due, Progress, Scope, Sending, State
from tests.kit.campaigns import SENDERS
from tests.kit.rules import DOMAIN


class WithoutEpochCheck(House):
    """The log takes writes of any run, and a run finds the row of its successor."""

    def admits(self, state: State, epoch: int) -> bool:
        return True

    def progress_of(self, state: State, epoch: int) -> Progress | None:
        return state.progress


class WithoutIntent(House):
    """The provider is called first, and the intent is committed with the outcome."""

    def claim(self, state: State, index: int, lead: int, due: Due) -> State:
        send_id = UUID(int=1000 + 100 * lead)
        taken = planned(state, lead, Due(due.node_id, send_id))
        return held(taken, index, Sending(lead, send_id, due.node_id))

    def records(self, state: State, index: int, send: Sending) -> State:
        begin = BeginSend(
            campaign_id=state.campaign.id, send_id=send.send_id, node_id=send.node_id, sender_id=SENDERS[0]
        )
        return super().records(self.tell(state, send.lead, begin) or state, index, send)

    def settle(self, state: State, lead: int, send_id: UUID) -> State:
        due = state.due[lead]
        assert due is not None
        return planned(state, lead, Due(due.node_id))  # nothing says that it was sent


def _decided_as_read(lead: Lead, command: LeadCommand) -> tuple[Event, ...]:
    before = replace(lead, open_send=None) if isinstance(command, BeginSend) else lead
    return DOMAIN.decide_lead(before, command)


class WithoutLock(House):
    """Two workers read the same due row and the same lead; neither row lock nor expected version parts them."""

    rules = replace(DOMAIN, decide_lead=_decided_as_read)

    def may_take(self, due: Due) -> bool:
        return True


class RetriesWhatIsLost(House):
    """A send without an outcome is simply tried again."""

    def settle(self, state: State, lead: int, send_id: UUID) -> State:
        due, known = state.due[lead], state.leads[lead]
        assert due is not None
        assert known.open_send is not None
        again = replace(known, open_send=replace(known.open_send, deferred=True))
        leads = (*state.leads[:lead], again, *state.leads[lead + 1 :])
        return planned(replace(state, leads=leads), lead, Due(due.node_id))


class LaunchesWithoutSwap(House):
    """A launch is written on whatever the campaign is by then."""

    def as_of(self, state: State, read: Campaign) -> Campaign:
        return replace(read, version=state.campaign.version)


class ForgetsTheDueRows(House):
    """A rollback takes the launch back, and leaves what it has planned."""

    def undo(self, state: State) -> State:
        return replace(super().undo(state), due=state.due)


class ForgetsWhatFollows(House):
    """An outcome is recorded, and the next step not planned."""

    def followed(self, events: Sequence[Event], node_id: UUID) -> Due | None:
        return None


class Planted(NamedTuple):
    """A house with a bug, the scope in which it shows, and the promise it breaks."""

    house: House
    scope: Scope
    breaks: str


_CRASH: Final = Scope(budget=Budget(crashes=1))
_SUSPICION: Final = Scope(budget=Budget(suspicions=1))
_QUIET: Final = Scope(budget=Budget())

PLANTED: Final = (
    Planted(WithoutEpochCheck(), _SUSPICION, "both able to write"),
    Planted(WithoutIntent(), _QUIET, "a mail left the house of which the log knows nothing"),
    Planted(WithoutLock(), _QUIET, "a step was sent twice to a lead"),
    Planted(RetriesWhatIsLost(), _CRASH, "a step was sent twice to a lead"),
    Planted(LaunchesWithoutSwap(), _QUIET, "a lead was enrolled twice by one launch"),
    Planted(ForgetsTheDueRows(), _SUSPICION, "a draft has something planned"),
    Planted(ForgetsWhatFollows(), Scope(mails=2, budget=Budget()), "nothing is due"),
)

"""Near-legal histories: one that can be, with one defect. What holds of histories must notice each of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, TypeAlias, TypeVar
from uuid import UUID

from hypothesis import strategies as st
from msgspec.structs import replace

from domain import streams
from domain.campaign.events import CampaignActivated, CampaignPaused, CampaignResumed
from domain.campaign.state import fold
from domain.event import Event, Recorded
from domain.lead.events import LeadsImported, LeadsRemoved, SendAccepted, SendIntended
from tests.kit.histories import OPENING, live, lives
from tests.kit.world import World

T = TypeVar("T")

History: TypeAlias = list[Recorded]
Defect: TypeAlias = Callable[[History, int], History | None]
"""Makes the defect somewhere, chosen by a number; None where the history has no place for it."""


class NearLegal(NamedTuple):
    """A history with the name of its one defect."""

    defect: str
    history: History


def an_event_is_missing(history: History, number: int) -> History | None:
    """A stream goes on, but one event is not there."""
    latest = {recorded.stream: recorded.position for recorded in history}
    inner = [recorded for recorded in history if recorded.position != latest[recorded.stream]]
    missing = _chosen(inner, number) if inner else None
    return [recorded for recorded in history if recorded is not missing] if missing else None


def an_event_is_told_twice(history: History, number: int) -> History | None:
    """The same event stands there again, at the end."""
    return [*history, replace(_chosen(history, number), position=len(history) + 1)] if history else None


def two_events_change_places(history: History, number: int) -> History | None:
    """Of two events of a stream the later one stands first."""
    pairs = [
        (at, later)
        for at, one in enumerate(history)
        for later in range(at + 1, len(history))
        if history[later].stream == one.stream and history[later].version == one.version + 1
    ]
    if not pairs:
        return None
    at, later = _chosen(pairs, number)
    swapped = list(history)
    swapped[at] = replace(history[later], position=history[at].position)
    swapped[later] = replace(history[at], position=history[later].position)
    return swapped


def a_campaign_pauses_twice_or_resumes_unpaused(history: History, number: int) -> History | None:
    """A trigger is pulled that the status does not have."""
    campaigns = _streams(history, streams.CAMPAIGN)
    if not campaigns:
        return None
    stream = _chosen(campaigns, number)
    is_paused = _status(history, stream) == "paused"
    return _with(history, stream, CampaignPaused(reason="requested") if is_paused else CampaignResumed())


def an_older_run_writes(history: History, number: int) -> History | None:
    """A run of a launch attempt that is over makes the campaign active."""
    campaigns, activated = _streams(history, streams.CAMPAIGN), CampaignActivated(epoch=0, prepared=1)
    return _with(history, _chosen(campaigns, number), activated) if campaigns else None


def an_outcome_has_no_intent(history: History, number: int) -> History | None:
    """A provider took something over that nobody had committed to."""
    leads, accepted = _streams(history, streams.LEAD), SendAccepted(send_id=_NOBODYS, code=250)
    return _with(history, _chosen(leads, number), accepted) if leads else None


def a_step_is_sent_again(history: History, number: int) -> History | None:
    """A lead gets what it was sent before."""
    intents = {
        recorded.event.send_id: recorded for recorded in history if isinstance(recorded.event, SendIntended)
    }
    taken = [
        intents[recorded.event.send_id] for recorded in history if isinstance(recorded.event, SendAccepted)
    ]
    if not taken:
        return None
    before = _chosen(taken, number)
    assert isinstance(before.event, SendIntended)
    return _with(history, before.stream, replace(before.event, send_id=_NOBODYS, attempt=1))


def a_lead_is_imported_twice(history: History, number: int) -> History | None:
    """A lead joins a campaign that it is in."""
    imports = [recorded for recorded in history if isinstance(recorded.event, LeadsImported)]
    before = _chosen(imports, number) if imports else None
    return _with(history, before.stream, before.event) if before else None


def a_stranger_is_removed(history: History, number: int) -> History | None:
    """A lead leaves that never came."""
    rosters, removed = _streams(history, streams.ROSTER), LeadsRemoved(lead_ids=(_NOBODYS,))
    return _with(history, _chosen(rosters, number), removed) if rosters else None


DEFECTS: Final[tuple[Defect, ...]] = (
    an_event_is_missing,
    an_event_is_told_twice,
    two_events_change_places,
    a_campaign_pauses_twice_or_resumes_unpaused,
    an_older_run_writes,
    an_outcome_has_no_intent,
    a_step_is_sent_again,
    a_lead_is_imported_twice,
    a_stranger_is_removed,
)
_NOBODYS: Final = UUID(int=0)
_SENT: Final = [*((action, 4) for action in OPENING), (World.send, 4), (World.conclude_send, 0)]


@st.composite
def near_legal(draw: st.DrawFn, defects: Sequence[Defect] = DEFECTS) -> NearLegal:
    """Histories with one defect. In each of them a mail was sent, so there is a place for any defect."""
    history = live([*_SENT, *draw(lives)]).history
    defect = draw(st.sampled_from(defects))
    spoilt = defect(history, draw(st.integers(0, 1000)))
    assert spoilt is not None
    return NearLegal(defect.__name__.replace("_", " "), spoilt)


def _streams(history: History, kind: str) -> list[str]:
    """The streams of a kind, in order of their beginning."""
    return list(dict.fromkeys(recorded.stream for recorded in history if recorded.stream.startswith(kind)))


def _status(history: History, stream: str) -> str | None:
    campaign = fold(recorded for recorded in history if recorded.stream == stream)
    return campaign.status if campaign else None


def _with(history: History, stream: str, event: Event) -> History:
    """The history with one more event at the end of a stream."""
    *_, latest = (recorded for recorded in history if recorded.stream == stream)
    return [*history, replace(latest, position=len(history) + 1, version=latest.version + 1, event=event)]


def _chosen(things: Sequence[T], number: int) -> T:
    return things[number % len(things)]

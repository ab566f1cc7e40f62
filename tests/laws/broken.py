"""For every law a part of the program that breaks it, wrong in one place: under each, the law's check must fail."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from msgspec.structs import replace

from domain.campaign import decide as campaign
from domain.campaign.events import (
    CampaignArchived,
    CampaignResumed,
    LaunchAccepted,
    LaunchRolledBack,
    SettingsChanged,
)
from domain.campaign.state import Campaign
from domain.event import Event, Recorded, Upcaster
from domain.identity import normalise
from domain.lead import decide as lead
from domain.lead.events import Cancelled, Fact
from domain.lead.state import Lead
from domain.schedule import OperatingHours, Planned, SenderPace, plan
from domain.sequence import Channel
from domain.templating import Template, parse, render
from domain.upcasters import UPCASTERS
from projections.leads import LEADS
from service.composition import EVENTS
from service.leads.rows import Prospect
from service.store.codec import Codec
from tests.kit.rules import DOMAIN
from tests.laws.writing import TEMPLATING

# --- Campaigns -------------------------------------------------------------------------------------------------------


def _sends_from_the_archive(before: Campaign | None, recorded: Recorded) -> Campaign | None:
    after = DOMAIN.evolve_campaign(before, recorded)
    return (
        replace(after, status="active") if after and isinstance(recorded.event, CampaignArchived) else after
    )


def _launches_at_any_time(before: Campaign, command: campaign.Command) -> tuple[Event, ...]:
    if isinstance(command, campaign.Launch) and not before.deleted:
        epoch, total = before.epoch + 1, command.total
        return (LaunchAccepted(epoch=epoch, total=total, skipped=command.skipped),)
    return DOMAIN.decide_campaign(before, command)


def _launches_from_anywhere(before: Campaign | None, recorded: Recorded) -> Campaign | None:
    after = DOMAIN.evolve_campaign(before, recorded)
    return (
        replace(after, status="launching") if after and isinstance(recorded.event, LaunchAccepted) else after
    )


def _numbers_every_attempt_2(before: Campaign, command: campaign.Command) -> tuple[Event, ...]:
    events = DOMAIN.decide_campaign(before, command)
    return tuple(replace(each, epoch=2) if isinstance(each, LaunchAccepted) else each for each in events)


def _counts_its_folds(before: Campaign | None, recorded: Recorded) -> Campaign | None:
    """State that depends on more than the history."""
    after = DOMAIN.evolve_campaign(before, recorded)
    return replace(after, leads_ever=next(_folds)) if after else after


_folds: Final = itertools.count()


def _folds_only_what_it_expects(before: Campaign | None, recorded: Recorded) -> Campaign | None:
    after = DOMAIN.evolve_campaign(before, recorded)
    if isinstance(recorded.event, CampaignResumed) and before and before.status != "paused":
        raise ValueError("it was not paused")
    return after


def _tells_what_is_known(before: Campaign, command: campaign.Command) -> tuple[Event, ...]:
    events = DOMAIN.decide_campaign(before, command)
    return (SettingsChanged(change=command.change),) if isinstance(command, campaign.Edit) else events


def _keeps_the_total(before: Campaign | None, recorded: Recorded) -> Campaign | None:
    after = DOMAIN.evolve_campaign(before, recorded)
    undone = isinstance(recorded.event, LaunchRolledBack) and before and after
    return replace(after, total=before.total) if undone and before and after else after


# --- Leads -----------------------------------------------------------------------------------------------------------


def _cancelled_is_not_final(before: Lead, fact: Fact, at: datetime) -> Lead:
    after = DOMAIN.evolve_lead(before, fact, at)
    return replace(after, status="sent") if before.status == "cancelled" else after


def _sends_steps_again(before: Lead, command: lead.Command) -> tuple[Event, ...]:
    return DOMAIN.decide_lead(replace(before, sent_nodes=()), command)


def _hears_replies_again(before: Lead, command: lead.Command) -> tuple[Event, ...]:
    return DOMAIN.decide_lead(replace(before, replied_at=None), command)


def _forgets_what_is_in_flight(before: Lead, fact: Fact, at: datetime) -> Lead:
    after = DOMAIN.evolve_lead(before, fact, at)
    return replace(after, open_send=None) if isinstance(fact, Cancelled) else after


def _a_stop_cancels_nobody(before: Lead, fact: Fact, at: datetime) -> Lead:
    return before if isinstance(fact, Cancelled) else DOMAIN.evolve_lead(before, fact, at)


def _counts_one_more(before: Campaign, command: campaign.Command) -> tuple[Event, ...]:
    events = DOMAIN.decide_campaign(before, command)
    return tuple(
        replace(each, total=each.total + 1) if isinstance(each, LaunchAccepted) else each for each in events
    )


# --- Read models, bytes ----------------------------------------------------------------------------------------------


def _contacts_nobody(key: Any, tracked: Any) -> Iterator[Any]:
    terms = LEADS.sums[0].terms(key, tracked)
    return (term for term in terms if term[2:] != ("milestone", "contacted"))


class _ForgetfulCodec(Codec):
    def decode(self, type_: str, schema: int, payload: str | bytes) -> Event:
        event = super().decode(type_, schema, payload)
        return replace(event, evidence=None) if "evidence" in event.__struct_fields__ else event


def _as_message(payload: dict[str, Any]) -> dict[str, Any]:
    return {"action": "message", **payload}


# --- Plans, texts, people --------------------------------------------------------------------------------------------


def _one_more_each_day(
    starts_at: datetime, hours: OperatingHours | None, paces: list[SenderPace], count: int, limit: int | None
) -> Iterator[Planned]:
    return plan(starts_at, hours, paces, count, limit + 1 if limit else limit)


def _without_rest(
    starts_at: datetime, hours: OperatingHours | None, paces: list[SenderPace], count: int, limit: int | None
) -> Iterator[Planned]:
    restless = [replace(pace, gap=timedelta()) for pace in paces]
    return plan(starts_at, hours, restless, count, limit)


def _around_the_clock(
    starts_at: datetime, hours: OperatingHours | None, paces: list[SenderPace], count: int, limit: int | None
) -> Iterator[Planned]:
    return plan(starts_at, None, paces, count, limit)


def _fills_in_until_nothing_is_left(template: Template, values: Mapping[str, str]) -> str:
    text = render(template, values)
    return render(parse(text), values) if "{{" in text else text


def _balanced_only(text: str) -> Template:
    if text.count("{") != text.count("}"):
        raise ValueError("a brace is missing")
    return parse(text)


def _encodes_what_is_encoded(channel: Channel, text: str) -> str:
    return quote(normalise(channel, text), safe=":/@")


def _but_the_last_of_each(prospects: Iterable[Prospect]) -> list[Prospect]:
    return list({prospect.person_id: prospect for prospect in reversed(list(prospects))}.values())


def _next_to_each_other_only(prospects: Iterable[Prospect]) -> list[Prospect]:
    return [next(group) for _, group in itertools.groupby(prospects, key=lambda prospect: prospect.person_id)]


# --- The table -------------------------------------------------------------------------------------------------------

BROKEN: Final[Mapping[str, tuple[Any, ...]]] = {
    "a campaign makes legal transitions only": (
        replace(DOMAIN, evolve_campaign=_sends_from_the_archive),
        replace(DOMAIN, decide_campaign=_launches_at_any_time, evolve_campaign=_launches_from_anywhere),
    ),
    "a lead makes legal transitions only": (replace(DOMAIN, evolve_lead=_cancelled_is_not_final),),
    "whatever is decided, the history can be": (
        replace(DOMAIN, decide_lead=_sends_steps_again),
        replace(DOMAIN, decide_campaign=_numbers_every_attempt_2),
        replace(DOMAIN, decide_campaign=_counts_one_more),
    ),
    "launch attempts are numbered and one at a time": (
        replace(DOMAIN, decide_campaign=_numbers_every_attempt_2),
        replace(DOMAIN, decide_campaign=_launches_at_any_time),
    ),
    "what was decided folds to its state": (replace(DOMAIN, evolve_campaign=_counts_its_folds),),
    "a fold never raises": (replace(DOMAIN, evolve_campaign=_folds_only_what_it_expects),),
    "a command that changes nothing emits nothing": (replace(DOMAIN, decide_campaign=_tells_what_is_known),),
    "an edit twice is an edit once": (replace(DOMAIN, decide_campaign=_tells_what_is_known),),
    "news of a lead twice is no news": (replace(DOMAIN, decide_lead=_hears_replies_again),),
    "a rollback after a launch leaves all but history and version": (
        replace(DOMAIN, evolve_campaign=_keeps_the_total),
    ),
    "every counter is what is counted by hand": (
        replace(LEADS, sums=(replace(LEADS.sums[0], terms=_contacts_nobody),)),
    ),
    "the leads of a launch add up to its total and skips": (
        replace(DOMAIN, decide_campaign=_counts_one_more),
    ),
    "pause, resume and stop at any point conserve leads": (
        replace(DOMAIN, evolve_lead=_forgets_what_is_in_flight),
        replace(DOMAIN, evolve_lead=_a_stop_cancels_nobody),
    ),
    "an event comes back from its bytes, to the same bytes": (_ForgetfulCodec(EVENTS, UPCASTERS),),
    "upcast, then folded, is folded as it was": (
        tuple(Upcaster(each.type, each.from_version, _as_message) for each in UPCASTERS),
    ),
    "a plan keeps every limit at once": (_one_more_each_day, _without_rest, _around_the_clock),
    "any text renders unless a value is lacking": (replace(TEMPLATING, parse=_balanced_only),),
    "no value becomes part of a template": (replace(TEMPLATING, render=_fills_in_until_nothing_is_left),),
    "an identity normalised twice is normalised once": (_encodes_what_is_encoded,),
    "each person joins once, in whatever order and however often they come": (
        _but_the_last_of_each,
        _next_to_each_other_only,
    ),
}
"""Law → what breaks it."""

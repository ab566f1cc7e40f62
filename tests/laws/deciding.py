"""Laws of deciding and folding: campaigns and leads move only as they may, and nothing is told that is no news."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from domain.campaign.decide import Launch, RollBack, StartRun
from domain.campaign.events import (
    DraftsRevised,
    LeadListRevised,
    RollbackReason,
    RunStarted,
    ScheduledLaunchFailed,
    StaleWriteRefused,
)
from domain.campaign.state import Campaign
from domain.event import Event, Recorded
from domain.lead.events import Fact
from domain.lead.state import NEWBORN
from tests.kit import campaigns, events, histories, leads, model
from tests.kit.judge import faults
from tests.kit.rules import DOMAIN, Rules
from tests.laws.law import Law

# --- Only legal transitions ------------------------------------------------------------------------------------------


def _moves(rules: Rules, life: campaigns.Life) -> Iterator[tuple[Campaign, Recorded, Campaign]]:
    """Each event of a campaign's life, with the campaign before and after it."""
    for step in campaigns.live(life, rules):
        campaign = step.before
        for recorded in step.decided:
            after = campaigns.folded([recorded], campaign, rules)
            yield campaign, recorded, after
            campaign = after


def _campaign_moves_legally(rules: Rules, life: campaigns.Life) -> None:
    for before, recorded, after in _moves(rules, life):
        assert model.leads_to(model.CAMPAIGN, before.status, after.status), (before.status, recorded)


def _lead_moves_legally(rules: Rules, life: leads.Life) -> None:
    for step in leads.live(life, rules):
        lead = step.before
        for fact in step.facts:
            after = leads.folded((fact,), lead, rules)
            assert model.leads_to(model.LEAD, lead.status, after.status), (lead.status, fact)
            lead = after


def _history_is_legal(rules: Rules, life: histories.Life) -> None:
    assert faults(histories.live(life, rules).history) == []


def _attempts_are_numbered(rules: Rules, life: campaigns.Life) -> None:
    for step in campaigns.live(life, rules):
        campaign = step.after
        assert [attempt.epoch for attempt in campaign.attempts] == list(range(1, campaign.epoch + 1))
        unfinished = [each.epoch for each in campaign.attempts if each.status in ("queued", "running")]
        assert unfinished == ([campaign.epoch] if campaign.status == "launching" else [])


# --- Folds never raise -----------------------------------------------------------------------------------------------


class Anything(Struct, frozen=True):
    """Any facts in any order, whether or not they can have happened."""

    events: list[Event]
    facts: list[Fact]


anything = st.builds(
    Anything,
    st.lists(events.any_event(), max_size=8),
    st.lists(leads.of_the_campaign | events.any_event(), max_size=8),
)


def _campaign_folds_what_was_decided(rules: Rules, life: campaigns.Life) -> None:
    history = campaigns.record((), 0)
    campaign = campaigns.born(rules)
    for step in campaigns.live(life, rules):
        history, campaign = (*history, *step.decided), step.after
    assert campaigns.folded(history, campaigns.born(rules), rules) == campaign


def _folds_are_total(rules: Rules, case: Anything) -> None:
    campaigns.folded(campaigns.record(case.events, 1), campaigns.born(rules), rules)
    leads.folded(tuple(case.facts), NEWBORN, rules)


# --- No news, no events ----------------------------------------------------------------------------------------------

_KEPT_FOR_THE_RECORD: Final = (
    LeadListRevised,
    DraftsRevised,
    RunStarted,
    ScheduledLaunchFailed,
    StaleWriteRefused,
)
"""These may leave the campaign as it was: what else there is to know of them, other streams and rows tell."""


def _news_only(rules: Rules, life: campaigns.Life) -> None:
    for before, recorded, after in _moves(rules, life):
        is_news = _but_for_history(after, before) != before
        assert is_news or isinstance(recorded.event, _KEPT_FOR_THE_RECORD), recorded


def _twice_is_once(rules: Rules, case: tuple[campaigns.Life, Any]) -> None:
    life, edit = case
    edited = campaigns.last([*life, edit], rules)
    assert campaigns.told(edited, edit, rules) == ()


def _heard_twice_is_heard_once(rules: Rules, case: tuple[leads.Life, Any]) -> None:
    life, news = case
    lead = NEWBORN
    for step in leads.live([*life, leads.Asked(news, aimed=False)], rules):
        lead = step.after
    assert leads.told(lead, leads.Asked(news, aimed=False), rules) == ()


def _but_for_history(campaign: Campaign, as_of: Campaign) -> Campaign:
    return replace(campaign, version=as_of.version, updated_at=as_of.updated_at)


# --- Rollback ∘ launch -----------------------------------------------------------------------------------------------


def _rollback_undoes(rules: Rules, case: tuple[campaigns.Life, RollbackReason]) -> None:
    life, reason = case
    before = campaigns.last(life, rules)
    epoch = before.epoch + 1
    undone = before
    for command in (
        Launch(total=2, skipped=1),
        StartRun(epoch=epoch),
        RollBack(epoch=epoch, reason=reason, compensates=()),
    ):
        undone = campaigns.folded(campaigns.told(undone, command, rules), undone, rules)
    assert undone.attempts[: len(before.attempts)] == before.attempts
    untouched = replace(_but_for_history(undone, before), attempts=before.attempts)
    was_launched = before.status == "draft" and not before.deleted
    # A launch uses the schedule of its draft up.
    assert untouched == (replace(before, launch_at=None) if was_launched else before)
    assert len(undone.attempts) - len(before.attempts) == was_launched


LAWS: Final[tuple[Law[Rules, Any], ...]] = (
    Law("a campaign makes legal transitions only", DOMAIN, campaigns.lives, _campaign_moves_legally),
    Law("a lead makes legal transitions only", DOMAIN, leads.lives, _lead_moves_legally),
    Law("whatever is decided, the history can be", DOMAIN, histories.lives, _history_is_legal),
    Law("launch attempts are numbered and one at a time", DOMAIN, campaigns.lives, _attempts_are_numbered),
    Law("what was decided folds to its state", DOMAIN, campaigns.lives, _campaign_folds_what_was_decided),
    Law("a fold never raises", DOMAIN, anything, _folds_are_total),
    Law("a command that changes nothing emits nothing", DOMAIN, campaigns.lives, _news_only),
    Law("an edit twice is an edit once", DOMAIN, st.tuples(campaigns.lives, campaigns.edits), _twice_is_once),
    Law(
        "news of a lead twice is no news",
        DOMAIN,
        st.tuples(leads.lives, leads.news),
        _heard_twice_is_heard_once,
    ),
    Law(
        "a rollback after a launch leaves all but history and version",
        DOMAIN,
        st.tuples(campaigns.lives, campaigns.reasons),
        _rollback_undoes,
    ),
)

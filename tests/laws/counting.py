"""Laws of counting: what is counted is what happened, and whoever pauses, resumes or stops loses nobody."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from hypothesis import strategies as st
from msgspec import Struct

from domain.event import Recorded
from domain.lead.events import LeadReplied, Removed, SendAccepted, facts
from domain.lead.state import NEWBORN, Lead, evolve
from projections.catalogue import AnyProjection
from projections.leads import LEADS, MILESTONES
from tests.kit import histories
from tests.kit.histories import Action
from tests.kit.rules import DOMAIN, Rules
from tests.kit.world import World
from tests.laws.law import Law
from tests.projections.tables import folded

# --- Stats are folds -------------------------------------------------------------------------------------------------


def _counters_are_reckoned_by_hand(projection: AnyProjection, life: histories.Life) -> None:
    world = histories.live(life)
    counted: dict[tuple[str, str], int] = Counter()
    for (_, _, kind, key), n in folded(projection, world.history).sums["campaign_counts"].items():
        if kind in ("status", "milestone"):
            counted[str(kind), str(key)] += n
    assert counted == _reckoned(world.history)


def _reckoned(history: Iterable[Recorded]) -> Counter[tuple[str, str]]:
    """How many leads have each status, and how many ever reached each milestone, lead by lead."""
    leads: dict[UUID, Lead] = {}
    reached: dict[UUID, set[str]] = defaultdict(set)
    for recorded in history:
        for lead_id, fact in facts(recorded):
            if isinstance(fact, Removed):
                del leads[lead_id], reached[lead_id]
                continue
            leads[lead_id] = evolve(leads.get(lead_id, NEWBORN), fact, recorded.recorded_at)
            reached[lead_id] |= {leads[lead_id].status} & set(MILESTONES)
            reached[lead_id] |= {"sent", "contacted"} if isinstance(fact, SendAccepted) else set()
            reached[lead_id] |= {"replied"} if isinstance(fact, LeadReplied) else set()
    statuses = Counter(("status", lead.status) for lead in leads.values())
    return statuses + Counter(("milestone", name) for names in reached.values() for name in names)


def _statuses_add_up(rules: Rules, life: histories.Life) -> None:
    _assert_sums(histories.live(life, rules))


def _assert_sums(world: World) -> None:
    for campaign in world.campaigns.values():
        if campaign.total is not None:
            assert len(world.rosters[campaign.id]) == campaign.total + campaign.skipped


# --- Nobody is lost --------------------------------------------------------------------------------------------------


class Meddling(Struct, frozen=True):
    """A life with pauses, resumes and stops at any point of it."""

    before: histories.Life
    meddling: list[tuple[Action, int]]
    after: histories.Life


meddlings = st.builds(
    Meddling,
    histories.lives,
    st.lists(
        st.tuples(st.sampled_from([World.pause, World.resume, World.stop]), st.integers(0, 3)),
        min_size=1,
        max_size=5,
    ),
    histories.lives.map(lambda life: life[-10:]),
)


_LEARNT_AFTER_THE_STOP: Final = Meddling(
    before=[
        *((action, 4) for action in histories.OPENING),
        (World.send, 1),
        (World.conclude_send, 5),
        (World.stop, 0),
        (World.conclude_send, 1),
    ],
    meddling=[(World.pause, 0)],
    after=[],
)
"""A mail of unknown outcome is found to have been sent once its campaign is stopped: its lead is not done any more, and
a later pause does nothing about it. (A sweep ends it: ``test_nothing_is_sent_again_for_a_campaign_that_has_ended``.)"""


def _leads_are_conserved(rules: Rules, case: Meddling) -> None:
    world = histories.live(case.before, rules)
    for action, number in case.meddling:
        before = {id_: dict(roster) for id_, roster in world.rosters.items()}
        ended = {id_ for id_, campaign in world.campaigns.items() if campaign.status == "stopped"}
        action(world, number)
        for campaign_id, roster in world.rosters.items():
            # Of one stopped before, who came back since is left for a sweep to end.
            stopped = world.campaigns[campaign_id].status == "stopped" and campaign_id not in ended
            assert roster.keys() == before[campaign_id].keys()
            for lead_id, lead in roster.items():
                _assert_kept(before[campaign_id][lead_id], lead, stopped)
    for action, number in case.after:
        action(world, number)
    _assert_sums(world)


def _assert_kept(before: Lead, after: Lead, stopped: bool) -> None:
    """Only a stop changes a lead, only one that was not done, and never what was sent or is in flight."""
    assert (after.sent_nodes, after.open_send) == (before.sent_nodes, before.open_send)
    assert after.status == (before.status if before.is_terminal or not stopped else "cancelled")


LAWS: Final[tuple[Law[Any, Any], ...]] = (
    Law("every counter is what is counted by hand", LEADS, histories.lives, _counters_are_reckoned_by_hand),
    Law("the leads of a launch add up to its total and skips", DOMAIN, histories.lives, _statuses_add_up),
    Law(
        "pause, resume and stop at any point conserve leads",
        DOMAIN,
        meddlings,
        _leads_are_conserved,
        (_LEARNT_AFTER_THE_STOP,),
    ),
)

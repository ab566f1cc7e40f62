"""Read models as pure functions: the same rows however the history is cut, and counters that are sums over rows."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import streams
from domain.event import Recorded
from domain.lead import decide as leads
from domain.lead.events import LeadsImported, LeadsRemoved, SendAccepted
from domain.suppression import PersonSuppressed, SuppressionLifted, SuppressionReason
from projections.campaigns import CAMPAIGNS, CampaignRow
from projections.catalogue import ALL
from projections.leads import LEADS, NO_NODE, BrokenHistory, LeadRow
from projections.senders import SENDERS
from projections.suppressions import SUPPRESSIONS
from tests.kit.histories import histories, worlds
from tests.kit.world import World
from tests.projections.tables import folded


@given(histories(), st.data())
def test_rows_and_sums_do_not_depend_on_how_the_history_is_cut_into_batches(
    history: list[Recorded], data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(history)), max_size=6)))
    batches = [history[start:end] for start, end in zip([0, *cuts], [*cuts, len(history)], strict=True)]
    for projection in ALL:
        at_once, in_batches = folded(projection, history), folded(projection, *batches)
        one_by_one = folded(projection, *([event] for event in history))
        assert at_once == in_batches == one_by_one


@given(histories())
def test_a_projection_listens_to_every_stream_that_tells_it_something(history: list[Recorded]) -> None:
    for projection in ALL:
        told_by = {event.stream for event in history if any(projection.facts(event))}
        assert all(stream.startswith(projection.streams) for stream in told_by)


@given(histories())
def test_a_row_holds_all_that_the_fold_goes_on_with(history: list[Recorded]) -> None:
    for projection in ALL:
        for row in folded(projection, history).rows.values():
            assert projection.lay_out(*projection.read(row)) == row


@given(histories())
def test_sums_are_what_the_rows_add_up_to(history: list[Recorded]) -> None:
    for projection in ALL:
        tables = folded(projection, *([event] for event in history))
        for sums in projection.sums:
            terms = (sums.terms(*projection.read(row)) for row in tables.rows.values())
            assert tables.sums[sums.table.name] == Counter(name for names in terms for name in names)


@given(histories())
def test_the_statuses_of_a_launched_campaign_add_up_to_its_total_and_what_it_skipped(
    history: list[Recorded],
) -> None:
    by_campaign = counts(history, "status")
    for row in folded(CAMPAIGNS, history).rows.values():
        _, campaign = CAMPAIGNS.read(row)
        if campaign.total is not None:
            assert sum(by_campaign[campaign.id].values()) == campaign.total + campaign.skipped


@given(worlds(), st.integers(0, 20))
def test_a_launch_that_is_rolled_back_leaves_the_counts_as_they_were(world: World, number: int) -> None:
    while any(campaign.status == "launching" for campaign in world.campaigns.values()):
        world.roll_back(0)
    before = folded(LEADS, world.history)
    for action in (World.launch, World.enrol, World.enrol, World.roll_back):
        action(world, number)
    after = folded(LEADS, world.history)
    assert after.sums == before.sums


def test_a_rollback_leaves_a_lead_as_it_was_whose_person_was_erased_before_the_launch() -> None:
    world = World()
    world.create_campaign(0)
    world.import_leads(1)
    world.erase(0)
    before = folded(LEADS, world.history)
    for action in (World.launch, World.enrol, World.roll_back):
        action(world, 1)  # the first lead is left out
    assert folded(LEADS, world.history).sums == before.sums


def test_the_history_of_a_lead_shows_in_its_row_and_in_every_counter() -> None:
    world, lead_id = running_campaign()
    campaign_id, sender_id, node_id = sole(world.campaigns), sole(world.senders), first_node(world)
    late = datetime(2025, 3, 1, 23, 59, tzinfo=UTC)
    world.now = late
    send_id = begin_send(world, lead_id, node_id)
    world.tell_lead(lead_id, leads.RecordAccepted(send_id=send_id, code=250, next_action=None))
    row: LeadRow = folded(LEADS, world.history).rows[world.workspace_id, lead_id]
    assert (row.status, row.sender_id, row.current_node_id, row.updated_at) == (
        "completed",
        sender_id,
        None,
        late,
    )
    assert row.milestones == ("completed", "contacted", "sent")
    tables = folded(LEADS, world.history)
    day = (world.workspace_id, sender_id, date(2025, 3, 1))
    assert tables.sums["sender_usage"] == {(*day, "email"): 1}
    assert counts(world.history, "sends")[campaign_id] == {str(node_id): 1}
    assert counts(world.history, "milestone")[campaign_id] == {"sent": 1, "contacted": 1, "completed": 1}
    assert counts(world.history, "node")[campaign_id] == {NO_NODE: 2, str(node_id): 3}


def test_a_milestone_counts_a_lead_once_and_for_good() -> None:
    world, lead_id = running_campaign()
    first, second = first_node(world), world.new_id()
    send_id = begin_send(world, lead_id, first)
    following = leads.NextAction(second, world.now)
    world.tell_lead(lead_id, leads.RecordAccepted(send_id=send_id, code=250, next_action=following))
    send_id = begin_send(world, lead_id, second)
    world.tell_lead(lead_id, leads.RecordLost(send_id=send_id, reason="worker-lost", now=world.now))
    world.tell_lead(lead_id, leads.RecordAccepted(send_id=send_id, code=250, next_action=None))
    campaign_id = sole(world.campaigns)
    assert counts(world.history, "milestone")[campaign_id] == {
        "sent": 1,
        "contacted": 1,
        "completed": 1,
        "outcome_unknown": 1,
    }
    assert counts(world.history, "sends")[campaign_id] == {str(first): 1, str(second): 1}


def test_a_removed_lead_has_no_row_and_counts_nowhere() -> None:
    world = World()
    world.create_campaign(1)
    world.import_leads(4)
    campaign_id = sole(world.campaigns)
    removed = LeadsRemoved(lead_ids=tuple(world.rosters[campaign_id]))
    world.record(streams.roster(campaign_id), removed)
    tables = folded(LEADS, *([event] for event in world.history))
    assert not tables.rows
    assert not any(tables.sums.values())


def test_a_lead_can_not_be_imported_twice() -> None:
    world, _ = running_campaign()
    imported = [recorded for recorded in world.history if isinstance(recorded.event, LeadsImported)]
    with pytest.raises(BrokenHistory):
        folded(LEADS, world.history + imported)


def test_an_event_of_a_lead_that_nobody_imported_can_not_be_folded() -> None:
    world, lead_id = running_campaign()
    stray = World(workspace=2)
    stray.campaign_of[lead_id] = lead_id
    stray.rosters[lead_id] = {}
    stray.record(streams.lead(lead_id), SendAccepted(send_id=lead_id, code=250))
    with pytest.raises(BrokenHistory, match=str(lead_id)):
        folded(LEADS, world.history, stray.history)


def test_campaigns_stand_in_the_order_of_their_list() -> None:
    world, _ = running_campaign()
    world.create_campaign(1)
    running, draft = folded(CAMPAIGNS, world.history).rows.values()
    assert (running.status, running.prominence, draft.status, draft.prominence) == ("active", 2, "draft", 1)
    world.stop(0)
    stopped: CampaignRow = next(iter(folded(CAMPAIGNS, world.history).rows.values()))
    assert (stopped.status, stopped.prominence) == ("stopped", 0)


def test_the_rows_hold_the_very_states_the_domain_folds() -> None:
    world, _ = running_campaign()
    world.change_sender(3)
    campaigns = dict(map(CAMPAIGNS.read, folded(CAMPAIGNS, world.history).rows.values()))
    assert campaigns == {(world.workspace_id, id): campaign for id, campaign in world.campaigns.items()}
    senders = dict(map(SENDERS.read, folded(SENDERS, world.history).rows.values()))
    assert senders == {(world.workspace_id, id): sender for id, sender in world.senders.items()}
    followed = dict(map(LEADS.read, folded(LEADS, world.history).rows.values()))
    roster = world.rosters[sole(world.campaigns)]
    assert {key[1]: tracked.lead for key, tracked in followed.items()} == roster


def test_of_several_reasons_for_a_suppression_the_weightiest_is_shown() -> None:
    world = World()
    person_id = world.new_id()
    reasons: tuple[SuppressionReason, ...] = ("manual", "unsubscribed", "hard-bounce")
    for reason in reasons:
        world.record(
            streams.suppressions(world.workspace_id), PersonSuppressed(person_id=person_id, reason=reason)
        )
        world.let_time_pass(5)
    (row,) = folded(SUPPRESSIONS, *([event] for event in world.history)).rows.values()
    assert (row.reason, row.since) == ("unsubscribed", world.history[1].recorded_at)


def test_a_suppression_ends_when_its_last_reason_is_lifted() -> None:
    world = World()
    person_id = world.new_id()
    for reason in ("manual", "hard-bounce"):
        world.record(
            streams.suppressions(world.workspace_id), PersonSuppressed(person_id=person_id, reason=reason)
        )
    world.record(
        streams.suppressions(world.workspace_id), SuppressionLifted(person_id=person_id, reasons=("manual",))
    )
    (row,) = folded(SUPPRESSIONS, world.history).rows.values()
    assert row.reason == "hard-bounce"
    world.record(
        streams.suppressions(world.workspace_id),
        SuppressionLifted(person_id=person_id, reasons=("hard-bounce",)),
    )
    assert folded(SUPPRESSIONS, world.history).rows == {}


def running_campaign() -> tuple[World, UUID]:
    """A world with one active campaign of five leads, four enrolled and one skipped, and the last of the leads."""
    world = World()
    world.create_campaign(1)
    world.import_leads(4)
    for action in (World.launch, World.enrol, World.activate):
        action(world, 4)
    return world, list(world.rosters[sole(world.campaigns)])[-1]


def begin_send(world: World, lead_id: UUID, node_id: UUID) -> UUID:
    send_id = world.new_id()
    begin = leads.BeginSend(
        campaign_id=sole(world.campaigns), send_id=send_id, node_id=node_id, sender_id=sole(world.senders)
    )
    world.tell_lead(lead_id, begin)
    return send_id


def first_node(world: World) -> UUID:
    return world.campaigns[sole(world.campaigns)].nodes[0].id


def sole(things: dict[UUID, Any]) -> UUID:
    (key,) = things
    return key


def counts(history: list[Recorded], kind: str) -> dict[UUID, dict[str, int]]:
    """The counts of one kind, by campaign."""
    found: dict[UUID, dict[str, int]] = {}
    for name, n in folded(LEADS, history).sums["campaign_counts"].items():
        _, campaign_id, of_kind, key = name
        if of_kind == kind:
            found.setdefault(campaign_id, {})[key] = n  # type: ignore[arg-type, index]
    return found

"""Time travel over HTTP: a campaign that was launched and sent, asked about each of its moments."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
from rich.console import Console

from domain import streams
from domain.campaign.state import fold
from domain.event import Recorded
from projections.leads import LEADS, MILESTONES
from service.channels.outcome import Accepted, Refused
from service.cli.looking_back import tree_of
from service.composition import Liftoff
from tests.api.asking import paths
from tests.api.making import make_sender
from tests.dispatch.conftest import Launch, Worker
from tests.http.conftest import MovableClock
from tests.projections.tables import folded


async def a_life(launch: Launch, worker: Worker, clock: MovableClock) -> UUID:
    """A campaign of four leads: two mails were accepted, one was refused, one is still to come."""
    campaign_id = await launch(4)
    clock.move(timedelta(hours=1))
    claims = await worker.take(at_most=3)
    clock.move(timedelta(minutes=1))
    await worker.record(claims[:2], Accepted(250, "Taken over"))
    clock.move(timedelta(minutes=1))
    await worker.record(claims[2:], Refused(550, "No such user", "recipient"))
    return campaign_id


async def log_of(liftoff: Liftoff) -> list[Recorded]:
    rows = await liftoff.pool.fetch("SELECT * FROM events ORDER BY position")
    return [liftoff.codec.recorded(row) for row in rows]


def expected(prefix: list[Recorded], campaign_id: UUID) -> Mapping[str, Any]:
    """The counts of a campaign as the prefix folds to, by an independent fold in memory."""
    campaign = fold(event for event in prefix if event.stream == streams.campaign(campaign_id))
    assert campaign is not None
    kinds: dict[str, dict[str, int]] = {"status": {}, "node": {}, "sends": {}, "milestone": {}}
    for (_, _, kind, key), n in folded(LEADS, prefix).sums["campaign_counts"].items():
        kinds[str(kind)][str(key)] = n
    reached = {name: kinds["milestone"].get(name, 0) for name in MILESTONES}
    return {
        "status": campaign.status,
        "version": campaign.version,
        "stats": None if campaign.total is None else {"total": campaign.total, **reached},
        "prospects_by_status": kinds["status"],
        "prospects_by_node": kinds["node"],
        "sends_by_node": kinds["sends"],
    }


def told(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    campaign = {name: answer["campaign"][name] for name in ("status", "version", "stats")}
    return campaign | {
        name: answer[name] for name in ("prospects_by_status", "prospects_by_node", "sends_by_node")
    }


async def test_at_every_version_and_every_time_a_campaign_is_the_fold_of_the_prefix(
    client: httpx.AsyncClient, liftoff: Liftoff, launch: Launch, worker: Worker, clock: MovableClock
) -> None:
    campaign_id = await a_life(launch, worker, clock)
    url, log = f"/api/campaigns/{campaign_id}", await log_of(liftoff)
    own = [event for event in log if event.stream == streams.campaign(campaign_id)]
    for event in own:
        prefix = [each for each in log if each.position <= event.position]
        answer = await client.get(f"{url}?as_of={event.version}")
        assert told(answer.json()) == expected(prefix, campaign_id)
    for time in sorted({event.recorded_at for event in log}):
        prefix = [each for each in log if each.recorded_at <= time]
        answer = await client.get(url, params={"as_of": time.isoformat()})
        assert told(answer.json()) == expected(prefix, campaign_id)
    now = (await client.get(url)).json()
    assert (await client.get(url, params={"as_of": clock.now().isoformat()})).json() == now
    assert now["campaign"]["stats"]["bounced"] == 1


async def test_leads_stand_as_they_stood(
    client: httpx.AsyncClient, launch: Launch, worker: Worker, clock: MovableClock
) -> None:
    launched = clock.now()
    url = f"/api/campaigns/{await a_life(launch, worker, clock)}/leads"
    then = {"as_of": launched.isoformat()}
    before = (await client.get(url, params=then)).json()
    assert [lead["status"] for lead in before["prospects"]] == ["pending"] * 4
    page = (await client.get(url, params={**then, "limit": 1, "page": 2})).json()
    assert (page["prospects"], page["total"]) == (before["prospects"][1:2], 4)
    assert (await client.get(url, params={**then, "status": "sent"})).json()["total"] == 0
    now = (await client.get(url)).json()
    assert (await client.get(url, params={"as_of": clock.now().isoformat()})).json() == now
    assert (await client.get(f"{url}?as_of=1")).json()["total"] == 0
    assert (await client.get(f"{url}?as_of=999")).status_code == 404


async def test_of_an_erased_person_the_standing_of_then_is_left(
    client: httpx.AsyncClient,
    liftoff: Liftoff,
    workspace_id: UUID,
    launch: Launch,
    worker: Worker,
    clock: MovableClock,
) -> None:
    url = f"/api/campaigns/{await a_life(launch, worker, clock)}/leads"
    then = {"as_of": clock.now().isoformat()}
    before = (await client.get(url, params=then)).json()["prospects"]
    await erase_everybody(liftoff, workspace_id)
    after = (await client.get(url, params=then)).json()["prospects"]
    assert [lead["email"] for lead in after] == [None] * 4
    assert [lead["status"] for lead in after] == [lead["status"] for lead in before]


async def test_a_sender_is_shown_as_it_was(
    client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID, clock: MovableClock
) -> None:
    sender_id = await make_sender(liftoff, workspace_id)
    url, made = f"/api/senders/{sender_id}", clock.now()
    clock.move(timedelta(hours=1))
    assert (await client.patch(url, json={"daily_limit": 7})).status_code == 200
    past = (await client.get(url, params={"as_of": made.isoformat()})).json()["sender"]
    assert (past["daily_limit"], past["usage"]) == (30, None)
    latest = (await client.get(f"{url}?as_of=4")).json()["sender"]
    assert latest["daily_limit"] == 7
    assert (await client.get(f"{url}?as_of=99")).status_code == 404
    assert (await client.get(f"/api/senders/{uuid4()}?as_of=1")).status_code == 404


async def test_a_difference_tells_fields_nodes_counts_leads_and_events(
    client: httpx.AsyncClient, liftoff: Liftoff, launch: Launch, worker: Worker, clock: MovableClock
) -> None:
    campaign_id = await a_life(launch, worker, clock)
    url = f"/api/campaigns/{campaign_id}"
    end = clock.now().isoformat()
    diff = (await client.get(f"{url}/diff", params={"from": 1, "to": end})).json()["diff"]
    fields = {change["field"]: (change["before"], change["after"]) for change in diff["fields"]}
    assert fields["status"] == ("draft", "active")
    assert fields["lead_count"] == (0, 4)
    assert {change["after"]["subject"] for change in diff["nodes"] if change["after"]} >= {"Hello"}
    counts = {(each["kind"], each["key"]): (each["before"], each["after"]) for each in diff["counts"]}
    assert counts["milestone", "bounced"] == (0, 1)
    assert counts["status", "sent"] == (0, 2)
    assert (diff["leads_changed"], {lead["before"] for lead in diff["leads"]}) == (4, {None})
    log = await log_of(liftoff)
    names = {streams.campaign(campaign_id), streams.roster(campaign_id)}
    between = [str(event.event_id) for event in log if event.stream in names][1:]
    assert [event["id"] for event in diff["events"]] == between
    assert diff["events_between"] == len(between)


async def test_between_a_moment_and_itself_nothing_changed_and_moments_have_an_order(
    client: httpx.AsyncClient, launch: Launch
) -> None:
    url = f"/api/campaigns/{await launch(2)}/diff"
    same = (await client.get(f"{url}?from=3&to=3")).json()["diff"]
    assert same["fields"] == same["nodes"] == same["counts"] == same["leads"] == same["events"] == []
    assert paths(await client.get(f"{url}?from=3&to=2")) == ["from"]
    assert paths(await client.get(f"{url}?from=yesterday&to=2")) == ["from"]
    assert (await client.get(f"{url}?from=1&to=999")).status_code == 404


async def test_the_words_of_an_erased_text_are_null_in_a_difference(
    client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID, launch: Launch
) -> None:
    campaign_id = await launch(1)
    url = f"/api/campaigns/{campaign_id}"
    assert (await client.patch(url, json={"name": "Renamed"})).status_code == 200
    version = (await client.get(url)).json()["campaign"]["version"]
    async with liftoff.store.transaction() as connection:
        await liftoff.vault.erase_owner(connection, workspace_id, campaign_id)
    diff = (await client.get(f"{url}/diff?from={version - 1}&to={version}")).json()["diff"]
    assert diff["fields"] == [{"field": "name", "before": None, "after": None}]


async def test_a_send_is_explained_by_its_intent_with_the_words_of_the_server(
    client: httpx.AsyncClient,
    foreigner: httpx.AsyncClient,
    liftoff: Liftoff,
    workspace_id: UUID,
    launch: Launch,
    worker: Worker,
    clock: MovableClock,
) -> None:
    await a_life(launch, worker, clock)
    refused = next(event for event in await log_of(liftoff) if event.event.type == "send-refused")
    url = f"/api/events/{refused.event_id}/explanation"
    intent, effect = (await client.get(url)).json()["explanation"]
    assert (intent["depth"], intent["event"]["type"], intent["asked_for"]) == (0, "send-intended", False)
    assert (effect["depth"], effect["event"]["id"], effect["asked_for"]) == (1, str(refused.event_id), True)
    assert effect["event"]["epoch"] == 1
    assert effect["evidence"]["words"] == "No such user"
    text = await tree(liftoff, workspace_id, refused.event_id)
    assert text.index("send-intended") < text.index("send-refused") < text.index("No such user")
    assert str(refused.correlation_id) in text
    assert (await foreigner.get(url)).status_code == 404
    await erase_everybody(liftoff, workspace_id)
    assert (await client.get(url)).json()["explanation"][1]["evidence"]["words"] is None
    assert "erased" in await tree(liftoff, workspace_id, refused.event_id)


async def tree(liftoff: Liftoff, workspace_id: UUID, event_id: UUID) -> str:
    """What the operator's command prints."""
    console = Console(width=200, record=True, quiet=False)
    with console.capture() as captured:
        console.print(tree_of(await liftoff.explaining.explain(workspace_id, event_id)))
    return captured.get()


async def erase_everybody(liftoff: Liftoff, workspace_id: UUID) -> None:
    """Let nothing be known of any lead."""
    people = await liftoff.pool.fetch("SELECT DISTINCT person_id FROM leads")
    async with liftoff.store.transaction() as connection:
        for person in people:
            await liftoff.vault.erase_owner(connection, workspace_id, person["person_id"])

"""A launch over HTTP, against the running service: it happens once, whoever asks how often."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from tests.end_to_end.campaigning import connect, follow, good, has_status, make_ready
from tests.end_to_end.processes import ServiceProcess, SinkProcess

CLIENTS = 200
LEADS = 40


async def test_of_200_launches_at_once_exactly_one_wins_and_every_step_is_sent_once(
    tmp_path: Path, own_database: Mapping[str, str]
) -> None:
    with SinkProcess(tmp_path / "sink") as sink, ServiceProcess(tmp_path / "data", **own_database) as service:
        async with connect(service.url, service.key) as api:
            campaign_id = await make_ready(api, sink.url, LEADS, senders=2)
            path = f"/api/campaigns/{campaign_id}/launch"
            answers = await asyncio.gather(*(api.post(path) for _ in range(CLIENTS)))
            detail = await follow(api, campaign_id, has_status("completed"))
            events = good(await api.get(f"/api/campaigns/{campaign_id}/events?limit=200"))["events"]

    statuses = Counter(answer.status_code for answer in answers)
    assert statuses[200] == 1
    assert set(statuses) <= {200, 400, 409}
    codes = {answer.json()["code"] for answer in answers if answer.is_error}
    assert codes <= {"launch-in-progress", "campaign-changed", "campaign-not-draft"}

    types = Counter(event["type"] for event in events)
    assert types["campaign-launch-accepted"] == types["campaign-run-started"] == 1
    assert sink.count == 2 * LEADS
    assert set(sink.steps().values()) == {1}
    assert detail["campaign"]["stats"]["sent"] == LEADS
    assert sum(detail["sends_by_node"].values()) == sink.count

"""The demo's campaign, told by real processes: at each version and between any two it is the fold of the prefix."""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise
from pathlib import Path
from typing import Final
from uuid import UUID

import httpx

from domain import streams
from domain.event import Recorded
from service.access import Workspaces
from service.clock import SystemClock
from service.composition import assembled
from service.demo.stage import Stage, environment, running
from service.demo.story import answer, tell
from service.settings import read_settings
from service.startup import Ground, prepared
from tests.past.test_answers import expected, told

PATIENCE_SECONDS: Final = 120


def test_the_demos_campaign_is_the_fold_of_the_prefix_at_every_version_and_in_between(tmp_path: Path) -> None:
    with running(tmp_path) as stage, client_of(stage) as api:
        campaign_id = UUID(tell(api, stage.sink_url).campaign_id)
        url = f"/api/campaigns/{campaign_id}"
        wait_until_completed(api, url)
        log = log_of(stage)
        own = [event for event in log if event.stream == streams.campaign(campaign_id)]
        assert [own[0].event.type, own[-1].event.type] == ["campaign-created", "campaign-completed"]
        for event in own:
            prefix = [each for each in log if each.position <= event.position]
            assert told(answer(api.get(f"{url}?as_of={event.version}"))) == expected(prefix, campaign_id)
        for before, after in pairwise(own):
            between = before.recorded_at + (after.recorded_at - before.recorded_at) / 2
            by_then = [event for event in log if event.recorded_at <= between]
            answered = answer(api.get(url, params={"as_of": between.isoformat()}))
            assert told(answered) == expected(by_then, campaign_id)


def client_of(stage: Stage) -> httpx.Client:
    """A client with the demo's key."""
    headers = {"Authorization": f"Bearer {stage.key}"}
    return httpx.Client(base_url=stage.url, headers=headers, timeout=60, trust_env=False)


def wait_until_completed(api: httpx.Client, url: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while answer(api.get(url))["campaign"]["status"] != "completed":
        assert time.monotonic() < deadline
        time.sleep(0.2)


def log_of(stage: Stage) -> list[Recorded]:
    """All events of the demo's workspace."""

    async def read(ground: Ground) -> list[Recorded]:
        async with assembled(ground.settings, ground.dsn, ground.master_key, SystemClock()) as parts:
            workspace_id = await Workspaces(parts.pool, parts.clock).find(stage.workspace)
            rows = await parts.pool.fetch(
                "SELECT * FROM events WHERE workspace_id = $1 ORDER BY position", workspace_id
            )
            return [parts.codec.recorded(row) for row in rows]

    with prepared(read_settings(environment(stage.data_dir))) as ground:
        return asyncio.run(read(ground))

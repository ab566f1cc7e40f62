"""A pause under full load: four workers send, and once it is answered no more goes out than was in flight."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from tests.end_to_end.campaigning import connect, follow, good, has_status, make_ready
from tests.end_to_end.processes import ServiceProcess, SinkProcess, WorkerProcess

LEADS: Final = 300
WORKERS_BESIDE: Final = 3  # and the one of the service itself
QUIET_SECONDS: Final = 0.9  # many ticks: whoever would still claim has done so


async def test_after_the_pause_is_answered_no_more_is_sent_than_was_in_flight_and_resumed_all_get_it_once(
    tmp_path: Path, own_database: Mapping[str, str]
) -> None:
    data, settings = (
        tmp_path / "data",
        {"LIFTOFF_SHARDS": "8", "LIFTOFF_WORKER_CONCURRENCY": "8", **own_database},
    )
    with ExitStack() as processes:
        sink = processes.enter_context(SinkProcess(tmp_path / "sink"))
        service = processes.enter_context(ServiceProcess(data, **settings))
        workers = [WorkerProcess(data, **settings) for _ in range(WORKERS_BESIDE)]
        await asyncio.gather(*(asyncio.to_thread(processes.enter_context, worker) for worker in workers))
        async with connect(service.url, service.key) as api:
            campaign_id = await make_ready(api, sink.url, LEADS, senders=4)
            good(await api.post(f"/api/campaigns/{campaign_id}/launch"))
            async with asyncio.timeout(60):
                while sink.count < LEADS // 4:
                    await asyncio.sleep(0.02)

            answer = good(await api.post(f"/api/campaigns/{campaign_id}/pause"))
            accepted = sink.count
            await asyncio.sleep(QUIET_SECONDS)
            paused = sink.count
            assert paused < 2 * LEADS  # it was paused in the midst of it
            assert paused - accepted <= answer["in_flight"]
            await asyncio.sleep(QUIET_SECONDS)
            assert sink.count == paused

            good(await api.post(f"/api/campaigns/{campaign_id}/resume"))
            await follow(api, campaign_id, has_status("completed"))
            assert sink.count == 2 * LEADS
            steps = sink.steps()
            assert (len(steps), max(steps.values())) == (2 * LEADS, 1)

"""The engine's listener: what makes it count as failed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pgqueuer.core.listeners import (
    PGNoticeEventListener,
    default_event_router,
    initialize_notice_event_listener,
)
from pgqueuer.db import AsyncpgPoolDriver
from pgqueuer.errors import FailingListenerError
from pgqueuer.queries import Queries
from pgqueuer.types import HealthCheckId

from service.database.pool import open_pool
from service.worker import PatientQueueManager

PATIENCE = timedelta(seconds=1)


class HastyQueries(Queries):
    """Send the first probe before anybody listens."""

    manager: PatientQueueManager

    async def notify_health_check(self, health_check_event_id: HealthCheckId) -> None:
        await super().notify_health_check(health_check_event_id)
        router = default_event_router(
            notice_event_queue=PGNoticeEventListener(),
            canceled={},
            pending_health_check=self.manager.pending_health_check,
        )
        await initialize_notice_event_listener(self.driver, self.manager.channel, router)


async def test_a_probe_sent_before_the_engine_listens_does_not_stop_it(database: str) -> None:
    async with await open_pool(database) as pool, AsyncpgPoolDriver(pool) as driver:
        queries = HastyQueries(driver)
        queries.manager = manager = PatientQueueManager(queries)
        assert (await manager.listener_healthy(PATIENCE)).type == "health_check_event"


async def test_an_engine_that_does_not_listen_is_found_out(database: str) -> None:
    async with await open_pool(database) as pool, AsyncpgPoolDriver(pool) as driver:
        with pytest.raises(FailingListenerError):
            await PatientQueueManager(Queries(driver)).listener_healthy(PATIENCE / 4)

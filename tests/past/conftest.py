"""A log to travel in: the store on a fresh database, and those who fold the past from it."""

from __future__ import annotations

import pytest

from service.database.pool import Pool
from service.past.campaigns import PastCampaigns
from service.past.leads import PastLeads
from service.past.moments import Moments
from service.store.codec import Codec
from service.store.log import EventStore
from tests.api.fresh import app, client, clock, foreigner, liftoff, workspace_id
from tests.dispatch.conftest import launch, worker
from tests.projections.conftest import codec, pool, store, write

__all__ = [
    "app",
    "client",
    "clock",
    "codec",
    "foreigner",
    "launch",
    "liftoff",
    "pool",
    "store",
    "worker",
    "workspace_id",
    "write",
]


@pytest.fixture
def past_campaigns(pool: Pool, store: EventStore) -> PastCampaigns:
    return PastCampaigns(Moments(pool, store))


@pytest.fixture
def past_leads(pool: Pool, codec: Codec) -> PastLeads:
    return PastLeads(pool, codec)

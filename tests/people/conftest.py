"""The assembled service, its clients, and a worker driven by hand."""

from __future__ import annotations

from tests.api.fresh import app, client, clock, foreigner, liftoff, workspace_id
from tests.dispatch.conftest import launch, worker

__all__ = ["app", "client", "clock", "foreigner", "launch", "liftoff", "worker", "workspace_id"]

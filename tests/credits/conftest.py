"""The assembled service with a clock that stands still."""

from __future__ import annotations

from tests.api.fresh import app, client, clock, foreigner, liftoff, workspace_id

__all__ = ["app", "client", "clock", "foreigner", "liftoff", "workspace_id"]

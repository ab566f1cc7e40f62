"""The caller of a request, as the use cases and the event log know it."""

from __future__ import annotations

from service.caller import Caller
from service.http.requests import ApiRequest


def acting(request: ApiRequest) -> Caller:
    """On whose behalf the request acts: its key, in the key's workspace, within this request."""
    return Caller(request.caller.workspace_id, request.caller.actor, request.correlation_id)

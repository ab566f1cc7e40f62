"""All routes of the API, and the services their handlers ask for by name."""

from __future__ import annotations

from typing import Final

from litestar import Litestar
from litestar.types import ControllerRouterHandler

from service.composition import Liftoff
from service.http.app import Foundation, create_app
from service.http.audit import audit_routes
from service.http.campaigns import campaign_routes
from service.http.credits import credit_routes
from service.http.events import event_routes
from service.http.launch import launch_routes
from service.http.leads import lead_routes
from service.http.lifecycle import lifecycle_routes
from service.http.senders import sender_routes
from service.http.sequence import sequence_routes
from service.http.unsubscribe import unsubscribe_routes

API_ROUTES: Final[tuple[ControllerRouterHandler, ...]] = (
    *campaign_routes,
    *sequence_routes,
    *lifecycle_routes,
    *lead_routes,
    *launch_routes,
    *sender_routes,
    *event_routes,
    *audit_routes,
    *credit_routes,
)


def api(liftoff: Liftoff, foundation: Foundation) -> Litestar:
    """The HTTP application on the service's parts."""
    return create_app(
        foundation,
        API_ROUTES,
        {
            "campaigns": liftoff.campaigns,
            "campaign_reading": liftoff.campaign_reading,
            "drafting": liftoff.drafting,
            "lifecycle": liftoff.lifecycle,
            "preflight": liftoff.preflight,
            "importing": liftoff.importing,
            "lead_reading": liftoff.lead_reading,
            "lead_editing": liftoff.lead_editing,
            "history_of_leads": liftoff.history_of_leads,
            "launching": liftoff.launching,
            "wording": liftoff.wording,
            "history": liftoff.history,
            "checkpoints": liftoff.checkpoints,
            "accounts": liftoff.accounts,
            "sender_reading": liftoff.sender_reading,
            "tokens": liftoff.tokens,
            "unsubscribing": liftoff.unsubscribing,
        },
        unsubscribe_routes,
    )

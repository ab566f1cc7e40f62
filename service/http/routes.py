"""All routes of the API, and the services their handlers ask for by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from litestar.types import ControllerRouterHandler
from prometheus_client import CollectorRegistry

from service.composition import Liftoff
from service.http.app import Application, Foundation, create_app
from service.http.audit import audit_routes
from service.http.campaigns import campaign_routes
from service.http.credits import credit_routes
from service.http.differences import difference_routes
from service.http.events import event_routes
from service.http.health import Probe
from service.http.inbound import inbound_routes
from service.http.launch import launch_routes
from service.http.leads import lead_routes
from service.http.lifecycle import lifecycle_routes
from service.http.messages import message_routes
from service.http.opens import open_routes
from service.http.people import people_routes
from service.http.plan import plan_routes
from service.http.resolving import resolving_routes
from service.http.senders import sender_routes
from service.http.sending_status import sending_status_routes
from service.http.sequence import sequence_routes
from service.http.suppressions import suppression_routes
from service.http.syncing import sync_routes
from service.http.unsubscribe import unsubscribe_routes
from service.http.webhooks import webhook_routes
from service.http.workspace import workspace_routes

API_ROUTES: Final[tuple[ControllerRouterHandler, ...]] = (
    *campaign_routes,
    *sequence_routes,
    *lifecycle_routes,
    *plan_routes,
    *sending_status_routes,
    *sync_routes,
    *lead_routes,
    *resolving_routes,
    *launch_routes,
    *sender_routes,
    *suppression_routes,
    *people_routes,
    *event_routes,
    *difference_routes,
    *audit_routes,
    *credit_routes,
    *message_routes,
    *workspace_routes,
)


def api(liftoff: Liftoff, registry: CollectorRegistry, probes: Sequence[Probe] = ()) -> Application:
    """The HTTP application on the service's parts; requests are counted in ``registry``."""
    return create_app(
        Foundation(
            settings=liftoff.settings,
            pool=liftoff.pool,
            clock=liftoff.clock,
            master_key=liftoff.master_key,
            registry=registry,
            probes=probes,
        ),
        API_ROUTES,
        {
            "campaigns": liftoff.campaigns,
            "campaign_reading": liftoff.campaign_reading,
            "drafting": liftoff.drafting,
            "lifecycle": liftoff.lifecycle,
            "preflight": liftoff.preflight,
            "planning": liftoff.planning,
            "sending_reading": liftoff.sending_reading,
            "importing": liftoff.importing,
            "lead_reading": liftoff.lead_reading,
            "lead_editing": liftoff.lead_editing,
            "history_of_leads": liftoff.history_of_leads,
            "launching": liftoff.launching,
            "scheduling": liftoff.scheduling,
            "wording": liftoff.wording,
            "history": liftoff.history,
            "checkpoints": liftoff.checkpoints,
            "accounts": liftoff.accounts,
            "sender_reading": liftoff.sender_reading,
            "suppression_list": liftoff.suppression_list,
            "erasing": liftoff.erasing,
            "suppression_reading": liftoff.suppression_reading,
            "tokens": liftoff.tokens,
            "open_tokens": liftoff.open_tokens,
            "opening": liftoff.opening,
            "resolutions": liftoff.resolutions,
            "unsubscribing": liftoff.unsubscribing,
            "hearing": liftoff.hearing,
            "pushed_mail": liftoff.pushed_mail,
            "credits": liftoff.credits,
            "credit_reading": liftoff.credit_reading,
            "draft_reading": liftoff.draft_reading,
            "draft_editing": liftoff.draft_editing,
            "resolving": liftoff.resolving,
            "generating": liftoff.generating,
            "syncing": liftoff.syncing,
            "differences": liftoff.differences,
            "explaining": liftoff.explaining,
            "workspace_settings": liftoff.workspace_settings,
        },
        [*unsubscribe_routes, *open_routes, *webhook_routes, *inbound_routes],
    )

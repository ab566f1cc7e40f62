"""The HTTP application: layers around the router, the router, and what every route can have injected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final

from litestar import Litestar, Router
from litestar.di import Provide
from litestar.types import ASGIApp, ControllerRouterHandler
from prometheus_client import CollectorRegistry

from service.access import ApiKeys, KeyUses
from service.clock import Clock
from service.database.pool import Pool
from service.http.allowed_methods import allowed_methods
from service.http.authentication import API, Authentication, RequiredScope
from service.http.body_limits import BodyLimit
from service.http.claims import Claims
from service.http.docs import docs_routes
from service.http.health import DatabaseProbe, Probe, SchemaProbe, health_routes
from service.http.idempotency import Idempotency
from service.http.keys import key_routes
from service.http.openapi import build_document
from service.http.paging import Cursors
from service.http.problem_pages import problem_pages
from service.http.problems import ProblemBoundary, answer_problem
from service.http.rate_limit import RateLimit, TokenBuckets
from service.http.request_context import PathIdsInLog, RequestContext
from service.http.requests import AcceptableUrl, ApiRequest
from service.metrics import RequestMetrics
from service.periodic import Duty, fulfilling
from service.settings import Settings
from service.vault import MasterKey, Sealer

_NOTE_USES_SECONDS: Final = 10.0
_RENEW_CLAIMS_SECONDS: Final = 10.0
_FORGET_ANSWERS_SECONDS: Final = 600.0


@dataclass(frozen=True, kw_only=True)
class Foundation:
    """What the HTTP application stands on, made by the composition root."""

    settings: Settings
    pool: Pool
    clock: Clock
    master_key: MasterKey
    registry: CollectorRegistry
    probes: Sequence[Probe] = ()


def create_app(
    on: Foundation,
    routes: Sequence[ControllerRouterHandler],
    services: Mapping[str, object],
    public_routes: Sequence[ControllerRouterHandler] = (),
) -> Litestar:
    """The application with the given routes under ``/api``, besides those it always has (keys, health, docs, problems).

    ``public_routes`` are for people without a key, and no part of the API.
    ``services`` are injected by name into the handlers that ask for them, as are ``keys``, ``claims`` and ``cursors``.
    """
    keys = ApiKeys(on.pool, on.clock)
    uses = KeyUses(keys)
    claims = Claims(on.pool, Sealer(on.master_key), on.clock)
    injected = {"keys": keys, "cursors": Cursors(on.master_key), "claims": claims, **services}
    all_routes = [*key_routes, *routes]
    app = Litestar(
        [
            Router(API, route_handlers=[*allowed_methods(all_routes), *all_routes]),
            *allowed_methods(public_routes),
            *public_routes,
            problem_pages,
            *health_routes([DatabaseProbe(on.pool), SchemaProbe(on.pool), *on.probes], on.registry),
            *docs_routes(lambda: build_document(all_routes, injected, version("liftoff"))),
        ],
        dependencies={name: _provide(service) for name, service in injected.items()},
        middleware=[
            RequiredScope(),
            PathIdsInLog(),
            BodyLimit(decoded=on.settings.body_limit_bytes, streamed=on.settings.import_limit_bytes),
            Idempotency(claims),
        ],
        exception_handlers={Exception: answer_problem},
        request_class=ApiRequest,
        lifespan=[lambda _: fulfilling(_duties(uses, claims))],
        request_max_body_size=None,  # BodyLimit counts
        openapi_config=None,  # docs_routes serve it
        logging_config=None,  # service.logging configures all logs
        debug=False,
        pdb_on_exception=False,
    )
    # Litestar's middleware is behind its router. These layers also see what the router refuses (404, 405).
    app.asgi_handler = _layers(app.asgi_handler, on, keys, uses)
    return app


def _layers(router: ASGIApp, on: Foundation, keys: ApiKeys, uses: KeyUses) -> ASGIApp:
    """What surrounds the router, from the inside out."""
    settings = on.settings
    buckets = TokenBuckets(
        per_second=settings.rate_limit_per_second, burst=settings.rate_limit_burst, clock=on.clock
    )
    app: ASGIApp = AcceptableUrl(router)
    app = RateLimit(app, buckets)
    app = Authentication(app, keys, uses, on.clock)
    app = ProblemBoundary(app)
    return RequestContext(app, RequestMetrics(on.registry))


def _duties(uses: KeyUses, claims: Claims) -> list[Duty]:
    return [
        Duty("note when keys were used", _NOTE_USES_SECONDS, uses.write),
        Duty("renew the claims of running requests", _RENEW_CLAIMS_SECONDS, claims.renew),
        Duty("forget old answers", _FORGET_ANSWERS_SECONDS, claims.forget_expired),
    ]


def _provide(service: object) -> Provide:
    return Provide(lambda: service, sync_to_thread=False)

"""The HTTP application: layers around the router, the router, and what every route can have injected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import Final, NamedTuple

from litestar import Litestar, Router
from litestar.types import ASGIApp, ControllerRouterHandler, Receive, Scope, Send
from prometheus_client import CollectorRegistry

from service.access import ApiKeys, KeyUses
from service.clock import Clock
from service.database.pool import Pool
from service.http.allowed_methods import allowed_methods
from service.http.authentication import API, Authentication, RequiredScope
from service.http.body_limits import BodyLimit
from service.http.claims import Claims
from service.http.docs import docs_routes
from service.http.health import Checkup, DatabaseProbe, Probe, SchemaProbe, health_routes
from service.http.idempotency import Idempotency
from service.http.injection import Injection, provided
from service.http.keys import key_routes
from service.http.openapi import build_document
from service.http.paging import Cursors
from service.http.problem_pages import problem_pages
from service.http.problems import ProblemBoundary, answer_problem
from service.http.rate_limit import RateLimit, TokenBuckets
from service.http.request_context import PathIdsInLog, RequestContext
from service.http.requests import AcceptableUrl, ApiRequest
from service.metrics import RequestMetrics
from service.periodic import Duty
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


class Application(NamedTuple):
    """The HTTP application of one service: ASGI, without its lifespan protocol.

    ``duties`` are to be fulfilled as long as it answers.
    """

    router: Litestar
    layers: ASGIApp
    duties: Sequence[Duty]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        scope.setdefault("state", {})
        await self.layers(scope, receive, send)


def create_app(
    on: Foundation,
    routes: Iterable[ControllerRouterHandler],
    services: Mapping[str, object],
    public_routes: Iterable[ControllerRouterHandler] = (),
) -> Application:
    """The application with the given routes under ``/api``, besides those it always has (keys, health, docs, problems).

    ``public_routes`` are for people without a key, and no part of the API.
    ``services`` are injected by name into the handlers that ask for them, as are ``keys``, ``claims``, ``cursors``,
    ``settings``, ``checkup`` and ``registry``.
    """
    keys = ApiKeys(on.pool, on.clock)
    uses = KeyUses(keys)
    claims = Claims(on.pool, Sealer(on.master_key), on.clock)
    injected = {
        "keys": keys,
        "cursors": Cursors(on.master_key),
        "claims": claims,
        "settings": on.settings,
        "checkup": Checkup([DatabaseProbe(on.pool), SchemaProbe(on.pool), *on.probes]),
        "registry": on.registry,
        **services,
    }
    router = _router((*key_routes, *routes), tuple(public_routes), frozenset(injected))
    return Application(router, _layers(router, on, injected, keys, uses), _duties(uses, claims))


@cache
def _router(
    routes: tuple[ControllerRouterHandler, ...],
    public_routes: tuple[ControllerRouterHandler, ...],
    names: frozenset[str],
) -> Litestar:
    """The router of all applications that have these routes and services of these names."""
    return Litestar(
        [
            Router(API, route_handlers=[*allowed_methods(routes), *routes]),
            *allowed_methods(public_routes),
            *public_routes,
            problem_pages,
            *health_routes,
            *docs_routes(lambda: build_document(routes, names, version("liftoff"))),
        ],
        dependencies={name: provided(name) for name in names},
        middleware=[RequiredScope(), PathIdsInLog(), BodyLimit(), Idempotency()],
        exception_handlers={Exception: answer_problem},
        request_class=ApiRequest,
        request_max_body_size=None,  # BodyLimit counts
        openapi_config=None,  # docs_routes serve it
        logging_config=None,  # service.logging configures all logs
        debug=False,
        pdb_on_exception=False,
    )


def _layers(
    router: ASGIApp, on: Foundation, services: Mapping[str, object], keys: ApiKeys, uses: KeyUses
) -> ASGIApp:
    """What surrounds the router, from the inside out. Unlike its middleware, they see what it refuses (404, 405)."""
    settings = on.settings
    buckets = TokenBuckets(
        per_second=settings.rate_limit_per_second, burst=settings.rate_limit_burst, clock=on.clock
    )
    app: ASGIApp = Injection(router, services)
    app = AcceptableUrl(app)
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

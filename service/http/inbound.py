"""``/api/inbound``: where a mail provider delivers what came back: answers, delivery reports, complaints.

There is no API key: each delivery is signed with a secret of the operator's (Standard Webhooks). Without such a secret
nothing is there.
"""

from __future__ import annotations

from typing import Final

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.types import ControllerRouterHandler

from service.channels.standard_webhooks import NotAuthentic
from service.http.authentication import INBOUND
from service.http.problems import Problem
from service.http.requests import ApiRequest
from service.inbound.notices import Malformed
from service.inbound.pushed import PushedMail


@post(INBOUND, status_code=200)
async def hear_inbound(request: ApiRequest, pushed_mail: NamedDependency[PushedMail]) -> Response[bytes]:
    """Take a delivery. What is of no interest here is taken too, so that the provider does not repeat it."""
    if not pushed_mail.is_expected:
        raise Problem.not_found()
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        await pushed_mail.take(headers, await request.body(), request.correlation_id)
    except NotAuthentic as refused:
        raise Problem("webhook-not-authentic", str(refused)) from None
    except Malformed as malformed:
        raise Problem("invalid-value", str(malformed)) from None
    return Response(b"", media_type="text/plain")


inbound_routes: Final[list[ControllerRouterHandler]] = [hear_inbound]

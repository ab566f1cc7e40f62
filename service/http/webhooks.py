"""``/webhooks/linkedin``: where the LinkedIn provider delivers its events.

There is no API key: the provider sends a secret of the operator's in a header. Without such a secret nothing is there.
"""

from __future__ import annotations

import hmac
from typing import Final

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.types import ControllerRouterHandler

from service.channels.linkedin.notices import Malformed, read_notice
from service.http.problems import Problem
from service.http.requests import ApiRequest
from service.senders.hearing import Hearing
from service.settings import Settings

SECRET_HEADER: Final = "Unipile-Auth"


@post("/webhooks/linkedin", status_code=200)
async def hear_linkedin(
    request: ApiRequest,
    settings: NamedDependency[Settings],
    hearing: NamedDependency[Hearing],
) -> Response[bytes]:
    """Take an event. What is of no interest here is taken too, so that the provider does not repeat it."""
    _require_secret(request, settings.linkedin_webhook_secret)
    try:
        notice = read_notice(await request.body())
    except Malformed as malformed:
        raise Problem("invalid-value", str(malformed)) from None
    if notice is not None:
        await hearing.hear(notice, request.correlation_id)
    return Response(b"", media_type="text/plain")


webhook_routes: Final[list[ControllerRouterHandler]] = [hear_linkedin]


def _require_secret(request: ApiRequest, secret: str | None) -> None:
    """Raises ``Problem`` ``not-found`` where no secret is set, ``webhook-not-authentic`` for another one."""
    if secret is None:
        raise Problem.not_found()
    given = request.headers.get(SECRET_HEADER, "")
    if not hmac.compare_digest(given.encode(), secret.encode()):
        raise Problem(
            "webhook-not-authentic", f"The header {SECRET_HEADER} does not hold the secret of this service."
        )

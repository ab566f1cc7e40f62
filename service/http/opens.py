"""``/opened/{token}``: the picture, one transparent pixel, in mails of campaigns that track opens.

Every request is answered alike, whatever the token: nobody learns from it whether a mail exists.
"""

from __future__ import annotations

from base64 import b64decode
from typing import Final

import structlog
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from service.caller import Caller
from service.channels.opens import OpenTokens
from service.database.pool import OUTAGES
from service.dispatch.opening import Opening
from service.http.requests import ApiRequest
from service.http.unsubscribe import RECIPIENT

PIXEL: Final = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")

_log = structlog.get_logger(__name__)


@get("/opened/{token:str}")
async def show_pixel(
    request: ApiRequest,
    token: FromPath[str],
    open_tokens: NamedDependency[OpenTokens],
    opening: NamedDependency[Opening],
) -> Response[bytes]:
    """The pixel; that it was fetched is kept once for each mail."""
    mail = open_tokens.verify(token)
    if mail is not None:
        try:
            caller = Caller(mail.workspace_id, RECIPIENT, request.correlation_id)
            await opening.record(caller, mail.lead_id, mail.send_id)
        except OUTAGES as error:
            _log.error("open_not_recorded", error=type(error).__name__)
    return Response(
        PIXEL,
        media_type="image/gif",
        headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"},
    )


open_routes: Final[list[ControllerRouterHandler]] = [show_pixel]

"""``/unsubscribe/{token}``: where the List-Unsubscribe header of every mail leads, and people who follow it (RFC 8058).

A GET shows a page with a button and changes nothing: mail scanners follow links. A POST unsubscribes, whether it comes
from the button or from a mail program. There is no key and no form to fill in; the token says who it is.
"""

from __future__ import annotations

from typing import Final

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from service.caller import Caller
from service.channels.unsubscribe import Subscription, UnsubscribeTokens
from service.dispatch.unsubscribing import Unsubscribing
from service.http.pages import as_response, page
from service.http.problems import Problem
from service.http.requests import ApiRequest

RECIPIENT: Final = "recipient"
"""Who acts: somebody who got a mail."""

_BUTTON: Final = (
    '<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click">'
    "<button>Unsubscribe</button></form>"
)
_ASK: Final = page("Unsubscribe", "<p>Do you want no more mail from the sender of this message?</p>", _BUTTON)
_DONE: Final = page("You are unsubscribed", "<p>Nothing more will be sent to you by this sender.</p>")


@get("/unsubscribe/{token:str}", sync_to_thread=False)
def show_button(token: FromPath[str], tokens: NamedDependency[UnsubscribeTokens]) -> Response[bytes]:
    """A page to unsubscribe on. Raises ``Problem`` ``not-found`` for a token that is not one of ours."""
    _subscription(tokens, token)
    return _private(as_response(_ASK))


@post("/unsubscribe/{token:str}", status_code=200)
async def unsubscribe(
    request: ApiRequest,
    token: FromPath[str],
    tokens: NamedDependency[UnsubscribeTokens],
    unsubscribing: NamedDependency[Unsubscribing],
) -> Response[bytes]:
    """Unsubscribe; the second time changes nothing. Raises ``Problem`` ``not-found``."""
    subscription = _subscription(tokens, token)
    caller = Caller(subscription.workspace_id, RECIPIENT, request.correlation_id)
    await unsubscribing.unsubscribe(caller, subscription.lead_id)
    return _private(as_response(_DONE))


unsubscribe_routes: Final[list[ControllerRouterHandler]] = [show_button, unsubscribe]


def _subscription(tokens: UnsubscribeTokens, token: str) -> Subscription:
    subscription = tokens.verify(token)
    if subscription is None:
        raise Problem.not_found()
    return subscription


def _private(response: Response[bytes]) -> Response[bytes]:
    """The address is a secret of its recipient: kept by no cache, told to no other site, listed nowhere."""
    response.headers.update(
        {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}
    )
    return response

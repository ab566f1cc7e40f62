"""Signed webhooks as Standard Webhooks has them (https://www.standardwebhooks.com, specification 1.0).

The headers ``webhook-id``, ``webhook-timestamp`` (seconds since 1970) and ``webhook-signature`` vouch for a body: the
signature is an HMAC-SHA256 over id, timestamp and body, joined by dots.
"""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

PREFIX: Final = "whsec_"
TOLERANCE: Final = timedelta(minutes=5)
"""How far the timestamp may be from now: an older delivery, recorded by somebody, can't be played again."""
_VERSION: Final = "v1"


class NotAuthentic(Exception):
    """The headers do not vouch for the body; says why."""


def verify(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
    """The id of an authentic delivery, the same each time it is repeated. Raises ``NotAuthentic``.

    ``secret`` is ``whsec_`` and base64; the names in ``headers`` are in lower case.
    """
    id_, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not id_ or not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > 12:
        raise NotAuthentic("The headers webhook-id and webhook-timestamp (seconds since 1970) are needed.")
    wanted = sign(secret, id_, timestamp, body)
    given = headers.get("webhook-signature", "").split()
    if not any(hmac.compare_digest(each.encode(), wanted.encode()) for each in given):
        raise NotAuthentic("No signature in the header webhook-signature is that of this service's secret.")
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE.total_seconds():
        raise NotAuthentic(
            "The header webhook-timestamp is more than 5 minutes from now; send it again, signed anew."
        )
    return id_


def sign(secret: str, id_: str, timestamp: str, body: bytes) -> str:
    """The signature of a delivery."""
    key = b64decode(secret.removeprefix(PREFIX))
    digest = hmac.digest(key, b".".join([id_.encode(), timestamp.encode(), body]), "sha256")
    return f"{_VERSION},{b64encode(digest).decode()}"

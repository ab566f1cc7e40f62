"""Pages of a long list: a cursor says where the next one begins, and means nothing to anyone but this service."""

from __future__ import annotations

import binascii
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Annotated, Final, TypeAlias, TypeVar

import msgspec
from litestar.params import QueryParameter

from domain.refusal import FieldError
from service.http.problems import Problem
from service.vault import MasterKey

LARGEST_PAGE: Final = 200
_SEAL_BYTES: Final = 16
_PURPOSE: Final = "page-cursor"

Limit: TypeAlias = Annotated[
    int, QueryParameter(name="limit", ge=1, le=LARGEST_PAGE, description="How many at most on this page.")
]
Cursor: TypeAlias = Annotated[
    str | None,
    QueryParameter(
        name="cursor",
        description="Where to go on: `next_cursor` of the page before, as it was given.",
        schema_extra={"pattern": "^[A-Za-z0-9_-]*$"},
    ),
]

Position = TypeVar("Position")


class Cursors:
    """Makes cursors and reads them back. They are signed, so what comes back is a place this service once named.

    ``listing`` says which list a cursor is for: its name, its workspace, and every filter it was asked with.
    """

    def __init__(self, master_key: MasterKey) -> None:
        self._key = master_key.derive(_PURPOSE)

    def write(self, listing: str, position: object) -> str:
        """The cursor for going on behind ``position`` (anything msgspec can encode)."""
        place = msgspec.msgpack.encode(position)
        return urlsafe_b64encode(self._seal(listing, place) + place).rstrip(b"=").decode()

    def read(self, listing: str, cursor: str, shape: type[Position]) -> Position:
        """The position in ``cursor``. Raises ``Problem`` ``invalid-cursor`` if it is not of this very ``listing``."""
        try:
            raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        except (binascii.Error, ValueError):
            raise _invalid() from None
        seal, place = raw[:_SEAL_BYTES], raw[_SEAL_BYTES:]
        if not hmac.compare_digest(seal, self._seal(listing, place)):
            raise _invalid()
        return msgspec.msgpack.decode(place, type=shape)

    def _seal(self, listing: str, place: bytes) -> bytes:
        return hmac.digest(self._key, listing.encode() + b"\0" + place, "sha256")[:_SEAL_BYTES]


def _invalid() -> Problem:
    return Problem(
        "invalid-cursor",
        "The cursor was altered, or belongs to another list or other filters.",
        errors=[FieldError("cursor", "This is no cursor of this list.")],
    )

"""Types that bodies and parameters share, with what the OpenAPI document says about them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, TypeAlias

from msgspec import Meta

from domain.refusal import FieldError, Invalid
from service.http.requests import LARGEST_INTEGER

Time: TypeAlias = Annotated[
    datetime,
    Meta(tz=True, description="RFC 3339; answers are in UTC, with `Z`.", examples=["2030-01-31T09:00:00Z"]),
]
Count: TypeAlias = Annotated[int, Meta(ge=0, le=LARGEST_INTEGER)]


def in_utc(time: datetime, path: str) -> datetime:
    """The same moment in UTC, as answers show it. Raises ``Invalid`` for one at the very edge of the calendar."""
    try:
        return time.astimezone(UTC)
    except OverflowError:
        raise Invalid(FieldError(path, "This moment is outside of the years 1 to 9999 in UTC.")) from None

"""Types that bodies and parameters share, with what the OpenAPI document says about them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeAlias

from msgspec import Meta

from service.http.requests import LARGEST_INTEGER

Time: TypeAlias = Annotated[
    datetime,
    Meta(tz=True, description="RFC 3339; answers are in UTC, with `Z`.", examples=["2030-01-31T09:00:00Z"]),
]
Count: TypeAlias = Annotated[int, Meta(ge=0, le=LARGEST_INTEGER)]

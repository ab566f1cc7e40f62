"""Answers that carry the version of what they show, so that a client can say in If-Match which one it means."""

from __future__ import annotations

from typing import Any, Final, TypeVar

from litestar import Response
from litestar.datastructures import ResponseHeader

from service.http.preconditions import etag

T = TypeVar("T")

VERSIONED: Final[dict[str, Any]] = {
    "response_headers": [
        ResponseHeader(
            name="ETag",
            value=etag(7),
            description="The version of the campaign, for `If-Match`.",
            documentation_only=True,
        )
    ]
}
"""The keyword arguments of a handler that answers ``versioned``."""


def versioned(body: T, version: int) -> Response[T]:
    """``body``, with the entity tag of ``version``."""
    return Response(body, headers={"ETag": etag(version)})

"""Moments as a client names them: a version, or a time."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec
from litestar.params import QueryParameter

from domain.refusal import FieldError
from service.http.problems import Problem
from service.http.values import Time
from service.past.moments import Moment

AsOf: TypeAlias = Annotated[
    str | None,
    QueryParameter(
        name="as_of", description="A version, or a time (RFC 3339): answers what was so at that moment."
    ),
]


def moment(text: str, name: str) -> Moment:
    """The moment that the parameter ``name`` tells. Raises ``Problem`` ``invalid-parameter``."""
    if text.isascii() and text.isdigit() and len(text) < 16:
        return int(text)
    try:
        return msgspec.convert(text, Time)
    except msgspec.ValidationError:
        message = "This is neither a version, as in 7, nor a time, as in 2030-01-31T09:00:00Z."
        raise Problem(
            "invalid-parameter", f"'{name}': {message}", errors=[FieldError(name, message)]
        ) from None

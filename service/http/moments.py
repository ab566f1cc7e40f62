"""Moments as a client names them: a version, or a time."""

from __future__ import annotations

from typing import Annotated, Any, Final, TypeAlias

from litestar.params import QueryParameter

from domain.refusal import FieldError
from service.http.problems import Problem
from service.past.moments import NO_MOMENT, Moment, read_moment

MOMENT: Final[dict[str, Any]] = {"anyOf": [{"pattern": "^[0-9]{1,15}$"}, {"format": "date-time"}]}
"""What the OpenAPI document says of a text that tells a moment."""

AsOf: TypeAlias = Annotated[
    str | None,
    QueryParameter(
        name="as_of",
        description="A version, or a time (RFC 3339): answers what was so at that moment.",
        schema_extra=MOMENT,
    ),
]


def moment(text: str, name: str) -> Moment:
    """The moment that the parameter ``name`` tells. Raises ``Problem`` ``invalid-parameter``."""
    found = read_moment(text)
    if found is None:
        message = f"This is {NO_MOMENT}."
        raise Problem("invalid-parameter", f"'{name}': {message}", errors=[FieldError(name, message)])
    return found

"""How a route under ``/api`` is declared: its name, the scope it needs, and the problems it can answer with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from litestar.types import Scope as AsgiScope
from msgspec import Struct

from service.access import Scope
from service.http.catalogue import PROBLEMS

SECURITY_SCHEME: Final = "apiKey"


class Operation(Struct, frozen=True, kw_only=True):
    """What Litestar does not know about a route. ``reads``: the media types of a body that is streamed, not decoded."""

    scope: Scope
    problems: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    request: object = None
    answer: object = None


def operation(
    operation_id: str,
    scope: Scope,
    *,
    problems: Sequence[str] = (),
    reads: Sequence[str] = (),
    request: object = None,
    answer: object = None,
) -> dict[str, Any]:
    """The keyword arguments that make a Litestar handler an operation of the API.

    ``operation_id`` is ``noun.verb``: the command line takes its commands from it. ``problems`` are codes of the
    catalogue beyond those any operation may answer with; ``request`` and ``answer`` are examples of the bodies.
    ``reads`` names the media types of a body the handler streams itself (and makes the limit for imports apply).
    """
    unknown = [code for code in problems if code not in PROBLEMS]
    if unknown:
        raise ValueError(f"{operation_id}: the catalogue has no problem {', '.join(unknown)}")
    declared = Operation(
        scope=scope, problems=tuple(problems), reads=tuple(reads), request=request, answer=answer
    )
    return {
        "operation_id": operation_id,
        "security": [{SECURITY_SCHEME: [scope.value]}],
        "opt": {"operation": declared},
    }


def operation_of(scope: AsgiScope) -> Operation | None:
    """The operation a request was routed to; None for the answers to OPTIONS, which Litestar gives by itself."""
    declared: Operation | None = scope["route_handler"].opt.get("operation")
    return declared

"""Errors as RFC 9457 problem details: whatever goes wrong, wherever, is answered in this one form."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import asyncpg
import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import HTTPScope, Message, Receive, Send

from domain.refusal import FieldError, Refusal
from service.http.catalogue import PROBLEMS
from service.http.layers import Layer
from service.http.problem_type import ProblemType
from service.http.request_context import request_id
from service.store.errors import AppendFailed

MEDIA_TYPE: Final = "application/problem+json"

# What is raised when there is no database to talk to (any more), as opposed to a database that refuses a statement.
_OUTAGES = (
    AppendFailed,
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
    asyncpg.TooManyConnectionsError,
)

_CODE_OF_STATUS: Final[Mapping[int, str]] = {
    404: "not-found",
    405: "method-not-allowed",
    413: "body-too-large",
    415: "unsupported-media-type",
}

_log = structlog.get_logger(__name__)


class Problem(Exception):
    """A refusal of the HTTP layer.

    ``code`` names an entry of the catalogue; ``detail`` is a sentence about this very occurrence; ``members`` are
    JSON-ready and extend the answer's body.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        members: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.type: ProblemType = PROBLEMS[code]
        self.detail = detail
        self.errors = tuple(errors)
        self.members = dict(members or {})
        self.headers = _usual_headers(self.type) | dict(headers or {})

    @classmethod
    def not_found(cls) -> Problem:
        """The one answer for what does not exist, is not an id, or belongs to another workspace."""
        return cls("not-found", "There is nothing at this address, or nothing that this key may see.")

    def body(self, scope: HTTPScope) -> bytes:
        """The problem details as JSON; members that RFC 9457 defines win over extensions of the same name."""
        details = self.members | {
            "type": self.type.path,
            "title": self.type.title,
            "status": self.type.status,
            "detail": self.detail,
            "instance": scope["path"],
            "code": self.type.code,
            "request_id": request_id(scope),
        }
        if self.errors:
            details["errors"] = self.errors
        return msgspec.json.encode(details)


def _usual_headers(of: ProblemType) -> dict[str, str]:
    return {} if of.retry_after is None else {"Retry-After": str(of.retry_after)}


def problem_of(error: Exception) -> Problem:
    """What ``error`` looks like to the client. Of an unexpected one nothing is told but that it happened."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, Refusal):
        if error.code == "not-found":
            return Problem.not_found()
        return Problem(error.code, error.message, errors=error.errors, members=error.evidence)
    if isinstance(error, HTTPException) and error.status_code < 500:
        return _problem_of_framework(error)
    if isinstance(error, _OUTAGES):
        return Problem(
            "service-unavailable",
            "Something the service needs does not answer at the moment.",
        )
    return Problem(
        "internal-error", "The request failed for a reason that is not yours. It has been recorded."
    )


def answer_problem(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Litestar's exception handler for everything."""
    problem = _recorded(error)
    return Response(
        problem.body(request.scope),
        status_code=problem.type.status,
        media_type=MEDIA_TYPE,
        headers=problem.headers,
    )


class ProblemBoundary(Layer):
    """Answers what is raised by the layers around the router, where Litestar's own handler does not reach."""

    async def handle(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Answer an error, or if the answer has begun already, let the server break the connection."""
        started = False

        async def watched_send(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive, watched_send)
        except Exception as error:
            if started:
                raise
            await _send_problem(_recorded(error), scope, send)


async def _send_problem(problem: Problem, scope: HTTPScope, send: Send) -> None:
    body = problem.body(scope)
    headers = problem.headers | {"content-type": MEDIA_TYPE, "content-length": str(len(body))}
    await send(
        {
            "type": "http.response.start",
            "status": problem.type.status,
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        }
    )
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _recorded(error: Exception) -> Problem:
    """The problem for the client, and a line in the log for a failure that nobody raised on purpose."""
    problem = problem_of(error)
    if problem.type.status >= 500 and not isinstance(error, Problem):
        _log.error("request failed", code=problem.type.code, exc_info=error)
    return problem


def _problem_of_framework(error: HTTPException) -> Problem:
    """Litestar's own refusals: routing, parameters, sizes."""
    if error.status_code == 404:
        return Problem.not_found()
    if isinstance(error, ValidationException):
        return _problem_of_validation(error)
    code = _CODE_OF_STATUS.get(error.status_code, "bad-request")
    return Problem(code, _sentence(error.detail), headers=error.headers)


def _problem_of_validation(error: ValidationException) -> Problem:
    """Wrong or missing parameters. Bodies are validated elsewhere, so that ``data`` can only be missing altogether."""
    entries = error.extra if isinstance(error.extra, list) else []
    if any(entry.get("key") == "data" for entry in entries):
        return Problem(
            "invalid-value", "A JSON body is needed.", errors=[FieldError("", "The body is missing.")]
        )
    errors = [FieldError(str(entry.get("key", "")), str(entry["message"])) for entry in entries]
    return Problem("invalid-parameter", _sentence(error.detail), errors=errors)


def _sentence(detail: str) -> str:
    """Litestar's words without the address, which the client knows."""
    return re.split(r" for (?:path )?", detail, maxsplit=1)[0] + "."

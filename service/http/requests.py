"""What a request may hold: strictly typed JSON, and nothing that can't be stored or would be rounded on the way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any, Final, get_args, get_origin
from urllib.parse import parse_qsl
from uuid import UUID

import msgspec
from litestar import Request
from litestar.datastructures import State
from litestar.types import HTTPScope, Receive, Send
from msgspec.structs import FieldInfo

from domain.refusal import FieldError
from service.http.authentication import KeyHolder
from service.http.layers import Layer
from service.http.problems import Problem
from service.http.request_context import correlation_id, request_id

LARGEST_INTEGER: Final = 2**53 - 1
DEEPEST_NESTING: Final = 32
SHOWN_ERRORS: Final = 100
_JSON = re.compile(r"application/(?:[a-z0-9.-]+\+)?json")
_WHERE = re.compile(r" - at `\$\.?(?P<path>.*)`$")


class ApiRequest(Request[None, KeyHolder, State]):
    """A request under ``/api``: knows its caller, and reads its JSON body strictly (``"1"`` is no integer)."""

    @property
    def caller(self) -> KeyHolder:
        """Who asks."""
        return self.auth

    @property
    def request_id(self) -> str:
        """The id of this request, as in ``X-Request-Id``."""
        return request_id(self.scope)

    @property
    def correlation_id(self) -> UUID:
        """The id of this request for the event log."""
        return correlation_id(self.scope)

    async def json(self) -> Any:
        """The body as the type of the handler's parameter ``data``. Raises ``Problem`` for anything else.

        Litestar would convert the values of the body leniently; it leaves alone what has the right type already.
        """
        media_type, _ = self.content_type
        if media_type and not _JSON.fullmatch(media_type.lower()):
            raise Problem("unsupported-media-type", "The body must be sent as application/json.")
        return decode(await self.body(), self.route_handler.parsed_fn_signature.parameters["data"].raw)


class AcceptableUrl(Layer):
    """Refuses addresses with NUL characters, for which Postgres has no place, and parameters that say ``null``.

    Litestar would take ``?status=null`` for a status that was left out, and answer with everything.
    """

    async def handle(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Raises ``Problem`` ``not-found`` or ``invalid-parameter``."""
        if "\0" in scope["path"]:
            raise Problem.not_found()
        if query := scope["query_string"]:
            _require_acceptable(query)
        await self.app(scope, receive, send)


def _require_acceptable(query: bytes) -> None:
    if b"%00" in query:
        raise Problem("invalid-parameter", "A parameter of the query holds a NUL character.")
    if errors := list(_nulls(query)):
        raise Problem("invalid-parameter", _summary(errors), errors=errors)


def _nulls(query: bytes) -> Iterator[FieldError]:
    for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        if value.lower() == "null":
            yield FieldError(name, "A parameter is left out, or has a value; it is never null.")


def decode(body: bytes, expected: Any) -> Any:
    """``body`` (JSON in UTF-8) as a value of the type ``expected``.

    Raises ``Problem`` ``malformed-json``, or ``invalid-value`` naming up to ``SHOWN_ERRORS`` things that are wrong.
    """
    document = _parse(body)
    if errors := list(islice(unacceptable(document), SHOWN_ERRORS)):
        raise Problem("invalid-value", _summary(errors), errors=errors)
    try:
        return msgspec.convert(document, expected)
    except msgspec.ValidationError as error:
        errors = list(islice(_shape_errors(document, expected, ""), SHOWN_ERRORS)) or [
            _field_error(error, "")
        ]
        raise Problem("invalid-value", _summary(errors), errors=errors) from None


def unacceptable(value: object, path: str = "") -> Iterator[FieldError]:
    """What no body and no imported row may hold, whatever its shape.

    NUL characters (Postgres has no place for them), integers that a reader with 64-bit floats would round, and nesting
    that would exhaust a stack.
    """
    pending: list[tuple[str, object, int]] = [(path, value, 0)]
    while pending:
        at, item, depth = pending.pop()
        if isinstance(item, str):
            if "\0" in item:
                yield FieldError(at, "A text can't hold a NUL character.")
        elif isinstance(item, int):
            if abs(item) > LARGEST_INTEGER:
                yield FieldError(at, f"An integer is at most {LARGEST_INTEGER}.")
        elif isinstance(item, (dict, list)) and depth == DEEPEST_NESTING:
            yield FieldError(at, f"Values are nested at most {DEEPEST_NESTING} deep.")
        elif isinstance(item, list):
            pending += [(f"{at}[{index}]", member, depth + 1) for index, member in enumerate(item)]
        elif isinstance(item, dict):
            if any("\0" in name for name in item):
                yield FieldError(at, "A name can't hold a NUL character.")
            pending += [(_join(at, name), member, depth + 1) for name, member in item.items()]


def _parse(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except UnicodeDecodeError as error:
        raise Problem("malformed-json", f"The body is not UTF-8 (byte {error.start}).") from None
    except RecursionError:
        raise Problem("malformed-json", f"Values are nested at most {DEEPEST_NESTING} deep.") from None
    except msgspec.DecodeError as error:
        raise Problem("malformed-json", f"{error}.") from None


def _shape_errors(document: object, expected: Any, path: str) -> Iterator[FieldError]:
    """Each field that is wrong, where msgspec would stop at the first."""
    shape = get_args(expected)[0] if get_origin(expected) is Annotated else expected
    if isinstance(document, dict) and isinstance(shape, type) and issubclass(shape, msgspec.Struct):
        yield from _field_errors(document, shape, path)
        return
    try:
        msgspec.convert(document, expected)
    except msgspec.ValidationError as error:
        yield _field_error(error, path)


def _field_errors(
    document: dict[str, object], shape: type[msgspec.Struct], path: str
) -> Iterator[FieldError]:
    fields = {field.encode_name: field for field in msgspec.structs.fields(shape)}
    if shape.__struct_config__.forbid_unknown_fields:
        for name in document.keys() - fields.keys():
            yield FieldError(_join(path, name), "There is no such field.")
    for name, field in fields.items():
        if name in document:
            yield from _shape_errors(document[name], field.type, _join(path, name))
        elif _is_required(field):
            yield FieldError(_join(path, name), "This field is required.")


def _is_required(field: FieldInfo) -> bool:
    return field.default is msgspec.NODEFAULT and field.default_factory is msgspec.NODEFAULT


def _field_error(error: msgspec.ValidationError, path: str) -> FieldError:
    message = str(error)
    if where := _WHERE.search(message):
        message, path = message[: where.start()], _join(path, where["path"])
    return FieldError(path, f"{message}.")


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path and not name.startswith("[") else f"{path}{name}"


def _summary(errors: list[FieldError]) -> str:
    first = errors[0]
    place = f"'{first.path}': " if first.path else ""
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{place}{first.message}{more}"

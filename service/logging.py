"""Structured logs: one JSON object a line, carrying the ids of what is being worked on.

Ids are bound with ``bound``; they are all that a line may say about people. Of an error its types and places are
written, never its message: a database quotes the offending row in it.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterator, Mapping, MutableMapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import IO, Any, Final, Literal, TypeAlias
from uuid import UUID

import structlog

Level: TypeAlias = Literal["debug", "info", "warning", "error"]
_Line: TypeAlias = MutableMapping[str, Any]

_OURS: Final = "service"
_PLACES_PER_ERROR: Final = 20
# What Postgres says about an error without quoting anybody's data.
_SAFE_DETAILS: Final = ("sqlstate", "table_name", "constraint_name")

_Ids: TypeAlias = Mapping[str, UUID | int | str]
_known: ContextVar[_Ids] = ContextVar("known", default=MappingProxyType({}))
"""What every line carries, in one variable. The library has one for each name, to be searched for: 33 µs a request."""


def configure_logging(level: Level = "info", stream: IO[str] | None = None) -> None:
    """Write all logs of the process, also those of libraries that use ``logging``, to ``stream`` (default: stderr)."""
    threshold = logging.getLevelNamesMapping()[level.upper()]
    shared: list[structlog.typing.Processor] = [
        _add_ids,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _describe_error,
    ]
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, _keep_first_line],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    # Libraries speak from warnings up: what they chat about may hold the addresses of people.
    root.setLevel(max(threshold, logging.WARNING))
    logging.getLogger(_OURS).setLevel(threshold)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


class bound:  # noqa: N801 - reads like a function, and is not one, for a generator takes longer than what it does
    """Every line logged inside the ``with`` block, also by what is called in it, carries the ids that are known.

    The names in use: ``request_id``, ``workspace_id``, ``key_id``, ``campaign_id``, ``lead_id``, ``sender_id``,
    ``run_id``, ``epoch``.
    """

    __slots__ = ("_before", "_ids")

    def __init__(self, **ids: UUID | int | str) -> None:
        self._ids = ids

    def __enter__(self) -> None:
        self._before = _known.set({**_known.get(), **self._ids})

    def __exit__(self, *_: object) -> None:
        _known.reset(self._before)


def _add_ids(_logger: object, _method: str, line: _Line) -> _Line:
    """Give a line the ids that are known, but for those it tells itself."""
    told = {name: str(value) if isinstance(value, UUID) else value for name, value in _known.get().items()}
    return {**told, **line}


def _describe_error(_logger: object, _method: str, line: _Line) -> _Line:
    """Replace ``exc_info`` (an exception, its triple, or True for the present one) by the chain of types and places."""
    given = line.pop("exc_info", None)
    if given is True:
        given = sys.exc_info()
    error = given[1] if isinstance(given, tuple) else given
    if error is not None:
        line["error"] = [_link(each) for each in _chain(error)]
    return line


def _keep_first_line(_logger: object, _method: str, line: _Line) -> _Line:
    """Of a library's message: the event loop, for one, prints a whole failed task into the lines that follow."""
    line["event"] = str(line["event"]).partition("\n")[0]
    return line


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and those it came from."""
    present: BaseException | None = error
    while present is not None:
        yield present
        present = present.__cause__ or (None if present.__suppress_context__ else present.__context__)


def _link(error: BaseException) -> dict[str, object]:
    frames = traceback.extract_tb(error.__traceback__)[-_PLACES_PER_ERROR:]
    details = {name: getattr(error, name, None) for name in _SAFE_DETAILS}
    return {
        "type": f"{type(error).__module__}.{type(error).__qualname__}",
        "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
        **{name: value for name, value in details.items() if value},
    }

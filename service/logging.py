"""Structured logs: one JSON object a line on stderr, carrying the ids of what is being worked on.

Ids are bound with ``bound``; they are all a line may say about people. Of an error its types and places are written,
never its message: a database quotes the offending row in it.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import MutableMapping
from contextlib import AbstractContextManager
from typing import IO, Any, Literal, TypeAlias
from uuid import UUID

import structlog
from structlog.contextvars import bound_contextvars

Level: TypeAlias = Literal["debug", "info", "warning", "error"]
_FRAMES_PER_ERROR = 20


def configure_logging(level: Level = "info", stream: IO[str] | None = None) -> None:
    """Write all logs of the process, also those of libraries that use ``logging``, to ``stream`` (default: stderr)."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _name_errors,
    ]
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


def bound(**ids: UUID | int | str | None) -> AbstractContextManager[None]:
    """Every line logged inside the ``with`` block, also by what is called in it, carries the ids that are known.

    The names in use: ``request_id``, ``workspace_id``, ``key_id``, ``campaign_id``, ``lead_id``, ``sender_id``,
    ``run_id``, ``epoch``.
    """
    known = {name: value for name, value in ids.items() if value is not None}
    return bound_contextvars(
        **{name: str(value) if isinstance(value, UUID) else value for name, value in known.items()}
    )


def _name_errors(logger: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace an exception by the chain of its types and places."""
    error = event.pop("exc_info", None)
    if error is True or (error and not isinstance(error, (BaseException, tuple))):
        error = sys.exc_info()
    if isinstance(error, tuple):
        error = error[1]
    if error is not None:
        event["error"] = _chain(error)
    return event


def _chain(error: BaseException) -> list[dict[str, object]]:
    links = []
    seen: BaseException | None = error
    while seen is not None:
        links.append(_link(seen))
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return links


def _link(error: BaseException) -> dict[str, object]:
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES_PER_ERROR:]
    link: dict[str, object] = {
        "type": f"{type(error).__module__}.{type(error).__qualname__}",
        "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }
    # What Postgres says without quoting anybody's data.
    for name in ("sqlstate", "table_name", "constraint_name"):
        if value := getattr(error, name, None):
            link[name] = value
    return link

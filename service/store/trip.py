"""One call of the log's append function: requests travel as columns, outcomes come back as rows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID

import msgspec
from msgspec import Struct

from service.database.pool import Connection
from service.database.statements import statements
from service.store.appends import (
    Append,
    Appended,
    AppendIdReused,
    At,
    Conflict,
    Expectation,
    Fenced,
    New,
    Outcome,
    StreamWrite,
)
from service.store.codec import Codec

_queries: Any = statements(Path(__file__).with_name("log.sql"))
_content = msgspec.json.Encoder(order="deterministic")

Key: TypeAlias = tuple[UUID, str]
"""A stream of a workspace."""


class EncodedEvent(Struct, frozen=True):
    """An event as it will be stored."""

    event_id: UUID
    type: str
    schema: int
    payload: bytes


class Request(Struct, frozen=True):
    """An append made ready to travel, by its own caller: so that what is wrong with it is told to nobody else."""

    append: Append
    events: Sequence[EncodedEvent]
    digest: bytes | None
    written: frozenset[Key]
    raised: frozenset[Key]
    guarded: frozenset[Key]


def prepare(append: Append, codec: Codec, new_id: Callable[[], UUID]) -> Request:
    """Encode an append. Raises ``UnknownEvent``, and ``ValueError`` for one that can't be answered.

    The digest is a SHA-256 over what the append says, but not over what differs between two attempts to say it: time,
    correlation and event ids.
    """
    workspace_id = append.workspace_id
    written = frozenset((workspace_id, write.stream) for write in append.writes)
    if len(written) < len(append.writes):
        raise ValueError(
            "an append writes each of its streams once: put the events of a stream into one write"
        )
    events = [
        EncodedEvent(new_id(), event.type, event.schema, codec.encode(event))
        for write in append.writes
        for event in write.events
    ]
    if not events:
        raise ValueError("an append without events has nothing to store: don't send it")
    return Request(
        append=append,
        events=events,
        digest=None if append.append_id is None else _digest(append, events),
        written=written,
        raised=frozenset(
            (workspace_id, write.stream) for write in append.writes if write.raise_fence is not None
        ),
        guarded=frozenset(() if append.guard is None else [(workspace_id, append.guard.stream)]),
    )


async def call(connection: Connection, requests: Sequence[Request]) -> list[Outcome]:
    """Send the requests in one call; their outcomes in the same order. Raises what asyncpg raises."""
    rows = [row async for row in _queries.append(connection, **_columns(requests))]
    answers = {row["request"]: row for row in rows}
    return [_outcome(request, answers[number]) for number, request in enumerate(requests, start=1)]


def _columns(requests: Sequence[Request]) -> dict[str, list[Any]]:
    numbered = [(number, request.append) for number, request in enumerate(requests, start=1)]
    contexts = [append.context for _, append in numbered]
    named = [(number, append.append_id) for number, append in numbered if append.append_id is not None]
    guards = [(number, append.guard) for number, append in numbered if append.guard is not None]
    writes = [(number, write) for number, append in numbered for write in append.writes]
    events = [event for request in requests for event in request.events]
    return {
        "workspaces": [append.workspace_id for _, append in numbered],
        "epochs": [context.epoch for context in contexts],
        "actors": [context.actor for context in contexts],
        "correlation_ids": [context.correlation_id for context in contexts],
        "causation_ids": [context.causation_id for context in contexts],
        "times": [context.recorded_at for context in contexts],
        "named_requests": [number for number, _ in named],
        "append_ids": [append_id for _, append_id in named],
        "digests": [request.digest for request in requests if request.digest is not None],
        "guard_requests": [number for number, _ in guards],
        "guard_streams": [guard.stream for _, guard in guards],
        "guard_epochs": [guard.epoch for _, guard in guards],
        "requests": [number for number, _ in writes],
        "write_streams": [write.stream for _, write in writes],
        "expected": [_expected_version(write.expected) for _, write in writes],
        "raised_fences": [write.raise_fence for _, write in writes],
        "counts": [len(write.events) for _, write in writes],
        "event_ids": [event.event_id for event in events],
        "types": [event.type for event in events],
        "schema_versions": [event.schema for event in events],
        "payloads": [event.payload.decode() for event in events],
    }


def _expected_version(expected: Expectation) -> int | None:
    match expected:
        case New():
            return 0
        case At(version=version):
            return version
        case _:
            return None


def _digest(append: Append, events: Sequence[EncodedEvent]) -> bytes:
    context = append.context
    streams = [_stream_content(write) for write in append.writes]
    payloads = [(event.type, event.schema, msgspec.Raw(event.payload)) for event in events]
    content = (
        append.workspace_id,
        streams,
        payloads,
        append.guard,
        context.actor,
        context.causation_id,
        context.epoch,
    )
    return hashlib.sha256(_content.encode(content)).digest()


def _stream_content(write: StreamWrite) -> tuple[str, int | None, int | None, int]:
    return write.stream, _expected_version(write.expected), write.raise_fence, len(write.events)


def _outcome(request: Request, row: Mapping[str, Any]) -> Outcome:
    append = request.append
    match row["outcome"]:
        case "appended" | "repeated" as outcome:
            return Appended(
                versions={
                    write.stream: version
                    for write, version in zip(append.writes, row["versions"], strict=True)
                },
                event_ids=row["event_ids"] or [event.event_id for event in request.events],
                positions=row["positions"],
                repeated=outcome == "repeated",
            )
        case "conflict":
            return Conflict(stream=row["stream"], actual=row["actual"])
        case "fenced":
            return Fenced(stream=row["stream"], fence=row["actual"], epoch=row["epoch"])
        case "append-id-reused" if append.append_id is not None:
            return AppendIdReused(append_id=append.append_id)
        case unknown:
            raise ValueError(
                f"the log's append function answered {unknown!r}: program and database don't fit together"
            )

"""Between events and the bytes of the log: a registry of event classes, and upcasters for what older versions wrote."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import Any

import asyncpg
import msgspec

from domain.event import Event, Recorded, Upcast, Upcaster
from service.store.errors import UnknownEvent, UnreadableEvent

_encoder = msgspec.json.Encoder(
    order="deterministic"
)  # equal events give equal bytes, also of sets and dicts
_stored = itemgetter("type", "schema_version", "payload")
_place = itemgetter("position", "workspace_id", "stream", "version", "event_id", "recorded_at")
_context = itemgetter("actor", "correlation_id", "causation_id", "epoch")


class Codec:
    """All events the program knows. Raises ``ValueError`` when types collide or an older version can't be read."""

    def __init__(self, events: Iterable[type[Event]], upcasters: Iterable[Upcaster] = ()) -> None:
        self._classes = _by_type(events)
        self._upcasters = _by_version(upcasters, self._classes)
        self._decoders = {name: msgspec.json.Decoder(event) for name, event in self._classes.items()}

    def encode(self, event: Event) -> bytes:
        """The payload to store. Raises ``UnknownEvent``: what could not be read again is not written."""
        if self._classes.get(event.type) is not type(event):
            raise UnknownEvent(
                f"{type(event).__name__} (type '{event.type}') is not among the codec's events: add it"
            )
        return _encoder.encode(event)

    def decode(self, type_: str, schema: int, payload: str | bytes) -> Event:
        """The event a payload holds, brought to its present shape. Raises ``UnknownEvent``, ``UnreadableEvent``."""
        known = self._classes.get(type_)
        if known is None or not 1 <= schema <= known.schema:
            raise UnknownEvent(
                f"the log holds '{type_}' of version {schema}, which this program doesn't know: run a newer one"
            )
        try:
            if schema == known.schema:
                return self._decoders[type_].decode(payload)
            return msgspec.convert(
                self._upcast(type_, schema, known.schema, msgspec.json.decode(payload)), known
            )
        except (msgspec.ValidationError, msgspec.DecodeError) as error:
            raise UnreadableEvent(
                f"an event '{type_}' of version {schema} is not as declared: {error}"
            ) from error

    def recorded(self, row: asyncpg.Record | Mapping[str, Any]) -> Recorded:
        """A row of the log as an event. Raises ``UnknownEvent`` and ``UnreadableEvent``, with the event's place."""
        position, workspace_id, stream, version, event_id, recorded_at = _place(row)
        actor, correlation_id, causation_id, epoch = _context(row)
        try:
            event = self.decode(*_stored(row))
        except (UnknownEvent, UnreadableEvent) as error:
            error.add_note(f"at position {position}: version {version} of stream {stream}")
            raise
        return Recorded(
            position=position,
            workspace_id=workspace_id,
            stream=stream,
            version=version,
            event_id=event_id,
            recorded_at=recorded_at,
            actor=actor,
            correlation_id=correlation_id,
            causation_id=causation_id,
            epoch=epoch,
            event=event,
        )

    def _upcast(self, type_: str, schema: int, newest: int, payload: dict[str, Any]) -> dict[str, Any]:
        for version in range(schema, newest):
            payload = self._upcasters[type_, version](payload)
        return payload


def _by_type(events: Iterable[type[Event]]) -> dict[str, type[Event]]:
    classes: dict[str, type[Event]] = {}
    for event in events:
        if (other := classes.setdefault(event.type, event)) is not event:
            raise ValueError(f"{other.__name__} and {event.__name__} have the same type '{event.type}'")
    return classes


def _by_version(
    upcasters: Iterable[Upcaster], classes: Mapping[str, type[Event]]
) -> dict[tuple[str, int], Upcast]:
    steps: dict[tuple[str, int], Upcast] = {}
    older = {(name, version) for name, event in classes.items() for version in range(1, event.schema)}
    for upcaster in upcasters:
        step = (upcaster.type, upcaster.from_version)
        if step in steps:
            raise ValueError(f"two upcasters from version {step[1]} of '{step[0]}'")
        if step not in older:
            raise ValueError(
                f"an upcaster from version {step[1]} of '{step[0]}', which is not an older version"
            )
        steps[step] = upcaster.upcast
    if missing := sorted(older - steps.keys()):
        raise ValueError(f"no upcaster from version {missing[0][1]} of '{missing[0][0]}'")
    return steps

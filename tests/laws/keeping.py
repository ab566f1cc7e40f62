"""Laws of what is kept: events come back from their bytes, and from the bytes of older programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from domain.event import Event, Recorded, Upcaster
from domain.upcasters import UPCASTERS
from service.composition import EVENTS
from service.store.codec import Codec
from tests.kit import events, histories
from tests.laws.law import Law


def _bytes_come_back(codec: Codec, event: Event) -> None:
    payload = codec.encode(event)
    read = codec.decode(event.type, event.schema, payload)
    assert read == event
    assert codec.encode(read) == payload


def _upcast_then_fold_is_fold(upcasters: Sequence[Upcaster], life: histories.Life) -> None:
    history = histories.live(life).history
    codec = Codec(EVENTS, upcasters)
    read = [_written_at_first(codec, recorded) for recorded in history]
    assert histories.states(read) == histories.states(history)
    assert read == history


def _written_at_first(codec: Codec, recorded: Recorded) -> Recorded:
    """The event as it is read when a program of version 1 wrote it; what version 1 could not say, stays as it is."""
    event = recorded.event
    payload = msgspec.json.decode(codec.encode(event))
    if event.schema == 1 or not _could_be_said(payload):
        return recorded
    older = {name: value for name, value in payload.items() if name not in _LATER}
    return replace(recorded, event=codec.decode(event.type, 1, msgspec.json.encode(older)))


_LATER: Final = {"action": "email", "evidence": None}
"""Fields that joined events with a new version, and the one value that older programs meant."""


def _could_be_said(payload: dict[str, Any]) -> bool:
    return all(payload.get(name, meant) == meant for name, meant in _LATER.items())


LAWS: Final[tuple[Law[Any, Any], ...]] = (
    Law(
        "an event comes back from its bytes, to the same bytes",
        Codec(EVENTS, UPCASTERS),
        events.any_event(),
        _bytes_come_back,
    ),
    Law("upcast, then folded, is folded as it was", UPCASTERS, histories.lives, _upcast_then_fold_is_fold),
)

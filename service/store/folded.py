"""A stream that was folded before: kept with the event it ended with, it is gone on with instead of folded anew."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeAlias, TypeVar
from uuid import UUID

from msgspec import Struct

from domain.event import Recorded
from service.store.codec import Codec

State = TypeVar("State")
Fold: TypeAlias = Callable[[Iterable[Recorded], State | None], State | None]
Row: TypeAlias = Mapping[str, Any]
"""An event as it is stored, by the names of the log's columns."""


class Folded(Struct, Generic[State], frozen=True):
    """A stream as far as it was read: its state, and the event that it ended with. Without arguments: not at all."""

    state: State | None = None
    version: int = 0
    event_id: UUID | None = None

    def after(self, events: Sequence[Row], fold: Fold[State], codec: Codec) -> Folded[State] | None:
        """The stream with its ``events`` from ``version`` on, so the first of them is the one that it ended with.

        None if it is not: the database was set back to another history, and the stream has to be read from its
        beginning. Raises as ``Codec.recorded`` does.
        """
        if self.version and (not events or events[0]["event_id"] != self.event_id):
            return None
        new = events[1:] if self.version else events
        if not new:
            return self
        state = fold([codec.recorded(event) for event in new], self.state)
        return Folded(state, new[-1]["version"], new[-1]["event_id"])

"""What a read model is: the facts events tell, a pure step from fact to state, and the row a state is laid out in.

A projection is data and pure functions. Whoever drives it loads the rows a batch of events speaks of, folds (see
``projections.fold``) and writes back what changed, in the transaction that moves the checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Generic, TypeAlias, TypeVar
from uuid import UUID

from msgspec import Struct

from domain.event import Recorded

State = TypeVar("State")
Row = TypeVar("Row", bound=Struct)
Fact = TypeVar("Fact")

Key: TypeAlias = tuple[UUID, UUID]
"""A workspace, and the id of a thing in it: the first two columns of every table of rows."""

SumName: TypeAlias = tuple[Hashable, ...]
"""What names one sum: the values of the key columns of its table."""


class Table(Struct, frozen=True):
    """A table that a projection owns, and the columns that are its key."""

    name: str
    key: tuple[str, ...]


class Sums(Struct, Generic[State], frozen=True, kw_only=True):
    """A table of sums over all states of a projection; a sum that is zero has no row.

    The key of ``table`` names a sum, the sum itself is the column ``n``. ``terms`` names the sums that one state adds
    1 to: a function of the state alone, so that the table follows from the rows.
    """

    table: Table
    terms: Callable[[Key, State], Iterable[SumName]]


class Projection(Struct, Generic[State, Row, Fact], frozen=True, kw_only=True):
    """One read model: a table of rows, and the sums over them.

    ``streams``: how the names of the streams begin that it listens to (``domain.streams``); of others it hears
    nothing. ``facts`` answers what an event tells, and about which thing of its workspace; ``births`` are the types
    of fact that begin a thing, so that no row needs to be loaded for it. ``evolve`` is the state after one more fact
    (None: there is no such thing); it may raise: then the event is poison and stops the projection. ``lay_out`` and
    ``read`` turn a state into a row and back without loss; the fields of ``row`` are the columns of ``table``, in
    order. A new ``version`` is folded anew from the beginning of the log.
    """

    name: str
    version: int
    streams: tuple[str, ...]
    table: Table
    row: type[Row]
    births: tuple[type, ...]
    facts: Callable[[Recorded], Iterable[tuple[UUID, Fact]]]
    evolve: Callable[[Key, State | None, Fact, Recorded], State | None]
    lay_out: Callable[[Key, State], Row]
    read: Callable[[Row], tuple[Key, State]]
    sums: tuple[Sums[State], ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the table of rows."""
        return self.row.__struct_fields__

    @property
    def tables(self) -> tuple[Table, ...]:
        """All its tables."""
        return (self.table, *(sums.table for sums in self.sums))

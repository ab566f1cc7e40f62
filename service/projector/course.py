"""Which events of the log a replay takes for each projection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from domain.event import Recorded
from projections.catalogue import AnyProjection
from service.projector.skips import Skipped


class Course(Struct, frozen=True):
    """By projection, ``until`` which position events are taken, and the positions it leaves out."""

    until: Mapping[str, int]
    skipped: Skipped

    @property
    def last(self) -> int:
        """The last position of all."""
        return max(self.until.values(), default=0)

    @property
    def passing(self) -> frozenset[int]:
        """What every projection leaves out: it need not even be readable."""
        each = [self.skipped.get(name, frozenset()) for name in self.until]
        return frozenset.intersection(*each) if each else frozenset()

    def events(self, projection: AnyProjection, events: Iterable[Recorded], after: int = 0) -> list[Recorded]:
        """Those of the events above ``after`` that the projection takes."""
        until = self.until.get(projection.name, 0)
        skipped = self.skipped.get(projection.name, frozenset())
        return [
            event for event in events if after < event.position <= until and event.position not in skipped
        ]

    def only(self, projections: Sequence[AnyProjection]) -> Course:
        """The course of these alone."""
        names = {projection.name for projection in projections}
        return Course({name: at for name, at in self.until.items() if name in names}, self.skipped)

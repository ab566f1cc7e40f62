"""Which events of the log a replay takes for each projection."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from operator import attrgetter

from msgspec import Struct

from domain.event import Recorded
from projections.catalogue import AnyProjection
from service.projector.skips import Skipped

_position = attrgetter("position")


def between(events: Sequence[Recorded], after: int, until: int) -> Sequence[Recorded]:
    """Those of the events, which are in the order of the log, above ``after`` and up to ``until``."""
    start = bisect_right(events, after, key=_position)
    return events[start : bisect_right(events, until, start, key=_position)]


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

    def events(
        self, projection: AnyProjection, events: Sequence[Recorded], after: int = 0
    ) -> Sequence[Recorded]:
        """Those of the events above ``after``, in their order, that the projection takes."""
        until = self.until.get(projection.name, 0)
        skipped = self.skipped.get(projection.name, frozenset())
        taken = between(events, after, until)
        return [event for event in taken if event.position not in skipped] if skipped else taken

    def only(self, projections: Sequence[AnyProjection]) -> Course:
        """The course of these alone."""
        names = {projection.name for projection in projections}
        return Course({name: at for name, at in self.until.items() if name in names}, self.skipped)

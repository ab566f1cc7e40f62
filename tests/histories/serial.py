"""The order of positions explains the appends: one after the other in that order, each was legal, and none was late.

So appends to any number of streams are strictly serializable. What depends on each other (a stream, a fence and who
relies on it) is held by locks before positions are drawn, and what has ended before another begins has drawn before it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from tests.histories.history import Violation
from tests.histories.matching import StoredAppend


def illegal(appends: Sequence[StoredAppend]) -> Iterator[Violation]:
    """The appends, in the order of their positions, that should have been refused."""
    versions = defaultdict[str, int](int)
    fences = defaultdict[str, int](int)
    for append in appends:
        request = append.request
        for write in request.writes:
            if write.expected not in (None, versions[write.stream]):
                yield Violation(
                    "an append is stored at the version it expects",
                    f"{append} expected version {write.expected} of {write.stream}, not {versions[write.stream]}",
                )
            if request.epoch is not None and request.epoch < fences[write.stream]:
                yield _too_old(append, request.epoch, write.stream, fences[write.stream])
        if request.guard is not None and request.guard.epoch < fences[request.guard.stream]:
            yield _too_old(append, request.guard.epoch, request.guard.stream, fences[request.guard.stream])
        for write in request.writes:
            versions[write.stream] += len(write.numbers)
            fences[write.stream] = max(fences[write.stream], write.raises or 0)


def _too_old(append: StoredAppend, epoch: int, stream: str, fence: int) -> Violation:
    return Violation(
        "an older epoch can't write",
        f"{append} is of epoch {epoch}, and the fence of {stream} was already {fence}",
    )


def out_of_time(appends: Sequence[StoredAppend]) -> Iterator[Violation]:
    """The appends that began when others had been acknowledged, and yet come before them."""
    by_end = sorted(appends, key=lambda append: append.ended, reverse=True)
    latest: StoredAppend | None = None
    for append in sorted(appends, key=lambda append: append.began):
        while by_end and by_end[-1].ended < append.began:
            ended = by_end.pop()
            if latest is None or ended.entries[-1].position > latest.entries[-1].position:
                latest = ended
        if latest is not None and append.first < latest.entries[-1].position:
            yield Violation(
                "positions follow time",
                f"{append} began after {latest} was acknowledged, and comes before it",
            )

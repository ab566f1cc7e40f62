"""What must hold after any fault: nobody gets a step twice, nobody is lost, and the counters are what the log says."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Final
from uuid import UUID

from msgspec import Struct

from domain.event import Recorded
from domain.lead.events import (
    SendAccepted,
    SendDeferred,
    SendFailed,
    SendIntended,
    SendOutcomeUnknown,
    SendRefused,
)
from domain.upcasters import UPCASTERS
from projections.catalogue import ALL
from service.composition import EVENTS
from service.database.pool import Pool
from service.projector.freshness import Freshness
from service.projector.replay import replay_and_compare
from service.store.codec import Codec
from service.store.feed import Feed
from tests.faults.post_office import PostOffice

_TOLD: Final = (SendIntended, SendAccepted, SendDeferred, SendRefused, SendFailed, SendOutcomeUnknown)
_ENDS: Final = {"completed", "outcome_unknown", "bounced", "failed"}
_MANY: Final = 1_000_000
_PATIENCE_SECONDS: Final = 60.0


class Finding(Struct, frozen=True, kw_only=True):
    """What was found when everything was over.

    ``mails``: taken by the server. ``doubles``: of a step taken before. ``lost``: leads that are not at an end.
    ``untold``: mails taken of which the log says neither that they were accepted nor that this is unknown.
    ``invented``: sends accepted according to the log that the server never took. ``differing``: rows of the read models
    that differ from a fold of the log.
    """

    leads: int
    by_status: dict[str, int]
    mails: int
    doubles: int
    lost: int
    untold: int
    invented: int
    differing: int

    @property
    def unknown(self) -> int:
        """How many leads are left with a send of which nobody knows."""
        return self.by_status.get("outcome_unknown", 0)

    @property
    def breaches(self) -> dict[str, int]:
        """What should not be so."""
        found = {
            "steps sent twice": self.doubles,
            "leads lost": self.lost,
            "mails untold": self.untold,
            "mails invented": self.invented,
            "rows that differ": self.differing,
        }
        return {name: count for name, count in found.items() if count}


async def sends(pool: Pool) -> list[Recorded]:
    """What the log tells of sends, in its order."""
    events = (await _feed(pool).read(0, _MANY)).events
    return [recorded for recorded in events if isinstance(recorded.event, _TOLD)]


async def examine(pool: Pool, office: PostOffice, leads: int) -> Finding:
    """Hold the log, the read models (once they have caught up) and what the server took against each other."""
    await _caught_up(pool)
    told: defaultdict[type, set[UUID]] = defaultdict(set)
    for recorded in await sends(pool):
        assert isinstance(recorded.event, _TOLD)
        told[type(recorded.event)].add(recorded.event.send_id)
    taken = office.taken
    steps = Counter((mail.recipient, mail.is_follow_up) for mail in taken.elements())
    ids = {mail.send_id for mail in taken}
    rows = await pool.fetch("SELECT status, count(*) FROM leads GROUP BY status")
    by_status = {row["status"]: row["count"] for row in rows}
    return Finding(
        leads=leads,
        by_status=by_status,
        mails=taken.total(),
        doubles=sum(count - 1 for count in steps.values()),
        lost=leads - sum(count for status, count in by_status.items() if status in _ENDS),
        untold=len(ids - told[SendAccepted] - told[SendOutcomeUnknown]),
        invented=len(told[SendAccepted] - ids),
        differing=(await replay_and_compare(pool, _feed(pool))).differing,
    )


async def _caught_up(pool: Pool) -> None:
    upto = (await _feed(pool).read(0, _MANY)).upto
    assert await Freshness(pool).reached(upto, *ALL, patience=_PATIENCE_SECONDS), (
        "the read models stand still"
    )


def _feed(pool: Pool) -> Feed:
    return Feed(pool, Codec(EVENTS, UPCASTERS))

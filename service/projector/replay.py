"""The log folded anew from its beginning, into tables beside the real ones: to verify the read models or replace them.

Nobody is kept waiting meanwhile: requests read the real tables, and the projector goes on writing them. The tables
beside are temporary and belong to one transaction, which also puts rows in place: whether it is cancelled, killed or
cut off, nothing of it is left, and until its commit everybody reads the rows there were. A fold only makes rows, so
nothing is sent or called a second time.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Final

from msgspec import Struct

from projections.catalogue import ALL, AnyProjection
from service.database.pool import Connection, Pool
from service.projector import checkpoints, pages, tables
from service.projector.course import Course
from service.projector.difference import Difference
from service.projector.parting import Partings
from service.projector.refolding import Refolding, Told, unheard
from service.projector.skips import skipped
from service.projector.source import Source, WholeLog
from service.projector.tables import Extent
from service.store.feed import Feed

MOST_DIFFERENCES: Final = 1_000
"""So many of each table are named; all of them are counted, and replaced."""


class Replayed(Struct, frozen=True):
    """All ``events`` of the log up to ``position`` were folded; they amount to so many ``rows``."""

    position: int
    events: int
    rows: int


class Comparison(Struct, frozen=True, kw_only=True):
    """What the log amounts to, and where the read models differ from it.

    ``differing`` rows do; ``differences`` names the first of each table. ``course`` is what was compared.
    """

    replayed: Replayed
    differing: int
    differences: Sequence[Difference]
    course: Course


async def replay_and_compare(
    pool: Pool, feed: Feed, projections: Sequence[AnyProjection] = ALL, told: Told = unheard
) -> Comparison:
    """Fold the log anew up to where each read model stands, and compare row by row; nothing is changed.

    Raises ``Unfoldable``, and as ``Feed.read`` does.
    """
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
        # One snapshot of checkpoints and rows; the log is read outside of it, for its past doesn't change.
        refolding = Refolding(connection, WholeLog(pool, feed), projections, told)
        course = Course(await _standing(connection, projections), await skipped(connection, projections))
        await refolding.begin()
        await refolding.run(course)
        return await _compared(connection, refolding, projections, course)


async def repair(
    pool: Pool,
    source: Source,
    projections: Sequence[AnyProjection] = ALL,
    extent: Extent | None = None,
    told: Told = unheard,
    most_things: int = pages.MOST_THINGS,
) -> Comparison:
    """As ``replay_and_compare``, and put what the log amounts to in the place of the rows that differ.

    ``source`` has the events of all rows within ``extent``. Only while the last events are folded and the rows are
    compared the projector has to wait. A projection that had stopped is repaired up to there.
    Raises ``Unfoldable``, and as ``Feed.read`` does.
    """
    async with _beside(pool) as connection:
        refolding = Refolding(connection, source, projections, told, most_things)
        left_out = await skipped(connection, projections)
        await refolding.begin()
        await refolding.run(Course(await _standing(connection, projections), left_out))
        standing = {each.name: await checkpoints.seize(connection, each) for each in projections}
        course = Course(standing, left_out)
        await refolding.run(course)
        return await _replaced(connection, refolding, projections, course, extent)


async def rebuild(
    pool: Pool,
    feed: Feed,
    projections: Sequence[AnyProjection] = ALL,
    told: Told = unheard,
    most_things: int = pages.MOST_THINGS,
) -> Comparison:
    """Fold the whole log anew and put the outcome in the place of the read models, all at once or not at all.

    The copy catches up with the log while it grows; only for the last page, and while rows are compared and put in
    place, the projector has to wait. A projection that had stopped goes on.
    Raises ``Unfoldable``, and as ``Feed.read`` does.
    """
    async with _beside(pool) as connection:
        refolding = Refolding(connection, WholeLog(pool, feed), projections, told, most_things)
        left_out = await skipped(connection, projections)
        await refolding.begin()
        await _catch_up(connection, refolding, projections, left_out)
        standing = [await checkpoints.seize(connection, projection) for projection in projections]
        position = max(refolding.position, *standing)
        course = Course({projection.name: position for projection in projections}, left_out)
        await refolding.run(course)
        replaced = await _replaced(connection, refolding, projections, course)
        for projection in projections:
            await checkpoints.resume(connection, projection)
        await checkpoints.move(connection, projections, position)
        return replaced


async def trace(
    source: Source, comparison: Comparison, projections: Sequence[AnyProjection] = ALL
) -> list[Difference]:
    """The differences of a comparison, each with the event at which stored row and log part."""
    tables_that_differ = {difference.table for difference in comparison.differences}
    differing = [
        projection
        for projection in projections
        if any(table.name in tables_that_differ for table in projection.tables)
    ]
    partings = {each: Partings(each, comparison.differences) for each in differing}
    course = comparison.course.only(differing)
    async with aclosing(source.pages(0, course.last, course.passing)) as read:
        async for page in read:
            for projection, finding in partings.items():
                finding.take(course.events(projection, page.events))
    return [difference for finding in partings.values() for difference in finding.found()]


@asynccontextmanager
async def _beside(pool: Pool) -> AsyncIterator[Connection]:
    """The one transaction of a replay that puts rows in place."""
    async with pool.acquire() as connection, connection.transaction(isolation="read_committed"):
        yield connection


async def _standing(connection: Connection, projections: Sequence[AnyProjection]) -> Mapping[str, int]:
    """Where each of the projections stands."""
    found = await checkpoints.find(connection, projections)
    return {projection.name: 0 for projection in projections} | {each.name: each.position for each in found}


async def _catch_up(
    connection: Connection,
    refolding: Refolding,
    projections: Sequence[AnyProjection],
    left_out: Mapping[str, frozenset[int]],
) -> None:
    """Go on until less than a page is left of the log, or what is left is not settled yet."""
    before = -1
    while refolding.position - before > pages.MOST_EVENTS or before < 0:
        before = refolding.position
        head = await checkpoints.head(connection)
        await refolding.run(Course({projection.name: head for projection in projections}, left_out))


async def _compared(
    connection: Connection,
    refolding: Refolding,
    projections: Sequence[AnyProjection],
    course: Course,
    extent: Extent | None = None,
) -> Comparison:
    differing = [await tables.find_differing(connection, projection, extent) for projection in projections]
    named = [
        difference
        for projection in projections
        for difference in await tables.differences(connection, projection, MOST_DIFFERENCES)
    ]
    rows = [await tables.count_beside(connection, projection) for projection in projections]
    return Comparison(
        replayed=Replayed(course.last, refolding.events, sum(rows)),
        differing=sum(differing),
        differences=named,
        course=course,
    )


async def _replaced(
    connection: Connection,
    refolding: Refolding,
    projections: Sequence[AnyProjection],
    course: Course,
    extent: Extent | None = None,
) -> Comparison:
    comparison = await _compared(connection, refolding, projections, course, extent)
    for projection in projections:
        await tables.replace_differing(connection, projection)
    return comparison

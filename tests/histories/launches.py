"""Launches of campaigns, as clients saw them and as the log tells them: one at a time, each with one run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final, Literal

from msgspec import Struct

from tests.histories.history import Violation

REFUSALS: Final = {
    "launch-in-progress": "another launch is under way",
    "campaign-changed": "another launch was faster",
    "campaign-not-draft": "another launch has gone on",
    "launch-rolled-back": "its connection was cut, and it was undone",
    "service-unavailable": "its connection was cut, and nobody knows",
}


class Attempt(Struct, frozen=True, kw_only=True):
    """A client's launch of a campaign. ``run_id`` if it was accepted, ``code`` if it was refused."""

    campaign: str
    began: int
    ended: int
    run_id: str | None = None
    code: str | None = None


class Fact(Struct, frozen=True):
    """What the log tells of a launch: in the order of the log."""

    campaign: str
    epoch: int
    kind: Literal["accepted", "rolled back"]


class Launches(Struct, frozen=True, kw_only=True):
    """The attempts, the facts, and the runs that wait in the queue, as campaign and epoch. Nobody takes any up."""

    attempts: tuple[Attempt, ...]
    facts: tuple[Fact, ...]
    runs: tuple[tuple[str, int], ...]


def first_violation(launches: Launches) -> Violation | None:
    """The first law that is broken; None if all hold."""
    return next(_violations(launches), None)


def _violations(launches: Launches) -> Iterator[Violation]:
    standing: dict[str, int] = {}
    epochs = defaultdict[str, int](int)
    for fact in launches.facts:
        yield from _out_of_turn(fact, standing, epochs[fact.campaign])
        if fact.kind == "accepted":
            standing[fact.campaign] = epochs[fact.campaign] = fact.epoch
        else:
            standing.pop(fact.campaign, None)
    yield from _not_told(launches.attempts, standing)
    if sorted(launches.runs) != sorted(standing.items()):
        words = f"{sorted(launches.runs)} wait for {sorted(standing.items())}"
        yield Violation("each launch has one run", words)


def _out_of_turn(fact: Fact, standing: dict[str, int], latest: int) -> Iterator[Violation]:
    if fact.kind == "accepted" and fact.campaign in standing:
        yield Violation("one launch at a time", f"{fact} while epoch {standing[fact.campaign]} stands")
    if fact.kind == "accepted" and fact.epoch != latest + 1:
        yield Violation("epochs count the launches", f"{fact} after epoch {latest}")
    if fact.kind == "rolled back" and standing.get(fact.campaign) != fact.epoch:
        yield Violation("what stands is rolled back", f"{fact} does not stand")


def _not_told(attempts: Sequence[Attempt], standing: dict[str, int]) -> Iterator[Violation]:
    winners = defaultdict[str, list[Attempt]](list)
    for attempt in attempts:
        if attempt.run_id is not None:
            winners[attempt.campaign].append(attempt)
        elif attempt.code not in REFUSALS:
            yield Violation("a launch is accepted or refused", f"{attempt}")
    for campaign, won in winners.items():
        if len(won) > 1:
            yield Violation(
                "exactly one launch wins", f"{len(won)} launches of {campaign} were told they won"
            )
        if campaign not in standing:
            yield Violation("an acknowledged launch stands", f"{won[0]} does not stand")
    for attempt in attempts:
        if attempt.code in ("launch-in-progress", "campaign-not-draft"):
            rivals = [other for other in attempts if other.campaign == attempt.campaign and other != attempt]
            if not any(other.began <= attempt.ended for other in rivals):
                yield Violation("a refusal has a winner", f"{attempt} was alone")

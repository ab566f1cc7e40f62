"""How mail servers misbehave."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from itertools import cycle

from tests.channels.servers import Cut, Hang, Reaction, Say, Stage
from tests.faults.post_office import Behaviour

Make = Callable[[], Reaction]


def cuts() -> Reaction:
    """The connection ends."""
    return Cut()


def hangs() -> Reaction:
    """No answer comes, for ever."""
    return Hang(asyncio.Event())


def says(words: str) -> Make:
    """The server answers with these words."""
    return lambda: Say(words)


def one_in(many: int, misdeeds: Mapping[Stage, Make]) -> Behaviour:
    """One in so many times that a stage is reached, the server does as it says for that stage."""
    turns = {stage: cycle([*[None] * (many - 1), make]) for stage, make in misdeeds.items()}

    def react(stage: Stage) -> Reaction | None:
        make = next(turns[stage]) if stage in turns else None
        return None if make is None else make()

    return react

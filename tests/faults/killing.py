"""Workers killed at named points, and what the one after them makes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Final

from tests.channels.servers import Hang, Reaction, Stage
from tests.faults.kill_points import Doom, KillPoint
from tests.faults.launched import Origin
from tests.faults.law import Finding
from tests.faults.post_office import Behaviour, behave
from tests.faults.trial import Trial, trial

_AT_THE_SERVER: Final[Mapping[KillPoint, Stage]] = {
    KillPoint.DATA_ASKED: "data",
    KillPoint.DOT_ARRIVED: "dot",
}
"""The points at which the server knows that the worker has come to them; there it is the server who kills it."""


async def kill_at(dooms: Sequence[Doom], origin: Origin, directory: Path) -> Finding:
    """Let one worker after the other die on a copy of the campaign, let a last one finish, and look."""
    async with trial(origin, directory) as on:
        for doom in dooms:
            await _live_and_die(on, doom)
        on.hire()
        await on.complete()
        return await on.examine()


async def _live_and_die(on: Trial, doom: Doom) -> None:
    on.hire(doom)
    if doom.point is KillPoint.BETWEEN_STEPS:
        await on.go_on(lambda now: now.is_at_rest)
        on.worker.kill()
    elif doom.point in _AT_THE_SERVER:
        on.office.behaviour = _killing(on.worker.kill, _AT_THE_SERVER[doom.point], doom.nth)
    await on.go_on(lambda _: not on.worker.is_alive)
    on.office.behaviour = behave
    await on.bury()


def _killing(kill: Callable[[], None], at: Stage, nth: int) -> Behaviour:
    """Kill when the stage is reached for the nth time from now, and say nothing more to the dead."""
    so_far = count()

    def react(stage: Stage) -> Reaction | None:
        if stage != at or next(so_far) + 1 < nth:
            return None
        kill()
        return Hang(asyncio.Event())

    return react

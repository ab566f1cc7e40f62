"""The service's parts at an operator's hand, and a bar for work that goes along the log."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from service.cli.failures import Refused
from service.cli.operators import settings_here
from service.clock import SystemClock
from service.composition import Liftoff, assembled
from service.logging import configure_logging
from service.projector.refolding import Told, Unfoldable
from service.startup import Ground, prepared
from service.store.errors import UnknownEvent, UnreadableEvent

T = TypeVar("T")


def with_the_parts(work: Callable[[Liftoff], Awaitable[T]]) -> T:
    """Do the work with the service's parts, on the operator's database."""

    async def perform(ground: Ground) -> T:
        async with assembled(ground.settings, ground.dsn, ground.master_key, SystemClock()) as liftoff:
            return await work(liftoff)

    settings = settings_here()
    configure_logging(settings.log_level)
    with prepared(settings) as ground:
        return asyncio.run(perform(ground))


@contextmanager
def nothing_half_done() -> Iterator[None]:
    """For a replay: tells that its failure or Ctrl-C left everything as it was. Raises ``Refused``."""
    try:
        yield
    except (Unfoldable, UnknownEvent, UnreadableEvent) as error:
        raise Refused(
            f"{error} An event that can't be folded can be left out: 'liftoff projection skip'."
        ) from error
    except KeyboardInterrupt:
        click.echo("Interrupted: everything is as it was.", err=True)
        raise


@contextmanager
def bar(task: str) -> Iterator[Told]:
    """A bar on a terminal's stderr that shows positions, events a second and the time left."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        shown = progress.add_task(task, total=None)

        def told(position: int, until: int) -> None:
            progress.update(shown, completed=position, total=until)

        yield told


class _Rate(ProgressColumn):
    """How many events are folded in a second; positions have few holes."""

    def render(self, task: Task) -> Text:
        """The rate, once it is known."""
        return Text(f"{task.speed:,.0f}/s" if task.speed else "")

"""``liftoff projection``: how the read models stand, made anew, and led past an event that they can't fold."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

import click
import msgspec
from msgspec import Struct

from projections.catalogue import ALL, AnyProjection
from service.cli.failures import Refused, WrongUse
from service.cli.operators import OperatorCommand
from service.cli.output import Format, format_option, print_json
from service.cli.parts import bar, nothing_half_done, with_the_parts
from service.composition import Liftoff
from service.projector.checkpoints import Poison
from service.projector.lag import Lag, Lags
from service.projector.replay import Comparison, rebuild
from service.projector.skips import LeftOut, NotStopped, skipped

_BY_NAME: Final = {projection.name: projection for projection in ALL}
_name: Final = click.Choice(list(_BY_NAME))


@click.group()
def projection() -> None:
    """Look after the read models: the tables that lists and counters are read from.

    They are folded from the log and hold nothing of their own. Folding only makes rows: nothing is sent by it.
    """


class Standing(Struct, frozen=True, kw_only=True):
    """How a projection stands. ``position``: its tables hold all events up to there; ``skipped`` are left out."""

    name: str
    version: int
    status: str
    position: int
    lag_seconds: float
    poison: Poison | None
    skipped: list[int]


@projection.command("status", cls=OperatorCommand, params=[format_option()])
def show_status(form: Format) -> None:
    """Show how far each projection is, and the event at which it stopped if it did."""
    standings = with_the_parts(_standings)
    print_json(msgspec.json.encode({"projections": standings}), form)


@projection.command("rebuild", cls=OperatorCommand)
@click.argument("name", type=_name, required=False)
@click.option("--all", "every", is_flag=True, help="All of them, by one reading of the log.")
def rebuild_projection(name: str | None, every: bool) -> None:
    """Fold a projection anew from the beginning of the log, beside its tables, and put the outcome in their place.

    The service goes on meanwhile, and reads the old rows until the new ones are there, all at once. Interrupted or
    killed, it leaves everything as it was. Nothing is sent by it. A projection that had stopped goes on.
    """
    if (name is None) != every:
        raise WrongUse("Say which projection to rebuild, or --all.")
    chosen = ALL if name is None else (_BY_NAME[name],)
    began = time.monotonic()
    with nothing_half_done():
        rebuilt = with_the_parts(lambda liftoff: _rebuild(liftoff, chosen))
    seconds = time.monotonic() - began
    events, rows = rebuilt.replayed.events, rebuilt.replayed.rows
    click.echo(
        f"{', '.join(each.name for each in chosen)}: {events} events in {seconds:.1f} s "
        f"({events / seconds:,.0f}/s) amount to {rows} rows; {rebuilt.differing} differed and were replaced."
    )


@projection.command("skip", cls=OperatorCommand)
@click.argument("name", type=_name)
@click.option("--reason", required=True, help="Why; kept with the decision, in the history.")
def skip_event(name: str, reason: str) -> None:
    """Let a projection that stopped go on behind the event it can't fold.

    What it shows then leaves that event out, for good: rebuilding and verifying leave it out, too. Better start a
    program that can fold it, if there is one. The decision is an event of the workspace.
    """
    if not reason.strip():
        raise click.BadParameter("say why the event is left out", param_hint="'--reason'")

    async def skip(liftoff: Liftoff) -> LeftOut:
        return await liftoff.skipping.skip(_BY_NAME[name], reason, "operator")

    try:
        left_out = with_the_parts(skip)
    except NotStopped as refusal:
        raise Refused(str(refusal)) from refusal
    click.echo(f"{name} goes on behind position {left_out.position}, without the event {left_out.event_id}.")


async def _rebuild(liftoff: Liftoff, projections: Sequence[AnyProjection]) -> Comparison:
    with bar("folding") as told:
        return await rebuild(liftoff.pool, liftoff.feed, projections, told)


async def _standings(liftoff: Liftoff) -> list[Standing]:
    lags = {lag.projection: lag for lag in await Lags(liftoff.pool, liftoff.clock).measure()}
    async with liftoff.pool.acquire() as connection:
        left_out = await skipped(connection, ALL)
    return [_standing(each, lags.get(each.name), sorted(left_out[each.name])) for each in ALL]


def _standing(projection: AnyProjection, lag: Lag | None, left_out: list[int]) -> Standing:
    status = "not begun" if lag is None else "stopped" if lag.poison else "running"
    return Standing(
        name=projection.name,
        version=projection.version,
        status=status,
        position=lag.position if lag else 0,
        lag_seconds=lag.seconds if lag else 0.0,
        poison=lag.poison if lag else None,
        skipped=left_out,
    )

"""``liftoff audit verify-projections``: every number shown, held against the log."""

from __future__ import annotations

from collections.abc import Sequence

import click

from projections.catalogue import ALL, AnyProjection
from service.cli.failures import Exit
from service.cli.operators import OperatorCommand
from service.cli.parts import bar, nothing_half_done, with_the_parts
from service.composition import Liftoff
from service.projector.difference import Difference, Values
from service.projector.replay import Comparison, repair, replay_and_compare, trace
from service.projector.source import WholeLog


@click.command("verify-projections", cls=OperatorCommand)
@click.option(
    "--repair", "repairs", is_flag=True, help="Put what the log amounts to in the place of what differs."
)
@click.pass_context
def verify_projections(ctx: click.Context, repairs: bool) -> None:
    """Fold the whole log anew and compare every read model with it, row by row. Exit code 1: something differs.

    The service goes on meanwhile: what is compared is how both stand at one position of the log. Each difference is
    named with the event at which they part: the first one that the stored row lacks, or, for a value that never was,
    the one that tells the right value. With --repair only the rows that differ are replaced, and the exit code is 0.
    """
    with nothing_half_done():
        compared, differences = with_the_parts(_compare)
        _tell(compared, differences)
        if not compared.differing:
            return
        if not repairs:
            ctx.exit(Exit.REFUSED)
        repaired = with_the_parts(lambda liftoff: _repair(liftoff, _differing(differences)))
    click.echo(f"Repaired: {repaired.differing} rows, at position {repaired.replayed.position}.")


async def _compare(liftoff: Liftoff) -> tuple[Comparison, Sequence[Difference]]:
    with bar("comparing") as told:
        compared = await replay_and_compare(liftoff.pool, liftoff.feed, told=told)
    return compared, await trace(WholeLog(liftoff.pool, liftoff.feed), compared)


async def _repair(liftoff: Liftoff, projections: Sequence[AnyProjection]) -> Comparison:
    with bar("repairing") as told:
        return await repair(liftoff.pool, WholeLog(liftoff.pool, liftoff.feed), projections, told=told)


def _differing(differences: Sequence[Difference]) -> list[AnyProjection]:
    names = {difference.table for difference in differences}
    return [each for each in ALL if any(table.name in names for table in each.tables)]


def _tell(compared: Comparison, differences: Sequence[Difference]) -> None:
    replayed = compared.replayed
    click.echo(
        f"{replayed.events} events, up to position {replayed.position}, amount to {replayed.rows} rows."
    )
    for difference in differences:
        click.echo(f"{difference.table} {_columns(difference.key)}")
        click.echo(f"  stored    {_columns(difference.stored)}")
        click.echo(f"  replayed  {_columns(difference.replayed)}")
        click.echo(f"  parted at {_parting(difference)}")
    if not compared.differing:
        click.echo("Every read model is equal to it.")
    elif compared.differing > len(differences):
        click.echo(f"{compared.differing} rows differ; named are the first of each table.")
    else:
        click.echo(f"{compared.differing} rows differ.")


def _columns(values: Values | None) -> str:
    return "no such row" if values is None else " ".join(f"{name}={value}" for name, value in values.items())


def _parting(difference: Difference) -> str:
    event = difference.parting
    if event is None:
        return "no event: none ever told of such a row"
    return (
        f"position {event.position}: {event.type}, version {event.version} of {event.stream} "
        f"(event {event.event_id})"
    )

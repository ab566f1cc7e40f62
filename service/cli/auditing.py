"""``liftoff audit``: what an operator does for those who audit a workspace's history."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, TypeVar

import click
from msgspec import Struct
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from service.access import Workspaces
from service.audit.export import NothingToExport
from service.audit.manifest import Extent
from service.caller import Caller
from service.cli.failures import WrongUse
from service.cli.looking_back import explain, replay
from service.cli.operators import OperatorCommand
from service.cli.parts import with_the_parts
from service.cli.proving import verify_projections
from service.composition import Liftoff
from service.ids import new_id

T = TypeVar("T")

_workspace: Final = click.option(
    "--workspace", required=True, metavar="NAME", help="Whose history it is, by the name of the workspace."
)


class Desk(Struct, frozen=True):
    """Where the operator works: the service's parts, and on whose behalf something is done."""

    liftoff: Liftoff
    caller: Caller


@click.group()
def audit() -> None:
    """Hand a workspace's history to those who audit it.

    Each workspace has a sealed history of its own: its events are numbered and hashed into a Merkle tree, and signed
    checkpoints say what it has come to.
    """


audit.add_command(replay)
audit.add_command(explain)


@audit.command(cls=OperatorCommand)
@_workspace
@click.option(
    "--output",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where to write; must be empty or new.",
)
@click.option("--from", "first", type=click.IntRange(0), metavar="N", help="The first event, by its number.")
@click.option("--to", "last", type=click.IntRange(0), metavar="N", help="The last event, by its number.")
def export(workspace: str, output: Path, first: int | None, last: int | None) -> None:
    """Write the sealed history as files that verify.py checks without this program or its database.

    Bundles of 256 events are written whole, so that there may be a few more than were asked for. That the history was
    exported is recorded in it. It can be done while the service runs.
    """

    async def write(desk: Desk) -> Extent:
        extent = await desk.liftoff.export.plan(desk.caller.workspace_id, first, last)
        with Progress(*_COLUMNS, console=Console(stderr=True)) as progress:
            bar = progress.add_task("events", total=extent.last - extent.first + 1)
            await desk.liftoff.export.write(
                desk.caller, extent, output, lambda more: progress.advance(bar, more)
            )
        return extent

    try:
        extent = _at_the_desk(workspace, write)
    except (NothingToExport, OSError) as error:
        raise WrongUse(str(error)) from error
    click.echo(f"The events {extent.first} to {extent.last} of {extent.size} are in {output}.")


@audit.command("public-key", cls=OperatorCommand)
@_workspace
@click.option("--all", "every", is_flag=True, help="The keys before it, too, oldest first.")
def public_key(workspace: str, every: bool) -> None:
    """Print the key that signs the history, as verifiers take it; it is made if there is none yet."""

    async def ask(desk: Desk) -> list[str]:
        async with desk.liftoff.sealing.held() as connection:
            await desk.liftoff.audit_keys.signer(connection, desk.caller.workspace_id)
            keys = await desk.liftoff.audit_keys.public(connection, desk.caller.workspace_id)
        return [key.key for key in keys]

    keys = _at_the_desk(workspace, ask)
    for key in keys if every else keys[-1:]:
        click.echo(key)


@audit.command("rotate-key", cls=OperatorCommand)
@_workspace
def rotate_key(workspace: str) -> None:
    """Let a new key sign from here on, and print it; the private part of the one before is forgotten.

    What the old key has signed stays valid: auditors who begin earlier pass both keys.
    """

    async def rotate(desk: Desk) -> str:
        await desk.liftoff.sealing.rotate_key(desk.caller)
        async with desk.liftoff.pool.acquire() as connection:
            return (await desk.liftoff.audit_keys.public(connection, desk.caller.workspace_id))[-1].key

    click.echo(_at_the_desk(workspace, rotate))


audit.add_command(verify_projections)


_COLUMNS: Final = (
    TextColumn("{task.description}"),
    BarColumn(),
    MofNCompleteColumn(),
    TimeRemainingColumn(),
)


def _at_the_desk(workspace: str, work: Callable[[Desk], Awaitable[T]]) -> T:
    """Do the work on a workspace of the operator's database. Raises ``WrongUse`` for one that isn't there."""

    async def perform(liftoff: Liftoff) -> T:
        workspace_id = await Workspaces(liftoff.pool, liftoff.clock).find(workspace)
        if workspace_id is None:
            raise WrongUse(f"There is no workspace '{workspace}'.")
        return await work(Desk(liftoff, Caller(workspace_id, "operator", new_id())))

    return with_the_parts(perform)

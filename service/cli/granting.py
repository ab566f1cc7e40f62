"""``liftoff credits grant``: how the operator gives a workspace what it can spend."""

from __future__ import annotations

import asyncio

import click

from domain.credits import LARGEST_GRANT, Grant
from domain.upcasters import UPCASTERS
from service.access import Workspaces
from service.caller import Caller
from service.cli.failures import WrongUse
from service.cli.operators import OperatorCommand, settings_here
from service.clock import SystemClock
from service.composition import EVENTS
from service.credits.repository import Credits
from service.database.migrate import migrate
from service.database.pool import open_pool
from service.ids import new_id
from service.startup import database
from service.store.codec import Codec
from service.store.log import EventStore


@click.command("grant", cls=OperatorCommand)
@click.option("--workspace", required=True, metavar="NAME", help="Who gets them; must exist.")
@click.option(
    "--amount", required=True, type=click.IntRange(1, LARGEST_GRANT), help="How many, on top of the balance."
)
def grant_credits(workspace: str, amount: int) -> None:
    """Give a workspace credits, in the database itself, and print its new balance, alone.

    Needs the data directory or the database's URL, but no key. It can be done while the service runs.
    """
    with database(settings_here()) as dsn:
        click.echo(asyncio.run(_grant(dsn, workspace, amount)))


async def _grant(dsn: str, workspace: str, amount: int) -> int:
    """The balance after it. Raises ``WrongUse`` when there is no such workspace."""
    await migrate(dsn)
    clock = SystemClock()
    pool = await open_pool(dsn, application_name="liftoff credits grant", max_size=1)
    try:
        workspace_id = await Workspaces(pool, clock).find(workspace)
        if workspace_id is None:
            raise WrongUse(f"there is no workspace '{workspace}': 'liftoff key create' makes one")
        credits = Credits(pool, EventStore(pool, Codec(EVENTS, UPCASTERS)), clock)
        ledger = await credits.execute(
            Caller(workspace_id, "operator", new_id()), Grant(grant_id=new_id(), amount=amount)
        )
        return ledger.balance
    finally:
        await pool.close()

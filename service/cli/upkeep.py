"""``liftoff migrate``, ``liftoff settings``, ``liftoff key create --workspace``: what an operator does now and then."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from datetime import timedelta

import click
import msgspec

from service.access import ApiKeys, NewKey, Scope, Workspaces
from service.cli.operators import OperatorCommand, settings_here
from service.cli.output import Format, format_option, print_json
from service.clock import SystemClock
from service.database.migrate import migrate as apply_migrations
from service.database.pool import open_pool
from service.settings import setting_rows
from service.startup import database

_NAME = re.compile(r"(?!-)(?=.*\S).{1,200}")
_PERIOD = re.compile(r"([1-9]\d{0,3})([mhdw])")
_UNITS = {
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}


class Period(click.ParamType[timedelta]):
    """A length of time such as ``90d``."""

    name = "period"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """The text as a length of time."""
        matched = _PERIOD.fullmatch(str(value))
        if matched is None:
            self.fail(f"'{value}' is not a length of time like 90d (m, h, d or w; up to 9999)", param, ctx)
        return int(matched[1]) * _UNITS[matched[2]]


@click.command(cls=OperatorCommand)
def migrate() -> None:
    """Bring the database to this program's schema; prints the files it applied.

    'liftoff serve' and 'liftoff worker' do this too when they start.
    """
    with database(settings_here()) as dsn:
        applied = asyncio.run(apply_migrations(dsn))
    for name in applied:
        click.echo(name)
    if not applied:
        click.echo("The database is up to date.", err=True)


@click.command(cls=OperatorCommand, params=[format_option()])
def settings(form: Format) -> None:
    """Show each setting with its value, its default and what it is for; secrets are masked."""
    print_json(msgspec.json.encode({"settings": setting_rows(settings_here())}), form)


@click.command("create", cls=OperatorCommand)
@click.option("--workspace", required=True, metavar="NAME", help="Whose key it is; made if it is new.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice([scope.value for scope in Scope]),
    help="What the key may do; can be repeated. Default: everything.",
)
@click.option("--expires-in", type=Period(), help="How long it lasts, such as 90d. Default: until revoked.")
def create_key(workspace: str, scopes: Sequence[str], expires_in: timedelta | None) -> None:
    """Make an API key in the database itself, and print it, alone.

    Needs the data directory or the database's URL, but no other key. It can be done while the service runs.
    """
    if not _NAME.fullmatch(workspace):
        raise click.BadParameter(
            "a name has 1 to 200 characters and doesn't begin with a hyphen", param_hint="'--workspace'"
        )
    allowed = frozenset(map(Scope, scopes)) or frozenset(Scope)
    with database(settings_here()) as dsn:
        click.echo(asyncio.run(_issue(dsn, workspace, allowed, expires_in)))


async def _issue(dsn: str, workspace: str, scopes: frozenset[Scope], lasts: timedelta | None) -> str:
    """The secret of a new key."""
    await apply_migrations(dsn)
    clock = SystemClock()
    pool = await open_pool(dsn, application_name="liftoff key create", max_size=1)
    try:
        workspace_id = await Workspaces(pool, clock).take(workspace)
        expires_at = clock.now() + lasts if lasts else None
        new = NewKey(scopes=scopes, name="liftoff key create", expires_at=expires_at)
        return (await ApiKeys(pool, clock).issue(workspace_id, new)).secret
    finally:
        await pool.close()

"""``liftoff backup`` and ``liftoff restore``: a copy of the database, and what to decide when it comes back."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path

import click

from service.backup import archive
from service.backup.archive import Manifest, NotABackup
from service.backup.restoring import NotEmpty, require_key
from service.backup.restoring import restore as restore_from
from service.backup.taking import take
from service.cli.failures import Refused, WrongUse
from service.cli.operators import OperatorCommand, OperatorGroup, settings_here
from service.cli.parts import with_the_parts
from service.clock import SystemClock
from service.composition import Liftoff
from service.secret_key import kept_master_key
from service.setbacks.accepting import NotAcceptable, Sending, Standing
from service.setbacks.marks import Setback
from service.startup import database
from service.vault import MasterKey


@click.command(cls=OperatorCommand)
@click.option(
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE|DIR",
    help="A new file; or a directory, for a file with the time in its name.",
)
def backup(output: Path) -> None:
    """Copy the whole database, as it is at one moment, into a file, and print the file's name.

    The service goes on meanwhile. The file holds everybody's texts, sealed, with the salts they were sealed under, and
    digests of API keys; so keep it closed to others. It does not hold the secret key, without which the texts can't be
    opened: keep that, too, in another place.
    """
    clock = SystemClock()
    file = output / f"liftoff-{clock.now():%Y%m%dT%H%M%SZ}.backup" if output.is_dir() else output
    try:
        with database(settings_here()) as dsn:
            manifest = asyncio.run(take(dsn, file, clock))
    except OSError as error:
        raise WrongUse(str(error)) from error
    click.echo(file)
    click.echo(f"{_extent(manifest)}. The secret key is not in it.", err=True)


@click.group(cls=OperatorGroup, invoke_without_command=True)
@click.option(
    "--input",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A file that 'liftoff backup' has written.",
)
@click.pass_context
def restore(ctx: click.Context, file: Path | None) -> None:
    """Bring a backup into an empty database: restore --input FILE. It needs the secret key of that time.

    The restored database does not know what was sent after the backup. So the service answers, but launches and sends
    nothing until 'liftoff restore accept'.
    """
    if ctx.invoked_subcommand is not None:
        if file is not None:
            raise WrongUse(f"'liftoff restore {ctx.invoked_subcommand}' has no --input.")
        return
    if file is None:
        raise WrongUse("Say what to restore (--input FILE), or 'liftoff restore status' or 'accept'.")
    _restore_from(file)


def _restore_from(file: Path) -> None:
    settings = settings_here()
    try:
        with archive.opened(file) as opened:
            if opened.manifest.sealed_with is not None:
                require_key(opened, MasterKey(kept_master_key(settings)))
            with database(settings) as dsn:
                asyncio.run(restore_from(dsn, opened, SystemClock()))
    except (NotABackup, OSError) as error:
        raise WrongUse(str(error)) from error
    except NotEmpty as error:
        raise Refused(str(error)) from error
    click.echo(f"Restored: {_extent(opened.manifest)}.")
    click.echo("Nothing is sent until 'liftoff restore accept'; 'liftoff restore status' says what is known.")


@restore.command(cls=OperatorCommand)
def status() -> None:
    """Say how far the database was set back, and what would be sent if that were accepted."""
    _tell(with_the_parts(_standing))


@restore.command(cls=OperatorCommand)
@click.option("--pause", is_flag=True, help="Pause every campaign first; each is then resumed by hand.")
def accept(pause: bool) -> None:
    """Let sending go on from where the restored database is; that is recorded in every workspace's history.

    Steps that were done after the backup are not known to it, and will be done again. To look first at what was sent
    (the mail servers know), use --pause: then nothing is sent before somebody resumes a campaign, or stops it.
    """
    try:
        paused = with_the_parts(lambda liftoff: _accept(liftoff, pause))
    except NotAcceptable as refusal:
        raise Refused(str(refusal)) from refusal
    click.echo(f"Accepted. Campaigns paused: {paused}." if pause else "Accepted: sending goes on.")


async def _standing(liftoff: Liftoff) -> Standing:
    await liftoff.lookout.look()
    return await liftoff.accepting.standing()


async def _accept(liftoff: Liftoff, pause: bool) -> int:
    standing = await _standing(liftoff)
    if standing.setbacks:
        _tell(standing)
    paused = await liftoff.accepting.pause_all() if pause else 0
    await liftoff.accepting.accept()
    return paused


def _tell(standing: Standing) -> None:
    """Print what is known, a line each."""
    if not standing.setbacks:
        click.echo("The database was not restored, or that was accepted.")
        return
    for setback in standing.setbacks:
        click.echo(_known(setback, standing))
    for campaign in standing.campaigns:
        click.echo(_at_stake(campaign, standing))


def _known(setback: Setback, standing: Standing) -> str:
    if setback.backup_taken_at is not None:
        return (
            f"Restored at {_shown(setback.found_at)} from a backup taken at {_shown(setback.backup_taken_at)}; "
            f"its last event is of {_shown(setback.last_event_at)}. What happened after that is not known."
        )
    behind = (setback.published_size or 0) - (setback.size or 0)
    named = standing.workspaces.get(setback.workspace_id) if setback.workspace_id else None
    return (
        f"Workspace {named or setback.workspace_id}: a checkpoint of {setback.published_size} events was published, "
        f"the database has sealed {setback.size} of them ({max(behind, 0)} are missing); "
        f"its last event is of {_shown(setback.last_event_at)}."
    )


def _at_stake(campaign: Sending, standing: Standing) -> str:
    return (
        f"Campaign {campaign.campaign_id} ({standing.workspaces[campaign.workspace_id]}) is {campaign.status}: "
        f"{campaign.due} leads have a step due by now, which may have been done already; {campaign.in_flight} sends "
        "were being handed over, and are not repeated."
    )


def _extent(manifest: Manifest) -> str:
    return f"{manifest.events} events up to position {manifest.position}, as of {_shown(manifest.taken_at)}"


def _shown(at: datetime | None) -> str:
    return "no time" if at is None else f"{at:%Y-%m-%dT%H:%M:%SZ}"

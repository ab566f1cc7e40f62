"""``liftoff serve`` and ``liftoff worker``: the programs that run until they are stopped."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

import click
import uvloop

from service.cli.operators import OperatorCommand, settings_here
from service.garbage import look_seldom
from service.logging import configure_logging
from service.serving import Running, work
from service.serving import serve as run_service
from service.startup import prepared


@click.command(cls=OperatorCommand)
def serve() -> None:
    """Run the whole service until Ctrl-C: API, worker, projector and a local mail sink.

    The first start makes an API key and prints it, this once. Logs go to stderr, one JSON object a line.
    """
    settings = settings_here()
    configure_logging(settings.log_level)
    with prepared(settings) as ground:
        _run(run_service(ground, _announce))


@click.command(cls=OperatorCommand)
def worker() -> None:
    """Run a worker beside a service that has the same database, until Ctrl-C."""
    settings = settings_here()
    configure_logging(settings.log_level)
    with prepared(settings) as ground:
        _run(work(ground, lambda: click.echo("The worker runs. Ctrl-C stops it.")))


def _run(program: Coroutine[Any, Any, None]) -> None:
    """Run it to its end."""
    look_seldom()
    uvloop.run(program)


def _announce(running: Running) -> None:
    """Tell the operator where everything is; a line each, for eyes and for scripts."""
    click.echo(f"Liftoff: {running.url}")
    click.echo(f"API documentation: {running.url}/docs")
    if running.sink is not None:
        click.echo(f"Mail sink: {running.sink.url} (delivers nothing, keeps all in {running.sink.directory})")
    if running.first_key is not None:
        click.echo(f"API key: {running.first_key}")
        click.echo("The key is shown this once. Use it with: export LIFTOFF_API_KEY=…")
    click.echo("Ctrl-C stops the service.")

"""Tries the API for a while: ``python -m tests.openapi --minutes N``, on a service of its own or that of ``--url``."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from tests.openapi.machine import Effort, explore
from tests.openapi.serving import serving


@contextmanager
def _service(url: str | None, key: str | None) -> Iterator[tuple[str, str]]:
    if url is not None and key is not None:
        yield url, key
        return
    with (
        tempfile.TemporaryDirectory(prefix="liftoff-openapi-", ignore_cleanup_errors=True) as directory,
        serving(Path(directory), {}) as service,
    ):
        yield service.url, service.key


@click.command()
@click.option("--minutes", default=5.0, show_default=True, help="How long to go on.")
@click.option("--seed", default=1, show_default=True)
@click.option(
    "--url", default=None, help="A running service to try instead of one of its own; it will be filled."
)
@click.option("--key", default=None, help="A key of all scopes for it.")
def main(minutes: float, seed: int, url: str | None, key: str | None) -> None:
    """Make requests from the OpenAPI document, and check every answer against it."""
    effort = Effort(requests=100, sequences=200, thorough=True, seconds=int(60 * minutes), seed=seed)
    with _service(url, key) as (address, secret):
        found = explore(address, secret, effort)
    for fault, words in found.faults.items():
        click.echo(f"{fault}\n{words}\n")
    statuses = ", ".join(f"{count} × {status}" for status, count in sorted(found.statuses.items()))
    click.echo(f"{found.requests} requests ({statuses}), {len(found.succeeded)} operations ever succeeded")
    click.echo(f"{len(found.faults)} faults, seed {seed}")
    sys.exit(1 if found.faults else 0)


if __name__ == "__main__":
    main()

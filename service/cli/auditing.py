"""``liftoff audit``: what an operator does for those who audit a workspace's history."""

from __future__ import annotations

import click

from service.cli.looking_back import explain, replay


@click.group()
def audit() -> None:
    """Look into the history, for those who audit it."""


audit.add_command(replay)
audit.add_command(explain)

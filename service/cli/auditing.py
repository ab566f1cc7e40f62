"""``liftoff audit``: what an operator does for those who audit a workspace's history."""

from __future__ import annotations

import click

from service.cli.proving import verify_projections


@click.group()
def audit() -> None:
    """Prove that what is shown is what the history amounts to."""


audit.add_command(verify_projections)

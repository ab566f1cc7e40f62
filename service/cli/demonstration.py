"""``liftoff demo``."""

from __future__ import annotations

import click

from service.demo.run import main


@click.command()
@click.pass_context
def demo(ctx: click.Context) -> None:
    """Run one whole campaign on this machine, from nothing to its verified history, and remove it again."""
    ctx.exit(main())

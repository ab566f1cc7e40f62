"""``liftoff campaign launch``, which can stay to watch."""

from __future__ import annotations

import click
import httpx
import msgspec
from rich.console import Console

from service.cli.commands import ApiCommand, print_answer
from service.cli.failures import Exit, Unavailable, WrongUse
from service.cli.grammar import Operation
from service.cli.output import Format
from service.cli.watching import Standing, follow, watch


class Launch(ApiCommand):
    """The operation ``campaign.launch``, with the flag ``--watch`` besides those of the API."""

    def __init__(self, operation: Operation) -> None:
        watching = click.Option(["--watch"], is_flag=True, help="Show the campaign's progress up to its end.")
        super().__init__(operation, [watching])

    def carry_out(self, client: httpx.Client, ctx: click.Context) -> None:
        """Launch, and watch if that is wished. Raises ``Unavailable`` if the launch is taken back meanwhile.

        Raises ``WrongUse`` for a launch that is to be watched and is set for later.
        """
        if ctx.params["watch"] and ctx.params["body_launch_at"]:
            raise WrongUse("--watch shows a launch from its beginning: leave it out with --launch-at.")
        answer, form = self.ask(client, ctx), ctx.params["form"]
        if not ctx.params["watch"]:
            print_answer(answer, form)
            return
        campaign_id = ctx.params["path_campaign_id"]
        try:
            last = _follow(client, campaign_id, answer, form)
        except KeyboardInterrupt:
            click.echo(f"\nThe campaign goes on. Its progress: liftoff campaign --id {campaign_id}", err=True)
            ctx.exit(Exit.INTERRUPTED)
        if last.status == "draft":
            raise Unavailable(
                f"The launch was taken back. Its run: liftoff run --id {answer.json()['runId']}"
            )


def _follow(client: httpx.Client, campaign_id: str, answer: httpx.Response, form: Format) -> Standing:
    """Show the progress: bars below the answer for a person, one JSON object a line for a program."""
    if form == "table":
        print_answer(answer, form)
        return watch(client, campaign_id, Console())
    click.echo(msgspec.json.format(answer.content, indent=-1))
    return follow(client, campaign_id, lambda standing: click.echo(msgspec.json.encode(standing)))

"""``liftoff audit replay`` and ``liftoff audit explain``: a campaign as its history tells it, and why."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID

import click
import msgspec
from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from domain import streams
from domain.refusal import Refused
from service.campaigns.views import CampaignDetail
from service.cli.failures import WrongUse
from service.cli.operators import OperatorCommand
from service.cli.output import Format, format_option, print_json, printable
from service.cli.parts import with_the_parts
from service.composition import Liftoff
from service.past.explaining import Step
from service.past.moments import NO_MOMENT, Moment, read_moment

T = TypeVar("T")


class MomentType(click.ParamType[Moment]):
    """A version such as 7, or a time such as 2030-01-31T09:00:00Z."""

    name = "version|time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Moment:
        """The text as a moment."""
        moment = read_moment(str(value))
        if moment is None:
            self.fail(f"'{value}' is {NO_MOMENT}", param, ctx)
        return moment


@click.command("replay", cls=OperatorCommand, params=[format_option()])
@click.option("--campaign", "campaign_id", required=True, type=click.UUID, metavar="ID", help="Which one.")
@click.option("--as-of", "moment", type=MomentType(), help="A version or a time. Default: now.")
def replay(campaign_id: UUID, moment: Moment | None, form: Format) -> None:
    """Fold a campaign and its leads from the log, and print what they come to; no read model is asked.

    It can be done while the service runs.
    """

    async def fold(liftoff: Liftoff) -> CampaignDetail:
        for workspace_id in await liftoff.explaining.workspaces_of_stream(streams.campaign(campaign_id)):
            return await liftoff.campaign_reading.past(
                workspace_id, campaign_id, liftoff.clock.now() if moment is None else moment
            )
        raise Refused("not-found", f"There is no campaign {campaign_id}.")

    print_json(msgspec.json.encode(_looked_up(fold)), form)


@click.command("explain", cls=OperatorCommand)
@click.argument("event_id", type=click.UUID)
def explain(event_id: UUID) -> None:
    """Show what led to an event and what came of it: who, in which request and launch, with the evidence kept."""

    async def find(liftoff: Liftoff) -> list[Step]:
        for workspace_id in await liftoff.explaining.workspaces_of_event(event_id):
            return await liftoff.explaining.explain(workspace_id, event_id)
        raise Refused("not-found", f"There is no event {event_id}.")

    Console(soft_wrap=True).print(tree_of(_looked_up(find)))


def tree_of(steps: list[Step]) -> Tree:
    """The steps of an explanation as a tree."""
    root = Tree("", hide_root=True)
    branches = [root]
    for step in steps:
        del branches[step.depth + 1 :]
        branches.append(branches[-1].add(_label(step)))
    return root


def _label(step: Step) -> Text:
    event = step.event
    label = Text(event.type, style="bold reverse" if step.asked_for else "bold")
    label.append(f"  {event.recorded_at:%Y-%m-%d %H:%M:%S}Z  {event.event_id}", style="not bold not reverse")
    facts = {
        "stream": f"{event.stream} version {event.version}, position {event.position}",
        "actor": event.actor,
        "request": str(event.correlation_id),
        "epoch": None if event.epoch is None else str(event.epoch),
        "data": event.payload,
        "evidence": step.evidence and (step.evidence.words or "erased"),
    }
    for name, fact in facts.items():
        if fact:
            label.append(f"\n{name:<9}{printable(fact)}", style="not bold not reverse")
    return label


def _looked_up(work: Callable[[Liftoff], Awaitable[T]]) -> T:
    """What the work finds on the operator's database. Raises ``WrongUse`` for what isn't there."""
    try:
        return with_the_parts(work)
    except Refused as refused:
        raise WrongUse(refused.message) from refused

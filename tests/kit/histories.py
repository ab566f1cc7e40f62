"""The histories that worlds leave behind: one with a little of everything, one that can't be, and any that can."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeAlias
from uuid import UUID

from hypothesis import strategies as st

from domain import streams
from domain.campaign.state import evolve as evolve_campaign
from domain.event import Recorded
from domain.lead.events import SendAccepted, facts
from domain.lead.state import NEWBORN
from domain.lead.state import evolve as evolve_lead
from domain.sender.state import evolve as evolve_sender
from tests.kit.rules import DOMAIN, Rules
from tests.kit.world import World

Action: TypeAlias = Callable[[World, int], None]


def lived(workspace: int = 1) -> list[Recorded]:
    """What two campaigns of a workspace leave behind in a few days, with a little of everything."""
    world = World(workspace)
    for campaign in range(2):
        for action in OPENING:
            action(world, 4 + campaign)
        for number in range(12):
            world.send(number)
            world.conclude_send(number)
            world.let_time_pass(number * 20)
        world.unsubscribe(campaign)
    world.stop(0)
    return world.history


def of_an_unknown_lead() -> list[Recorded]:
    """A history that can't be: something was sent to a lead that nobody imported."""
    world, lead_id = World(workspace=4), UUID(int=4)
    world.campaign_of[lead_id] = lead_id
    world.rosters[lead_id] = {}
    world.record(streams.lead(lead_id), SendAccepted(send_id=lead_id, code=250))
    return world.history


OFTEN: Final[tuple[Action, ...]] = (
    World.let_time_pass,
    World.import_leads,
    World.launch,
    World.enrol,
    World.send,
    World.send,
    World.conclude_send,
    World.conclude_send,
)
SELDOM: Final[tuple[Action, ...]] = (
    World.connect_sender,
    World.change_sender,
    World.create_campaign,
    World.remove_leads,
    World.correct_leads,
    World.rename,
    World.activate,
    World.schedule,
    World.unschedule,
    World.roll_back,
    World.reply,
    World.unsubscribe,
    World.suppress,
    World.erase,
    World.lift,
    World.pause,
    World.resume,
    World.stop,
    World.put_away,
)
OPENING: Final[tuple[Action, ...]] = (
    World.create_campaign,
    World.import_leads,
    World.launch,
    World.enrol,
    World.activate,
)

_steps = st.lists(
    st.tuples(st.sampled_from((*OFTEN * 5, *SELDOM)), st.integers(0, 20)), min_size=20, max_size=60
)


Life: TypeAlias = list[tuple[Action, int]]
"""What happens in a world, in order, each with the number it is chosen by."""

lives: st.SearchStrategy[Life] = st.builds(
    lambda begun, steps: [*((action, 4) for action in OPENING[:begun]), *steps],
    st.sampled_from([5, 5, 5, 2, 0]),
    _steps,
)


def live(life: Life, rules: Rules = DOMAIN) -> World:
    """The world after all of that has happened, as far as ``rules`` let it."""
    world = World(rules=rules)
    for action, number in life:
        action(world, number)
    return world


def worlds() -> st.SearchStrategy[World]:
    """A world in which anything that may happen has happened, in an order in which it may."""
    return lives.map(live)


def histories() -> st.SearchStrategy[list[Recorded]]:
    """What such a world leaves behind."""
    return worlds().map(lambda world: world.history)


def states(history: Iterable[Recorded]) -> dict[object, object]:
    """Every campaign, sender and lead that a history tells of, as it is after it."""
    told: dict[Any, Any] = {}
    for recorded in history:
        stream = recorded.stream
        if stream.startswith(streams.CAMPAIGN):
            told[stream] = evolve_campaign(told.get(stream), recorded)
        if stream.startswith(streams.SENDER):
            told[stream] = evolve_sender(told.get(stream), recorded)
        for lead_id, fact in facts(recorded):
            told[lead_id] = evolve_lead(told.get(lead_id, NEWBORN), fact, recorded.recorded_at)
    return told

"""``/api/credits``: what paid actions cost."""

from __future__ import annotations

from typing import Final

from litestar import get
from litestar.types import ControllerRouterHandler
from msgspec import Struct

from domain.credits import COSTS, Action
from service.access import Scope
from service.http.operations import operation
from service.http.values import Count


class CreditConfig(Struct, frozen=True):
    """The price of each action, in credits. Launching costs none."""

    costs: dict[Action, Count]


@get(
    "/credits/config",
    sync_to_thread=False,
    **operation("credits.config", Scope.CAMPAIGNS_READ, answer={"costs": dict(COSTS)}),
)
def credit_config() -> CreditConfig:
    """What paid actions cost."""
    return CreditConfig(dict(COSTS))


credit_routes: Final[list[ControllerRouterHandler]] = [credit_config]

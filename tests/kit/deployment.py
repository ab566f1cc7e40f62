"""Where campaigns live that the machine plays with: what it asks of a deployment, and what it is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal, Protocol

from msgspec import Struct

Wish = Literal["launch", "pause", "resume", "stop", "archive", "delete"]
WISHES: Final[tuple[Wish, ...]] = ("launch", "pause", "resume", "stop", "archive", "delete")


class Seen(Struct, frozen=True):
    """A campaign as its deployment shows it: how many leads have which status."""

    status: str
    leads: Mapping[str, int]
    version: int
    was_launched: bool


class Deployment(Protocol):
    """What the machine asks of whoever keeps campaigns. Nobody in it is ever written to."""

    def draft(self) -> str:
        """A new e-mail campaign, ready but for its leads; answers its id."""

    def join(self, campaign_id: str, addresses: Sequence[str]) -> int | None:
        """Add leads; answers how many joined, None when that is refused."""

    def wish(self, campaign_id: str, wish: Wish) -> bool:
        """Ask for something; answers whether it is granted."""

    def suppress(self, address: str) -> None:
        """Let nobody write to this person any more."""

    def look(self, campaign_id: str) -> Seen | None:
        """The campaign, once nothing about it is under way; None when there is none."""

    def close(self) -> None:
        """Clear away."""

"""Watching a campaign from its launch to its end: how it stands, asked again and again, and drawn as bars."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final
from uuid import UUID

import httpx
from msgspec import Struct
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from domain.lead.state import TERMINAL
from service.cli.client import Refusal, send
from service.cli.failures import Unavailable

_POLL_SECONDS: Final = 0.5
_LONGEST_OUTAGE_SECONDS: Final = 60.0
# Nothing more happens in these by itself. A draft that was launching has had its launch taken back.
_ENDS: Final = frozenset({"draft", "completed", "stopped", "archived"})


class Standing(Struct, frozen=True):
    """How a campaign stands: its status, why it is paused, its counters, and its leads by their status."""

    status: str
    pause_reason: str | None
    stats: Mapping[str, int]
    prospects_by_status: Mapping[str, int]

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self.status in _ENDS

    @property
    def total(self) -> int:
        """How many leads the launch took."""
        return self.stats.get("total", 0)

    @property
    def contacted(self) -> int:
        """How many of them were written to."""
        return self.stats.get("contacted", 0)

    @property
    def finished(self) -> int:
        """How many of them nothing more will be sent to."""
        under_way = sum(count for status, count in self.prospects_by_status.items() if status not in TERMINAL)
        return max(self.total - under_way, 0)


def follow(
    client: httpx.Client,
    campaign_id: UUID | str,
    show: Callable[[Standing], None],
    pause: Callable[[float], None] = time.sleep,
) -> Standing:
    """Show how the campaign stands, each time that it has changed, until it ends; answers how it then stands.

    An outage of the service is waited out for a minute. Raises ``Unavailable`` after that, and ``Refusal``.
    """
    standing = _ask_patiently(client, campaign_id, pause)
    show(standing)
    while not standing.ended:
        pause(_POLL_SECONDS)
        before, standing = standing, _ask_patiently(client, campaign_id, pause)
        if standing != before:
            show(standing)
    return standing


def watch(client: httpx.Client, campaign_id: UUID | str, console: Console) -> Standing:
    """Follow the campaign with bars on ``console``. Interrupting it leaves the campaign as it is."""
    columns = (
        SpinnerColumn(finished_text="•"),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Bars(*columns, console=console) as bars:
        contacted, finished = bars.add_task(""), bars.add_task("")

        def draw(standing: Standing) -> None:
            label, total = _label(standing), standing.total or None
            bars.update(
                contacted, description=f"{label} contacted", completed=standing.contacted, total=total
            )
            bars.update(finished, description=f"{label} finished", completed=standing.finished, total=total)

        return follow(client, campaign_id, draw)


def _ask_patiently(client: httpx.Client, campaign_id: UUID | str, pause: Callable[[float], None]) -> Standing:
    waited = 0.0
    while True:
        try:
            return _ask(client, campaign_id)
        except Unavailable:
            if waited >= _LONGEST_OUTAGE_SECONDS:
                raise
        except Refusal as refusal:
            if waited >= _LONGEST_OUTAGE_SECONDS or not _passes(refusal):
                raise
        pause(_POLL_SECONDS)
        waited += _POLL_SECONDS


def _passes(refusal: Refusal) -> bool:
    """Whether the same question may be answered a little later."""
    response = refusal.response
    return response.is_server_error or response.status_code == httpx.codes.TOO_MANY_REQUESTS


def _ask(client: httpx.Client, campaign_id: UUID | str) -> Standing:
    answer = send(client, client.build_request("GET", f"/api/campaigns/{campaign_id}")).json()
    campaign = answer["campaign"]
    return Standing(
        status=campaign["status"],
        pause_reason=campaign["pause_reason"],
        stats=campaign["stats"] or {},
        prospects_by_status=answer["prospects_by_status"],
    )


def _label(standing: Standing) -> str:
    reason = f" ({standing.pause_reason})" if standing.pause_reason else ""
    return f"{standing.status}{reason}:"

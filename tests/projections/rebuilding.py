"""Every read model rebuilt while a campaign is launched and read: ``python -m tests.projections.rebuilding --leads N``.

No request may fail, and what the tables hold in the end is what a cold rebuild makes of the log.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import UUID

import httpx
from msgspec import Struct

from projections.catalogue import ALL
from service.access import Workspaces
from service.clock import SystemClock
from service.composition import Liftoff, assembled
from service.database.embedded import EmbeddedPostgres
from service.database.migrate import migrate
from service.http.routes import api
from service.metrics import new_registry
from service.projector.replay import rebuild, replay_and_compare
from service.serving import projecting, working
from service.settings import Settings
from tests.api.fresh import client_of
from tests.api.making import make_sender
from tests.http.conftest import MASTER_KEY

_SETTINGS = Settings(rate_limit_per_second=1e6, rate_limit_burst=1_000_000)


class Outcome(Struct, frozen=True, kw_only=True):
    """What was seen: answers by status, how often the read models were rebuilt meanwhile, and what differs after it."""

    answers: dict[int, int]
    rebuilds: int
    total: int
    differing: int

    @property
    def is_good(self) -> bool:
        """Whether every request was answered, something was rebuilt, and a cold rebuild comes to the same."""
        return set(self.answers) == {200} and self.rebuilds > 0 and self.differing == 0


async def rebuild_during_a_launch(dsn: str, leads: int) -> Outcome:
    """Launch a campaign of so many leads; read it and rebuild everything all the while until it is active."""
    async with assembled(_SETTINGS, dsn, MASTER_KEY, SystemClock()) as parts, projecting(parts):
        workspace_id = await Workspaces(parts.pool, parts.clock).take("acme")
        async with await _client(parts, workspace_id) as client, working(parts):
            path = await _draft(client, parts, workspace_id, leads)
            answers: Counter[int] = Counter()
            launching = asyncio.create_task(_launch(client, path, answers))
            reading = [asyncio.create_task(_while(launching, _read(client, path, answers))) for _ in range(4)]
            rebuilt: list[int] = []
            await _while(launching, _rebuild(parts, rebuilt))
            await asyncio.gather(launching, *reading)
            detail = (await client.get(path)).json()
        compared = await replay_and_compare(parts.pool, parts.feed)
        cold = await rebuild(parts.pool, parts.feed)
        return Outcome(
            answers=dict(answers),
            rebuilds=len(rebuilt),
            total=sum(detail["prospects_by_status"].values()),
            differing=compared.differing + cold.differing,
        )


async def _client(parts: Liftoff, workspace_id: UUID) -> httpx.AsyncClient:
    return await client_of(api(parts, new_registry()), parts, workspace_id)


async def _draft(client: httpx.AsyncClient, parts: Liftoff, workspace_id: UUID, leads: int) -> str:
    """A draft that is ready, whose first mail is not due before tomorrow."""
    sender_id = str(await make_sender(parts, workspace_id))
    body = {"type": "email", "name": "Spring", "sender_account_ids": [sender_id]}
    path = f"/api/campaigns/{(await client.post('/api/campaigns', json=body)).json()['campaign']['id']}"
    nodes = [
        {"type": "delay", "delay_days": 1},
        {"type": "email", "subject": "Hello", "body": "Hello {{first_name|there}}"},
        {"type": "end"},
    ]
    assert (await client.patch(path, json={"sequence_nodes": nodes})).status_code == 200
    rows = "email\n" + "".join(f"lead{number}@example.com\n" for number in range(leads))
    imported = await client.post(
        f"{path}/leads/import", content=rows.encode(), headers={"Content-Type": "text/csv"}
    )
    assert imported.json()["imported"] == leads
    return path


async def _launch(client: httpx.AsyncClient, path: str, answers: Counter[int]) -> None:
    """Launch, and wait for the campaign to be active."""
    answers[(await client.post(f"{path}/launch")).status_code] += 1
    async with asyncio.timeout(240):
        while (await client.get(path)).json()["campaign"]["status"] != "active":
            await asyncio.sleep(0.1)


async def _while(task: asyncio.Task[None], step: Callable[[], Awaitable[None]]) -> None:
    await step()
    while not task.done():
        await step()
        await asyncio.sleep(0.01)


def _read(client: httpx.AsyncClient, path: str, answers: Counter[int]) -> Callable[[], Awaitable[None]]:
    async def read() -> None:
        for each in (path, f"{path}/leads", "/api/campaigns"):
            answers[(await client.get(each)).status_code] += 1

    return read


def _rebuild(parts: Liftoff, rebuilt: list[int]) -> Callable[[], Awaitable[None]]:
    async def rebuild_each() -> None:
        for projection in ALL:
            done = await rebuild(parts.pool, parts.feed, [projection])
            rebuilt.append(done.replayed.rows)

    return rebuild_each


def main() -> None:
    """Run it on a database of its own, and say what was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, default=10_000)
    leads = parser.parse_args().leads
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        with EmbeddedPostgres(Path(directory) / "data") as dsn:
            asyncio.run(migrate(dsn))
            outcome = asyncio.run(rebuild_during_a_launch(dsn, leads))
    print(outcome)  # noqa: T201 - what the command is run for
    raise SystemExit(0 if outcome.is_good and outcome.total == leads else 1)


if __name__ == "__main__":
    main()

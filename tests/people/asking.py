"""What the tests of erasing ask for again and again."""

from __future__ import annotations

from urllib.parse import quote

import httpx

from projections.leads import LEADS
from service.composition import Liftoff

NOTHING = {"leads": 0, "drafts": 0, "documents": 0}


def person(identity: str) -> str:
    """The address of a person."""
    return f"/api/people/{quote(identity, safe='')}"


async def erase(client: httpx.AsyncClient, identity: str) -> dict[str, int]:
    """Erase a person; answers what was erased."""
    answer = await client.delete(person(identity))
    assert answer.status_code == 200, answer.text
    erased: dict[str, int] = answer.json()["erased"]
    return erased


async def caught_up(liftoff: Liftoff) -> None:
    """Until the read model of the leads has seen what workers wrote."""
    written = await liftoff.pool.fetchval("SELECT max(position) FROM events")
    assert await liftoff.freshness.reached(written, LEADS)

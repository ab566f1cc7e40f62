"""The least that an endpoint can do: Litestar and asyncpg, one statement, one row as JSON."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from litestar import Litestar, Response, get, post

from service.database.pool import Pool

_CAMPAIGN = "SELECT row_to_json(c) FROM campaigns AS c WHERE workspace_id = $1 AND campaign_id = $2"
_INSERT = "INSERT INTO bare_launches (campaign_id) VALUES ($1)"


def bare(pool: Pool, workspace_id: UUID) -> Litestar:
    """An application that reads a row by its key, and one that stores a row in a durable transaction."""

    @get("/campaigns/{campaign_id:uuid}")
    async def read(campaign_id: UUID) -> Response[Any]:
        row = await pool.fetchval(_CAMPAIGN, workspace_id, campaign_id)
        return Response(json.loads(row))

    @post("/campaigns/{campaign_id:uuid}/launch", status_code=200)
    async def store(campaign_id: UUID) -> dict[str, bool]:
        await pool.execute(_INSERT, campaign_id)
        return {"success": True}

    return Litestar([read, store])

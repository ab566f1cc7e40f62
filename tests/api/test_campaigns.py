"""Campaigns over HTTP."""

from __future__ import annotations

import httpx


async def test_smoke(client: httpx.AsyncClient) -> None:
    made = await client.post(
        "/api/campaigns", json={"type": "email", "name": "Spring", "sender_account_ids": []}
    )
    print(made.status_code, made.headers, made.text)
    id_ = made.json()["campaign"]["id"]
    print((await client.get(f"/api/campaigns/{id_}")).text)
    print((await client.get("/api/campaigns")).text)
    print((await client.get(f"/api/campaigns/{id_}?as_of=1")).text)
    print((await client.get(f"/api/campaigns/{id_}/validate")).text)
    p = f"/api/campaigns/{id_}/sequence/nodes"
    print((await client.post(p, json={"type": "delay", "delay_days": 2})).text)
    print(
        (
            await client.put(
                p + "/" + made.json()["campaign"]["sequence_nodes"][0]["id"], json={"subject": "x"}
            )
        ).text
    )
    print(
        (
            await client.put(
                p + "/" + made.json()["campaign"]["sequence_nodes"][0]["id"], json={"body": "yy"}
            )
        ).text
    )
    print(
        (
            await client.request(
                "DELETE", p, json={"nodeId": made.json()["campaign"]["sequence_nodes"][0]["id"]}
            )
        ).text
    )
    assert 0

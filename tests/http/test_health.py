"""Alive, ready, counted."""

from __future__ import annotations

import asyncio
import json
from io import StringIO

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from service.database.pool import connect_as_owner
from service.http import health
from service.http.app import Foundation, create_app
from service.http.health import Finding
from service.metrics import new_registry
from service.settings import Settings
from tests.http.conftest import MASTER_KEY, World, transport_to


class ProbeOf:
    """A probe that finds what it is told to."""

    def __init__(self, name: str, finding: Finding | Exception | None) -> None:
        self.name = name
        self._finding = finding

    async def examine(self) -> Finding:
        if isinstance(self._finding, Exception):
            raise self._finding
        if self._finding is None:
            await asyncio.Event().wait()
        assert isinstance(self._finding, Finding)
        return self._finding


def client_with_probes(world: World, *probes: ProbeOf) -> httpx.AsyncClient:
    foundation = Foundation(
        settings=Settings(),
        pool=world.pool,
        clock=world.clock,
        master_key=MASTER_KEY,
        registry=new_registry(),
        probes=probes,
    )
    return httpx.AsyncClient(transport=transport_to(create_app(foundation, [], {})), base_url="http://test")


async def test_a_living_process_says_so_without_a_key(stranger: httpx.AsyncClient) -> None:
    assert (await stranger.get("/health/live")).json() == {"status": "live"}


async def test_it_is_ready_when_every_probe_passes(world: World) -> None:
    worker = ProbeOf("worker", Finding(ok=True, detail="beats", seconds=0.5))
    async with client_with_probes(world, worker) as client:
        answer = await client.get("/health/ready")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ready",
        "checks": {
            "database": {"ok": True, "detail": "answers"},
            "schema": {"ok": True, "detail": "up to date"},
            "worker": {"ok": True, "detail": "beats", "seconds": 0.5},
        },
    }


async def test_what_fails_breaks_or_hangs_is_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "PATIENCE_SECONDS", 1.0)
    late = ProbeOf("projections", Finding(ok=False, detail="too far behind", seconds=99.0))
    broken, hanging = ProbeOf("broken", ValueError("secret words")), ProbeOf("hanging", None)
    async with client_with_probes(world, late, broken, hanging) as client:
        answer = await client.get("/health/ready")
    assert answer.status_code == 503
    problem = answer.json()
    assert problem["code"] == "not-ready"
    assert problem["detail"] == "Not ready: projections, broken, hanging."
    assert problem["checks"]["projections"] == {"ok": False, "detail": "too far behind", "seconds": 99.0}
    assert problem["checks"]["hanging"] == {"ok": False, "detail": "does not answer"}
    assert "secret words" not in answer.text


async def test_missing_migrations_are_named(world: World, database: str) -> None:
    owner = await connect_as_owner(database, application_name="test")
    await owner.execute("DELETE FROM migrations WHERE number = (SELECT max(number) FROM migrations)")
    await owner.close()
    async with client_with_probes(world) as client:
        answer = await client.get("/health/ready")
    assert answer.status_code == 503
    assert "migrations missing" in answer.json()["checks"]["schema"]["detail"]


async def test_requests_are_counted_by_route_and_never_by_address(
    world: World, client: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    toy = "/api/toys/00000000-0000-0000-0000-000000000000"
    for _ in range(3):
        await client.get(toy)
    await client.get("/api/people/ada@example.com")
    await stranger.get("/api/people/ada@example.com")
    await client.request("BREW", toy)
    text = (await stranger.get("/metrics")).text
    samples = {
        (s.labels["method"], s.labels["route"], s.labels["status"]): s.value
        for family in text_string_to_metric_families(text)
        for s in family.samples
        if s.name == "liftoff_http_requests_total"
    }
    assert samples["GET", "/api/toys/{toy_id}", "200"] == 3
    assert samples["GET", "unmatched", "404"] == 1
    assert samples["GET", "unmatched", "401"] == 1
    assert ("other", "unmatched", "405") in samples
    assert "ada" not in text
    assert "liftoff_http_request_seconds_bucket" in text
    assert "process_resident_memory_bytes" in text


async def test_the_log_has_a_line_per_request_with_ids_and_nothing_else(
    world: World, client: httpx.AsyncClient, log: StringIO
) -> None:
    await client.get("/api/toys/00000000-0000-0000-0000-000000000000?name=ada@example.com")
    await client.post("/api/toys", json={"name": "Ada Lovelace"})
    await client.get("/api/people/ada@example.com")
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    requests = [line for line in lines if line["event"] == "request"]
    assert [(line["method"], line["route"], line["status"]) for line in requests] == [
        ("GET", "/api/toys/{toy_id}", 200),
        ("POST", "/api/toys", 201),
        ("GET", "unmatched", 404),
    ]
    assert all(line["request_id"] and line["key_id"] for line in requests)
    assert "ada" not in log.getvalue().lower()

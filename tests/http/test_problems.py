"""Every error looks the same, says what to do, and gives nothing away."""

from __future__ import annotations

import json
import re
from io import StringIO
from pathlib import Path
from uuid import UUID

import asyncpg
import httpx

import domain
import service
from service.http.catalogue import PROBLEMS
from service.http.problems import problem_of

RAISED = re.compile(r'\b(?:Refused|Blocker|Problem)\(\s*"([a-z-]+)"')
MEMBERS = {"type", "title", "status", "detail", "instance", "code", "request_id"}


def assert_problem(answer: httpx.Response, status: int, code: str) -> None:
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem.keys() >= MEMBERS
    assert (problem["status"], problem["code"], problem["type"]) == (status, code, f"/problems/{code}")
    assert problem["request_id"] == answer.headers["X-Request-Id"]


async def test_the_frameworks_own_errors_are_problems_too(client: httpx.AsyncClient) -> None:
    assert_problem(await client.get("/nowhere"), 404, "not-found")
    assert_problem(await client.get("/api/nowhere"), 404, "not-found")
    assert_problem(await client.get("/problems/no-such-problem"), 404, "not-found")
    refused = await client.put("/api/toys")
    assert_problem(refused, 405, "method-not-allowed")
    assert {"GET", "POST"} <= set(refused.headers["Allow"].split(", "))
    assert_problem(await client.get("/api/keys", headers={"Host": "not a host"}), 400, "bad-request")


async def test_a_refusal_of_the_domain_keeps_its_code_words_and_evidence(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/toys/refuse")
    assert_problem(answer, 400, "campaign-not-draft")
    assert answer.json()["detail"] == "The campaign is active."
    assert answer.json()["campaign_status"] == "active"
    assert answer.json()["instance"] == "/api/toys/refuse"


async def test_what_the_domain_finds_invalid_is_listed(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/toys/invalid")
    assert_problem(answer, 400, "invalid-value")
    assert answer.json()["errors"] == [
        {"path": "wheels[0]", "message": "A wheel is round."},
        {"path": "name", "message": "A name is short."},
    ]


async def test_a_bug_is_answered_without_internals_and_logged_without_data(
    client: httpx.AsyncClient, log: StringIO
) -> None:
    answer = await client.post("/api/toys/break")
    assert_problem(answer, 500, "internal-error")
    assert "ada@example.com" not in answer.text
    assert "RuntimeError" not in answer.text
    assert "ada@example.com" not in log.getvalue()
    (line,) = [line for line in map(json.loads, log.getvalue().splitlines()) if line["level"] == "error"]
    assert line["error"][0]["type"] == "builtins.RuntimeError"
    assert any("break_toy" in place for place in line["error"][0]["at"])
    assert line["request_id"] == answer.headers["X-Request-Id"]


def test_without_a_database_the_answer_is_503_and_worth_repeating() -> None:
    for outage in (ConnectionRefusedError(), TimeoutError(), asyncpg.AdminShutdownError("bye")):
        problem = problem_of(outage)
        assert (problem.type.code, problem.headers) == ("service-unavailable", {"Retry-After": "5"})
    assert problem_of(asyncpg.UndefinedTableError("oops")).type.code == "internal-error"


async def test_every_kind_of_problem_has_a_page(stranger: httpx.AsyncClient) -> None:
    listed = await stranger.get("/problems/")
    assert listed.headers["Content-Type"].startswith("text/html")
    for problem in PROBLEMS.values():
        assert f'href="{problem.path}"' in listed.text
        page = await stranger.get(problem.path)
        assert page.status_code == 200
        assert page.headers["Content-Type"].startswith("text/html")
        assert problem.code in page.text


async def test_pages_fetch_nothing_from_elsewhere(stranger: httpx.AsyncClient) -> None:
    for path in ("/docs", "/problems/", "/problems/not-found"):
        page = (await stranger.get(path)).text
        assert "<script" not in page
        assert not re.search(r"""(?:src|href|url)\s*[=(]\s*["']?(?:https?:)?//""", page)


def test_the_catalogue_says_what_to_do() -> None:
    for code, problem in PROBLEMS.items():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", code)
        assert 400 <= problem.status < 600
        assert not problem.title.endswith(".")
        assert problem.explanation.endswith(".")
        assert problem.remedy.endswith((".", "}}."))


def test_every_refusal_in_the_program_is_in_the_catalogue() -> None:
    rooms = [Path(room.__path__[0]) for room in (domain, service)]
    sources = [path.read_text() for room in rooms for path in room.rglob("*.py")]
    raised = {code for source in sources for code in RAISED.findall(source)}
    assert {"campaign-not-draft", "not-found", "invalid-value"} <= raised
    assert raised <= PROBLEMS.keys()


async def test_a_sane_inbound_request_id_is_kept(stranger: httpx.AsyncClient) -> None:
    for inbound in ("3f2b8c1e-7d4a-4c59-9b1e-0a2d6f8e4c11", "trace.42:span-7", "x" * 128):
        answer = await stranger.get("/health/live", headers={"X-Request-Id": inbound})
        assert answer.headers["X-Request-Id"] == inbound


async def test_any_other_request_id_is_replaced(stranger: httpx.AsyncClient) -> None:
    for inbound in ("", "short", "x" * 129, "two words here", "<script>alert(1)</script>", "é" * 20):
        answer = await stranger.get("/health/live", headers={b"X-Request-Id": inbound.encode("latin-1")})
        assert str(UUID(answer.headers["X-Request-Id"])) == answer.headers["X-Request-Id"]


async def test_every_answer_carries_one_request_id(client: httpx.AsyncClient) -> None:
    answers = [
        await client.get("/api/keys"),
        await client.get("/nowhere"),
        await client.put("/api/keys"),
        await client.get("/docs"),
        await client.post("/api/toys/break"),
        await client.get("/api/keys", headers={"Authorization": "none"}),
    ]
    ids = [answer.headers.get_list("X-Request-Id") for answer in answers]
    assert all(len(each) == 1 for each in ids)
    assert len({each[0] for each in ids}) == len(answers)

"""How answers and problems look."""

from __future__ import annotations

from io import StringIO
from typing import Any

import httpx
import pytest
from rich.console import Console

from service.cli import refusals
from service.cli.output import print_json, print_tables
from service.http import campaign_examples

UUID = "01939d3c-1b7e-7c0e-9d3a-0f5b7c9e2a41"
PROBLEM = {
    "type": "/problems/no-pending-leads",
    "title": "The campaign has no leads yet",
    "status": 400,
    "detail": "Add leads.",
    "instance": "/api/campaigns/1/launch",
    "code": "no-pending-leads",
    "request_id": "r",
}


def _table(answer: object, width: int = 100) -> str:
    written = StringIO()
    print_tables(answer, Console(file=written, width=width))
    return written.getvalue()


def _told(problem: dict[str, Any], capsys: pytest.CaptureFixture[str], **headers: str) -> str:
    request = httpx.Request("POST", "http://api.test/api/campaigns/1/launch")
    refusals.tell(httpx.Response(problem["status"], json=problem, headers=headers, request=request), "table")
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


def test_a_list_is_a_table_whose_ids_are_whole_and_whose_other_columns_find_room_or_are_named() -> None:
    row = {"created_at": "2030-01-31T09:00:00Z", "name": "A", "id": UUID, "stats": {"sent": 2}, "why": None}
    shown = _table({"things": [row], "next_cursor": None}, width=60)
    assert UUID in shown
    assert shown.index("name") < shown.index("not shown: created_at, stats.sent")
    assert "why" not in shown
    assert "next_cursor" not in shown


def test_a_thing_is_its_names_and_values_with_its_lists_below() -> None:
    shown = _table(
        {"thing": {"id": UUID, "on": True, "stats": {"sent": 2}, "parts": [{"id": "p1"}], "none": []}}
    )
    assert [line.split() for line in shown.splitlines()[:4]] == [
        ["id", UUID],
        ["on", "yes"],
        ["stats.sent", "2"],
        ["none", "(none)"],
    ]
    assert "parts\n" in shown
    assert "p1" in shown


def test_sentences_have_lines_of_their_own_and_words_share_one() -> None:
    shown = _table({"thing": {"said": ["One thing.", "And another."], "scopes": ["read", "write"]}})
    assert [line.removeprefix("said").removeprefix("scopes").strip() for line in shown.splitlines()] == [
        "One thing.",
        "And another.",
        "read, write",
    ]


def test_a_plan_shows_who_sends_how_much_when_within_eighty_columns() -> None:
    shown = _table(campaign_examples.PLAN, width=80)
    assert [line.split()[0] for line in shown.splitlines()[:2]] == ["starts_at", "ends_at"]
    [row] = [line for line in shown.splitlines() if "2030-03-29" in line and "ada@example.com" in line]
    assert row.split()[-6::2] == ["20", "2030-03-29", "2030-03-29"]
    assert "not shown: sender_id" in shown
    assert "not shown" not in _table(campaign_examples.PLAN, width=130)


def test_what_a_terminal_would_obey_is_not_printed() -> None:
    assert "\x1b" not in _table({"leads": [{"name": "\x1b[31mred [bold]"}]})
    assert "[bold]" in _table({"leads": [{"name": "\x1b[31mred [bold]"}]})


def test_json_keeps_numbers_as_they_were_sent(capsys: pytest.CaptureFixture[str]) -> None:
    print_json(b'{"a":9007199254740993,"b":1.10}', "json")
    print_json(b'{"a":1}', "raw")
    assert capsys.readouterr().out == '{\n  "a": 9007199254740993,\n  "b": 1.10\n}\n{"a":1}\n'


def test_a_problem_is_told_in_words_with_the_page_that_explains_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert _told(PROBLEM, capsys) == (
        "The campaign has no leads yet (400 no-pending-leads)\n"
        "  Add leads.\n"
        "See http://api.test/problems/no-pending-leads\n"
    )


def test_all_blockers_and_errors_of_a_problem_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    blockers = [{"code": "no-pending-leads", "message": "Add leads."}, {"code": "no-x", "message": "Add x."}]
    told = _told({**PROBLEM, "blockers": blockers}, capsys)
    assert told.splitlines()[1:3] == ["  Add leads. (no-pending-leads)", "  Add x. (no-x)"]
    errors = [{"path": "name", "message": "Required."}, {"path": "", "message": "Wrong."}]
    told = _told({**PROBLEM, "errors": errors}, capsys)
    assert told.splitlines()[1:3] == ["  name: Required.", "  the body: Wrong."]


def test_what_else_a_problem_says_is_told_too(capsys: pytest.CaptureFixture[str]) -> None:
    told = _told(
        {**PROBLEM, "status": 409, "runId": "run_1", "retry_after": 5}, capsys, **{"Retry-After": "5"}
    )
    assert told.splitlines()[2:4] == ["  runId: run_1", "It can be tried again in 5 seconds."]


def test_an_answer_that_is_not_the_apis_is_told_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    request = httpx.Request("GET", "http://api.test/api/keys")
    refusals.tell(httpx.Response(502, text="<h1>\x1bBad gateway", request=request), "json")
    assert capsys.readouterr().err == (
        "http://api.test/api/keys answered 502, not as Liftoff does: <h1>�Bad gateway\n"
    )

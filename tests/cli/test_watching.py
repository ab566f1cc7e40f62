"""Following a campaign: each change is shown once, an outage is waited out, and the end is the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import httpx
import pytest
from rich.console import Console

from service.cli.client import Refusal
from service.cli.failures import Unavailable
from service.cli.watching import Standing, follow, watch

Answer = Callable[[httpx.Request], httpx.Response]
CAMPAIGN = "01939d3c-1b7e-7c0e-9d3a-0f5b7c9e2a41"


def _campaign(status: str, stats: dict[str, int] | None, leads: dict[str, int]) -> Answer:
    body: dict[str, Any] = {
        "campaign": {"status": status, "stats": stats, "pause_reason": None},
        "prospects_by_status": leads,
    }
    return lambda request: httpx.Response(200, json=body)


def _status(status: int) -> Answer:
    return lambda request: httpx.Response(status, json={"code": "some-problem", "title": "A problem"})


def _unreachable(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("connection refused", request=request)


LAUNCHING = _campaign("launching", {"total": 3, "contacted": 0}, {"pending": 3, "cancelled": 1})
SENDING = _campaign(
    "active", {"total": 3, "contacted": 2}, {"pending": 1, "sent": 1, "completed": 1, "cancelled": 1}
)
COMPLETED = _campaign(
    "completed", {"total": 3, "contacted": 3}, {"completed": 2, "bounced": 1, "cancelled": 1}
)


def _client(answers: Iterator[Answer]) -> httpx.Client:
    def answer(request: httpx.Request) -> httpx.Response:
        return next(answers)(request)

    return httpx.Client(transport=httpx.MockTransport(answer), base_url="http://api.test")


def _followed(*answers: Answer) -> tuple[list[Standing], list[float]]:
    shown: list[Standing] = []
    pauses: list[float] = []
    with _client(iter(answers)) as client:
        last = follow(client, CAMPAIGN, shown.append, pauses.append)
    assert last == shown[-1]
    return shown, pauses


def test_each_change_is_shown_once_up_to_the_end() -> None:
    shown, pauses = _followed(LAUNCHING, LAUNCHING, SENDING, SENDING, COMPLETED)
    assert [(each.status, each.contacted, each.finished) for each in shown] == [
        ("launching", 0, 0),
        ("active", 2, 1),
        ("completed", 3, 3),
    ]
    assert len(pauses) == 4


def test_a_campaign_that_has_ended_is_shown_without_waiting() -> None:
    assert _followed(COMPLETED)[1] == []


def test_a_launch_that_is_taken_back_is_an_end() -> None:
    draft = _campaign("draft", None, {"pending": 3})
    assert [each.status for each in _followed(LAUNCHING, draft)[0]] == ["launching", "draft"]


def test_an_outage_is_waited_out() -> None:
    shown, _ = _followed(LAUNCHING, _unreachable, _status(503), _status(429), COMPLETED)
    assert [each.status for each in shown] == ["launching", "completed"]


@pytest.mark.parametrize(("answer", "error"), [(_unreachable, Unavailable), (_status(500), Refusal)])
def test_an_outage_of_a_minute_ends_it(answer: Answer, error: type[Exception]) -> None:
    pauses: list[float] = []
    with _client(iter(lambda: answer, None)) as client, pytest.raises(error):
        follow(client, CAMPAIGN, lambda standing: None, pauses.append)
    assert sum(pauses) == 60


def test_a_refusal_ends_it_at_once() -> None:
    with _client(iter([LAUNCHING, _status(401)])) as client, pytest.raises(Refusal):
        follow(client, CAMPAIGN, lambda standing: None, lambda seconds: None)


def test_the_bars_end_with_all_leads_contacted_and_finished() -> None:
    written = StringIO()
    with _client(iter([COMPLETED])) as client:
        watch(client, CAMPAIGN, Console(file=written, width=100))
    assert [line.split()[:2] for line in written.getvalue().splitlines()] == [
        ["•", "completed:"],
        ["•", "completed:"],
    ]
    assert written.getvalue().count("3/3") == 2

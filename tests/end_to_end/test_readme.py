"""Every example of the README is sent, in its order, and answered as the README says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
from msgspec import Struct

from tests.end_to_end.campaigning import connect
from tests.end_to_end.processes import ServiceProcess, SinkProcess

README: Final = Path(__file__).parents[2] / "README.md"
_EXAMPLE: Final = re.compile(
    r"```http\n(?P<method>[A-Z]+) (?P<path>\S+)\n(?P<body>.*?)\n?\n(?P<said>\d.*?)\n```", re.S
)
_NAME: Final = re.compile(r"<(\w+)>")


class Example(Struct, frozen=True):
    """A request, and how it may be answered."""

    method: str
    path: str
    body: str
    answers: dict[int, str | None]
    """Each status, with the problem's code, or the name of the thing or the list in the answer."""


def examples() -> Iterator[Example]:
    for found in _EXAMPLE.finditer(README.read_text()):
        said = (answer.partition(" ") for answer in found["said"].split(" | "))
        answers = {int(status): word or None for status, _, word in said}
        yield Example(found["method"], found["path"], found["body"], answers)


def test_the_readme_has_examples_and_all_of_them_can_be_read() -> None:
    found = list(examples())
    assert len(found) == README.read_text().count("```http") >= 5


async def test_every_example_is_answered_as_the_readme_says(
    tmp_path: Path, embedded_database: Mapping[str, str]
) -> None:
    with (
        SinkProcess(tmp_path / "sink") as sink,
        ServiceProcess(tmp_path / "data", **embedded_database) as service,
    ):
        tomorrow = datetime.now(UTC) + timedelta(days=1)
        known = {"sink": sink.url, "tomorrow": tomorrow.isoformat()}
        async with connect(service.url, service.key) as api:
            for example in examples():
                answer = await _send(api, example, known)
                where = f"{example.method} {example.path}: {answer.text}"
                assert answer.status_code in example.answers, where
                word = example.answers[answer.status_code]
                if answer.is_error:
                    assert answer.json()["code"] == word, where
                elif word is not None:
                    known[word] = _first(answer.json()[word])["id"]


def _first(told: Any) -> Any:
    """A thing, or the first of a list of them."""
    return told[0] if isinstance(told, list) else told


async def _send(api: httpx.AsyncClient, example: Example, known: dict[str, str]) -> httpx.Response:
    def fill(text: str) -> str:
        return _NAME.sub(lambda name: known[name[1]], text)

    body: Any = json.loads(fill(example.body)) if example.body else None
    return await api.request(example.method, fill(example.path), json=body)

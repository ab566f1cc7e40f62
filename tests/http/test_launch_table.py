"""The error table of the launch: whatever is made from it agrees with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import httpx

from service.cli.document import api_document
from service.http.catalogue import PROBLEMS
from service.http.launch_table import LAUNCH_TABLE, as_markdown
from tests.http.test_openapi import told_problems

GENERIC: Final = {
    *("rate-limited", "internal-error", "service-unavailable"),
    *("malformed-json", "invalid-value", "body-too-large", "unsupported-media-type"),
    *("invalid-parameter", "invalid-if-match"),
    *("invalid-idempotency-key", "idempotency-in-progress", "idempotency-key-reused"),
}
"""What any request may be answered that has a body, an If-Match and an Idempotency-Key."""


def test_the_readme_shows_the_table_as_it_is() -> None:
    assert as_markdown() in (Path(__file__).parents[2] / "README.md").read_text()


def test_the_api_document_lists_exactly_these_problems() -> None:
    launch = json.loads(api_document())["paths"]["/api/campaigns/{campaign_id}/launch"]["post"]
    assert launch["operationId"] == "campaign.launch"
    assert told_problems(launch) == LAUNCH_TABLE.keys() | GENERIC
    assert GENERIC.isdisjoint(LAUNCH_TABLE)


async def test_the_pages_of_these_problems_and_no_others_show_an_example(stranger: httpx.AsyncClient) -> None:
    pages = {code: (await stranger.get(problem.path)).text for code, problem in PROBLEMS.items()}
    assert {code for code, page in pages.items() if "<h2>Example</h2>" in page} == LAUNCH_TABLE.keys()

"""Every answer is as the OpenAPI document says. For as long as you like by ``python -m tests.openapi``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.openapi.machine import Effort, explore
from tests.openapi.serving import serving


def test_a_machine_that_knows_only_the_document_finds_no_fault(
    tmp_path: Path, own_database: Mapping[str, str]
) -> None:
    with serving(tmp_path / "data", own_database) as service:
        found = explore(service.url, service.key, Effort(requests=1, sequences=6))
    assert found.faults == {}
    assert {200, 201, 400, 401, 404} <= found.statuses.keys()

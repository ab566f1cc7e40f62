"""The kit's state machine, as a team would point it at its deployment: against the running service."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.end_to_end.campaigning import connect, make_sender
from tests.end_to_end.processes import ServiceProcess, SinkProcess

README: Final = Path(__file__).parents[2] / "README.md"
bounded = settings(
    max_examples=4,
    stateful_step_count=12,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],
)


async def test_a_running_service_does_what_the_model_says_when_the_readmes_example_is_pointed_at_it(
    tmp_path: Path, own_database: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with SinkProcess(tmp_path / "sink") as sink, ServiceProcess(tmp_path / "data", **own_database) as service:
        async with connect(service.url, service.key) as api:
            monkeypatch.setenv("LIFTOFF_SENDER_ID", await make_sender(api, sink.url, "kit"))
        monkeypatch.setenv("LIFTOFF_API_BASE_URL", service.url)
        monkeypatch.setenv("LIFTOFF_API_KEY", service.key)
        example = _example()["TestOurDeployment"]
        example.settings = bounded
        example().runTest()
        assert sink.count == 0


def _example() -> dict[str, Any]:
    """What the README's example defines."""
    [code] = re.findall(r"```python\n(.*?)```", README.read_text(), re.S)
    defined: dict[str, Any] = {}
    exec(code, defined)
    return defined

"""Schemathesis at work on a running service: it makes requests from the OpenAPI document and checks every answer.

All its checks are on. Where a status alone can't tell whether a request was refused for its form or for the state of
things (both are 400 here), two checks of our own look at the problem's code.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

import schemathesis
from msgspec import Struct, field
from schemathesis import openapi
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema
from schemathesis.generation import GenerationMode

_OF_THE_FORM: Final = {
    *("bad-request", "malformed-json", "unsupported-media-type", "body-too-large"),
    *("invalid-parameter", "invalid-idempotency-key"),
}
"""What a request that fits the document is never refused for. Not all of what makes sense can be said in a schema.

``invalid-if-match`` is missing: at boundaries Schemathesis sends ``If-Match: 0``, whatever the pattern says.
"""
_BY_STATE: Final = ["2xx", "400", "402", "403", "404", "409", "412", "422"]
"""What a request that fits the document may be answered with."""


class Effort(Struct, frozen=True, kw_only=True):
    """How much is tried: requests of each operation, sequences of requests, and for how long at most.

    ``thorough`` adds the examples of the document, and every boundary of its schemas.
    """

    requests: int
    sequences: int
    thorough: bool = False
    seconds: int | None = None
    seed: int = 1


class Findings(Struct):
    """What came out: the requests made, their statuses, the operations that ever succeeded, and what was wrong."""

    requests: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    succeeded: set[str] = field(default_factory=set)
    faults: dict[str, str] = field(default_factory=dict)


@schemathesis.check
def problem_is_documented(_ctx: Any, response: Any, case: Any) -> None:
    """The code of a problem is one that the document lists for the operation, under its status."""
    if response.status_code < 400 or case.method.upper() != case.operation.method.upper():
        return
    told = case.operation.definition.raw["responses"].get(str(response.status_code), {})
    codes = told.get("content", {}).get("application/problem+json", {}).get("examples", {})
    code = response.json()["code"]
    assert code in codes, f"{code} is not documented under {response.status_code}"


@schemathesis.check
def good_form_is_not_refused(_ctx: Any, response: Any, case: Any) -> None:
    """What fits the document is not refused for its form."""
    meta = case.meta
    if meta is None or meta.generation.mode != GenerationMode.POSITIVE or response.status_code < 400:
        return
    problem = response.json()
    assert problem["code"] not in _OF_THE_FORM, problem["detail"]


def explore(url: str, key: str, effort: Effort) -> Findings:
    """Try the service at ``url`` with a key of all scopes."""
    config = SchemathesisConfig.from_dict(_settings(key, effort))
    document = openapi.from_url(f"{url}/openapi.json", config=config)
    schema = document.exclude(operation_id="key.delete")  # it would revoke its own key
    findings = Findings()
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            _note(event, findings)
        elif isinstance(event, events.NonFatalError):
            findings.faults[f"{event.label}: {type(event.value).__name__}"] = str(event.value)
    return findings


def _settings(key: str, effort: Effort) -> dict[str, Any]:
    """As in ``schemathesis.toml``."""
    generation = {
        "deterministic": effort.seconds is None,
        "database": "none",
        "max-examples": effort.requests,
    }
    settings = {
        "headers": {"Authorization": f"Bearer {key}"},
        "seed": effort.seed,
        "continue-on-failure": True,
        "request-timeout": 30,
        "generation": generation,
        "phases": {
            "examples": {"enabled": effort.thorough},
            "coverage": {"enabled": effort.thorough},
            "stateful": {"generation": {**generation, "max-examples": effort.sequences}},
        },
        "checks": {"positive_data_acceptance": {"expected-statuses": _BY_STATE}},
    }
    return settings if effort.seconds is None else {**settings, "max-time": effort.seconds}


def _note(event: events.ScenarioFinished, findings: Findings) -> None:
    recorder = event.recorder
    for case_id, interaction in recorder.interactions.items():
        findings.requests += 1
        if interaction.response is not None:
            findings.statuses[interaction.response.status_code] += 1
            if interaction.response.status_code < 300:
                findings.succeeded.add(recorder.cases[case_id].value.operation.label)
    for case_id, name, message in _failures(recorder):
        case = recorder.cases[case_id].value
        findings.faults.setdefault(
            f"{case.method} {case.path}: {name}", f"{message}\n{case.as_curl_command()}"
        )


def _failures(recorder: Any) -> Iterator[tuple[str, str, str]]:
    checks: Mapping[str, Any] = recorder.checks
    for case_id, nodes in checks.items():
        for node in nodes:
            if node.status == Status.FAILURE:
                yield (
                    case_id,
                    node.name,
                    f"{node.failure_info.failure.title}: {node.failure_info.failure.message}",
                )

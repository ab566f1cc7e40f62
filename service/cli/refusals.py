"""Problems of the API (RFC 9457) on stderr: words for a person, the JSON as it came for a program."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import click
import httpx
import msgspec

from service.cli.output import Format, pretty, printable

_LONGEST_FOREIGN_BODY: Final = 500
# Members that are printed in words, or are for programs and logs.
_TOLD: Final = frozenset(
    {
        "type",
        "title",
        "status",
        "detail",
        "instance",
        "code",
        "request_id",
        "errors",
        "blockers",
        "retry_after",
    }
)


def tell(response: httpx.Response, form: Format) -> None:
    """Print what the API has against the request."""
    problem = _problem(response)
    if problem is None:
        text = printable(response.text)[:_LONGEST_FOREIGN_BODY]
        click.echo(f"{response.url} answered {response.status_code}, not as Liftoff does: {text}", err=True)
    elif form == "table":
        for line in _words(problem, response):
            click.echo(printable(line), err=True)
    else:
        click.echo(pretty(response.content) if form == "json" else response.content, err=True)


def _problem(response: httpx.Response) -> dict[str, Any] | None:
    """The problem details; None when something else answered than the API."""
    try:
        decoded = msgspec.json.decode(response.content)
    except msgspec.DecodeError:
        return None
    return decoded if isinstance(decoded, dict) and "code" in decoded and "title" in decoded else None


def _words(problem: dict[str, Any], response: httpx.Response) -> Iterator[str]:
    yield f"{problem['title']} ({response.status_code} {problem['code']})"
    yield from _findings(problem) or [f"  {problem.get('detail', '')}"]
    for name, value in problem.items():
        if name not in _TOLD and isinstance(value, (str, int)):
            yield f"  {name}: {value}"
    if response.status_code == httpx.codes.UNAUTHORIZED:
        yield "The key is taken from the environment: export LIFTOFF_API_KEY=pk_live_…"
    if after := response.headers.get("Retry-After"):
        yield f"It can be tried again in {after} seconds."
    yield f"See {response.url.join(problem.get('type', '/problems/'))}"


def _findings(problem: dict[str, Any]) -> list[str]:
    """All that is wrong, where the detail tells of the first thing."""
    blockers = [f"  {blocker['message']} ({blocker['code']})" for blocker in problem.get("blockers", ())]
    errors = [f"  {error['path'] or 'the body'}: {error['message']}" for error in problem.get("errors", ())]
    return blockers + errors

"""Problems of the API (RFC 9457) on stderr: words for a person, the JSON as it came for a program."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click
import httpx
import msgspec

from service.cli.output import Format, pretty

_LONGEST_FOREIGN_BODY = 500


def tell(response: httpx.Response, form: Format) -> None:
    """Print what the API has against the request."""
    problem = _problem(response)
    if problem is None:
        text = response.text[:_LONGEST_FOREIGN_BODY]
        click.echo(f"{response.url} answered {response.status_code}, not as Liftoff does: {text}", err=True)
    elif form == "table":
        for line in _words(problem, response):
            click.echo(line, err=True)
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
    yield f"{click.style(problem['title'], bold=True)} ({response.status_code} {problem['code']})"
    if detail := problem.get("detail"):
        yield detail
    for blocker in problem.get("blockers", ()):
        yield f"  {blocker['code']}: {blocker['message']}"
    for error in problem.get("errors", ()):
        yield f"  {error['path'] or 'the body'}: {error['message']}"
    if response.status_code == httpx.codes.UNAUTHORIZED:
        yield "The key is taken from the environment: export LIFTOFF_API_KEY=pk_live_…"
    if after := response.headers.get("Retry-After"):
        yield f"It can be tried again in {after} seconds."
    yield f"See {response.url.join(problem.get('type', '/problems/'))}"

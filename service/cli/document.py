"""``liftoff openapi``: the API's document, made without a running service. The client is made from a copy of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, get_args, get_origin, get_type_hints

import click
import msgspec
from litestar.di import Dependency
from litestar.handlers import HTTPRouteHandler
from litestar.types import ControllerRouterHandler

from service.cli.output import pretty
from service.http.keys import key_routes
from service.http.openapi import build_document
from service.http.routes import API_ROUTES


@cache
def api_document() -> bytes:
    """The document that the running service has at ``/openapi.json``, with line breaks."""
    routes = [*key_routes, *API_ROUTES]
    document = build_document(routes, set(_injected(routes)), version("liftoff"))
    return pretty(msgspec.json.encode(document)) + b"\n"


@click.command()
@click.option(
    "--output",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="The file to write it to. Default: stdout.",
)
def openapi(output: Path | None) -> None:
    """Print the API's OpenAPI document (JSON)."""
    if output is None:
        click.echo(api_document(), nl=False)
    else:
        output.write_bytes(api_document())


def _injected(routes: Iterable[ControllerRouterHandler]) -> Iterator[str]:
    """The names of the services that the routes' handlers ask for."""
    for route in routes:
        if isinstance(route, HTTPRouteHandler):
            hints = get_type_hints(route.fn, include_extras=True)
            yield from (name for name, hint in hints.items() if _is_injected(hint))


def _is_injected(hint: object) -> bool:
    return get_origin(hint) is Annotated and any(isinstance(note, Dependency) for note in get_args(hint))

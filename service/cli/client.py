"""Calls to the API: where it is, who asks, and what may come of a call."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

import httpx
import msgspec

from service import trust
from service.cli.failures import Exit, Unavailable, WrongUse
from service.cli.grammar import PLACES, Flag, Operation
from service.cli.upload import Upload

DEFAULT_BASE_URL: Final = "http://127.0.0.1:8080"
# A launch checks and resolves every lead of a campaign before it answers; an import takes as long as it takes.
_PATIENCE: Final = httpx.Timeout(120, connect=10)
_UNHURRIED: Final = httpx.Timeout(None, connect=10)


class Refusal(Exception):
    """The API answered, but not with what was asked for."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__(f"{response.status_code} {response.reason_phrase}")
        self.response = response

    @property
    def exit_code(self) -> Exit:
        """Whether what was asked is wrong, or the service."""
        return Exit.REFUSED if self.response.is_client_error else Exit.UNAVAILABLE


def open_client() -> httpx.Client:
    """A client of the API that the environment names. Raises ``WrongUse``."""
    key = os.environ.get("LIFTOFF_API_KEY", "").strip()
    headers = {b"Authorization": b"Bearer " + key.encode()} if key else None
    return httpx.Client(base_url=_base_url(), headers=headers, timeout=_PATIENCE, verify=trust.for_web())


def _base_url() -> httpx.URL:
    text = os.environ.get("LIFTOFF_API_BASE_URL") or DEFAULT_BASE_URL
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        url = httpx.URL()
    if url.scheme not in ("http", "https") or not url.host:
        raise WrongUse(f"LIFTOFF_API_BASE_URL must be an address like {DEFAULT_BASE_URL}, not '{text}'")
    return url


def call(
    client: httpx.Client, operation: Operation, given: Mapping[Flag, Any], upload: Upload | None = None
) -> httpx.Response:
    """The answer to an operation. Raises ``Refusal``, ``Unavailable``, ``WrongUse``."""
    taken = {place: {flag: value for flag, value in given.items() if flag.place == place} for place in PLACES}
    body = {flag.field: value for flag, value in taken["body"].items()}
    request = client.build_request(
        operation.method,
        operation.path.format_map(
            {flag.field: quote(value, safe="") for flag, value in taken["path"].items()}
        ),
        params={flag.field: value for flag, value in taken["query"].items()},
        headers=_headers(operation, taken["header"], upload),
        content=upload.chunks if upload else msgspec.json.encode(body) if operation.has_body else None,
        timeout=_UNHURRIED if upload else _PATIENCE,
    )
    return send(client, request)


def send(client: httpx.Client, request: httpx.Request) -> httpx.Response:
    """The answer to a request. Raises ``Refusal``, ``Unavailable``, ``WrongUse``."""
    try:
        response = client.send(request)
    except (httpx.LocalProtocolError, httpx.UnsupportedProtocol) as error:
        raise WrongUse(f"The request can't be sent: {error}") from error
    except httpx.TransportError as error:
        raise Unavailable(f"{client.base_url} does not answer: {error}") from error
    if not response.is_success:
        raise Refusal(response)
    return response


def _headers(operation: Operation, given: Mapping[Flag, str], upload: Upload | None) -> dict[bytes, bytes]:
    headers = {
        flag.field: _as_tag(value) if flag.field == "If-Match" else value for flag, value in given.items()
    }
    if operation.has_body:
        headers["Content-Type"] = "application/json"
    if upload is not None:
        headers["Content-Type"] = upload.media_type
    return {name.encode(): value.encode() for name, value in headers.items()}


def _as_tag(version: str) -> str:
    """An entity tag; the quotes around a version may be left out."""
    return f'"{version}"' if version.isdigit() else version

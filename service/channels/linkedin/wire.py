"""Requests to the provider and what came back: an answer, silence, or never sent. Nothing else, and nothing raised.

Whether a request may have reached the provider is decided here, for it is what makes a repetition safe or not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final, TypeAlias, TypeVar

import httpx
import msgspec
from msgspec import Struct

from service import trust

_MOST_WORDS: Final = 500
_NEVER_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)

T = TypeVar("T", bound=Struct)


class Timeouts(Struct, frozen=True):
    """Patience in seconds: for a connection (and a free place for it), for the answer to a question, to an action."""

    connect: float = 5.0
    question: float = 15.0
    action: float = 30.0


class Answer(Struct, frozen=True):
    """The provider answered; ``words`` are its own, as far as it had any."""

    status: int
    body: bytes
    words: str

    @property
    def good(self) -> bool:
        """Whether it was a 2xx."""
        return self.status // 100 == 2

    def read(self, shape: type[T]) -> T | None:
        """The body in this shape; None when it has another."""
        try:
            return msgspec.json.decode(self.body, type=shape)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None


class Silence(Struct, frozen=True):
    """The request was sent, at least in part, and no answer was had."""

    words: str


class NotSent(Struct, frozen=True):
    """There was no connection: the provider knows nothing of the request."""

    words: str


Reaction: TypeAlias = Answer | Silence | NotSent


class Trouble(Struct, frozen=True):
    """The body of an error: ``type`` is ``errors/<kind>``."""

    type: str | None = None
    title: str | None = None
    detail: str | None = None

    @property
    def kind(self) -> str:
        """What it is about; empty when that is not told."""
        return (self.type or "").removeprefix("errors/")


class Wire:
    """The connection to a provider, of one event loop."""

    def __init__(self, url: str, api_key: str, timeouts: Timeouts) -> None:
        self._api_key = api_key
        self._timeouts = timeouts
        self._client = httpx.AsyncClient(
            base_url=f"{url.rstrip('/')}/api/v1/",
            headers={b"X-API-KEY": api_key.encode(), b"Accept": b"application/json"},
            verify=trust.for_web(),
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def ask(self, path: str, parameters: Mapping[str, str | int]) -> Reaction:
        """Ask for something, which changes nothing at the provider."""
        return await self._exchange("GET", path, self._timeouts.question, params=parameters)

    async def act(self, path: str, body: Mapping[str, str]) -> Reaction:
        """Have something done, told as JSON."""
        return await self._exchange("POST", path, self._timeouts.action, json=body)

    async def act_by_form(self, path: str, fields: Mapping[str, str]) -> Reaction:
        """Have something done, told as a form in several parts."""
        parts = {name: (None, value.encode()) for name, value in fields.items()}
        return await self._exchange("POST", path, self._timeouts.action, files=parts)

    async def _exchange(self, method: str, path: str, seconds: float, **content: Any) -> Reaction:
        """One request and its reaction, within ``seconds`` as a whole however slowly the bytes drip."""
        timeout = httpx.Timeout(seconds, connect=self._timeouts.connect, pool=self._timeouts.connect)
        try:
            async with asyncio.timeout(seconds):
                response = await self._client.request(method, path, timeout=timeout, **content)
        except _NEVER_SENT as error:
            return NotSent(self._clean(f"The provider can't be reached: {_reason(error)}"))
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            return Silence(self._clean(f"The provider did not answer: {_reason(error)}"))
        return Answer(response.status_code, response.content, self._clean(_words(response)))

    def _clean(self, words: str) -> str:
        """The words as they may be kept: not endless, and without the key."""
        return words.replace(self._api_key, "***")[:_MOST_WORDS] if self._api_key else words[:_MOST_WORDS]


def trouble(answer: Answer) -> Trouble:
    """What an error is about; nothing when its body says nothing."""
    return answer.read(Trouble) or Trouble()


def _words(response: httpx.Response) -> str:
    told = Answer(response.status_code, response.content, "").read(Trouble) or Trouble()
    said = ": ".join(part for part in (told.title, told.detail) if part)
    return f"{response.status_code} {said or told.kind or response.reason_phrase}".rstrip()


def _reason(error: Exception) -> str:
    return "no answer in time" if isinstance(error, TimeoutError | httpx.TimeoutException) else str(error)

"""The language model: an endpoint that speaks the chat completions of OpenAI's API, asked for many texts at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final, Literal, TypeAlias

import httpx
import msgspec
import structlog
from msgspec import Struct

from service import trust

CONCURRENCY: Final = 8
"""Most questions at once."""
DEADLINE: Final = timedelta(seconds=60)
"""How long all questions of a batch may take together."""
MAX_ANSWER_BYTES: Final = 1024 * 1024

Silence = Literal["unavailable", "refused", "unusable"]
"""Why there is no text: no answer in time, an answer that says no, or one that holds no text."""

_log = structlog.get_logger(__name__)


class Question(Struct, frozen=True):
    """What is asked: who the model is to be, and what it is to do."""

    system: str
    user: str


class Text(Struct, frozen=True):
    """What the model wrote."""

    text: str


Answer: TypeAlias = Text | Silence


class _Message(Struct):
    content: str


class _Choice(Struct):
    message: _Message


class _Completion(Struct):
    choices: list[_Choice]


class Llm:
    """A model behind an endpoint."""

    def __init__(self, url: str, model: str, api_key: str | None, deadline: timedelta = DEADLINE) -> None:
        """``url`` is what ``/chat/completions`` is put behind."""
        self._url = f"{url.rstrip('/')}/chat/completions"
        self._model = model
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._deadline = deadline.total_seconds()

    async def ask(self, questions: Sequence[Question]) -> list[Answer]:
        """The answers, in the order of the questions, within the deadline; never raises for what the endpoint does."""
        gate = asyncio.Semaphore(CONCURRENCY)
        async with httpx.AsyncClient(
            headers=self._headers, timeout=self._deadline, verify=trust.for_web()
        ) as client:
            asking = [asyncio.create_task(self._ask(client, gate, question)) for question in questions]
            try:
                await asyncio.wait(asking, timeout=self._deadline)
            finally:
                for task in asking:
                    task.cancel()
                ended = await asyncio.gather(*asking, return_exceptions=True)
        return [_answered(outcome) for outcome in ended]

    async def _ask(self, client: httpx.AsyncClient, gate: asyncio.Semaphore, question: Question) -> Answer:
        messages = [
            {"role": "system", "content": question.system},
            {"role": "user", "content": question.user},
        ]
        async with gate:
            try:
                body = {"model": self._model, "messages": messages}
                async with client.stream("POST", self._url, json=body) as response:
                    if response.status_code != 200:
                        return _refusal(response.status_code)
                    return _text(await _read(response))
            except httpx.HTTPError as error:
                _log.warning("llm_not_reached", error=type(error).__name__)
                return "unavailable"


def _answered(outcome: Answer | BaseException) -> Answer:
    if isinstance(outcome, asyncio.CancelledError):
        return "unavailable"
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome


def _refusal(status: int) -> Silence:
    _log.warning("llm_refused", status=status)
    return "unavailable" if status == 429 or status >= 500 else "refused"


async def _read(response: httpx.Response) -> bytes:
    """The body; cut off where no text would still be usable."""
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            break
    return bytes(body)


def _text(body: bytes) -> Answer:
    try:
        completion = msgspec.json.decode(body, type=_Completion)
        return Text(completion.choices[0].message.content)
    except (msgspec.DecodeError, UnicodeDecodeError, IndexError):
        return "unusable"

"""Idempotency-Key: a POST sent again gets the answer of the first for a day, and is not done a second time.

The answer is stored before it is sent. If a process dies between doing a thing and storing the answer, the request runs
again when it is repeated: that it then does no harm is the business of the event log's expected versions.

Bodies are fingerprinted while they stream by and never gathered, so an import of a gigabyte costs no memory here.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from litestar.enums import HttpMethod, ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, ReceiveMessage, Scope, Send

from service.http.authentication import KeyHolder
from service.http.claims import Answer, Claim, Claims, RequestName
from service.http.injection import injected
from service.http.operations import operation_of
from service.http.problems import Problem

HEADER: Final = "Idempotency-Key"
_REPLAYED: Final = (b"idempotency-replayed", b"true")
_RETRY_AFTER_SECONDS: Final = 1
_USABLE = re.compile(rb"[\x20-\x7e]{1,255}")


class Idempotency(ASGIMiddleware):
    """Runs each POST with an Idempotency-Key once. Stands behind authentication and the check of the route's scope."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Raises ``Problem`` ``idempotency-in-progress``, ``idempotency-key-reused``, ``invalid-idempotency-key``."""
        key = _key(scope) if operation_of(scope) else None
        if key is None:
            await next_app(scope, receive, send)
            return
        claims: Claims = injected("claims")
        caller: KeyHolder = scope["auth"]
        name = RequestName(caller.workspace_id, _digest(b"POST", scope["path"].encode(), key))
        body = _FingerprintedBody(receive, scope)
        claim = await claims.claim(name)
        answer = await (_run(claims, claim, body, scope, next_app) if claim else _replay(claims, name, body))
        await _send_answer(answer, send)


async def _run(
    claims: Claims, claim: Claim, body: _FingerprintedBody, scope: Scope, next_app: ASGIApp
) -> Answer:
    recorder = _Recorder()
    async with claims.running(claim):
        await next_app(scope, body.receive, recorder.send)
        answer = recorder.answer()
        # Our own failures are no answer to the request. Without the whole body nobody can ask the same again.
        if answer.status < 500 and await body.arrives_whole():
            await claims.keep(claim, body.fingerprint, answer)
        else:
            await claims.release(claim)
    return answer


async def _replay(claims: Claims, name: RequestName, body: _FingerprintedBody) -> Answer:
    first = await claims.find(name)
    if first is None:
        raise Problem(
            "idempotency-in-progress",
            "The first request with this Idempotency-Key is still running.",
            headers={"Retry-After": str(_RETRY_AFTER_SECONDS)},
            members={"retry_after": _RETRY_AFTER_SECONDS},
        )
    await body.drain()
    if body.fingerprint != first.fingerprint:
        raise Problem(
            "idempotency-key-reused",
            "This Idempotency-Key was used here with another body, or by a key with other scopes.",
        )
    return Answer(first.answer.status, [*first.answer.headers, _REPLAYED], first.answer.body)


class _FingerprintedBody:
    """A body on its way to the handler, fingerprinted as it passes.

    The query and the caller's scopes are part of the fingerprint: a key gets an earlier answer only if it could have
    asked for it itself (the answer may be the secret of a new key).
    """

    def __init__(self, receive: Receive, scope: Scope) -> None:
        self._receive = receive
        self._complete = False
        caller: KeyHolder = scope["auth"]
        self._hash = hashlib.sha256(
            _digest(scope["query_string"], *(s.encode() for s in sorted(caller.scopes)))
        )

    async def receive(self) -> ReceiveMessage:
        """The next message of the request."""
        message = await self._receive()
        if message["type"] == "http.request":
            self._hash.update(message["body"])
            self._complete = not message["more_body"]
        return message

    async def drain(self) -> None:
        """Let the rest of the body pass."""
        while not self._complete:
            await self.receive()

    async def arrives_whole(self) -> bool:
        """Let the rest of the body pass; False if it is too large or breaks off."""
        try:
            await self.drain()
        except Problem:
            return False
        return True

    @property
    def fingerprint(self) -> bytes:
        """Equal for equal requests, once the body has passed."""
        return self._hash.digest()


class _Recorder:
    """Takes the messages of a response instead of the client."""

    def __init__(self) -> None:
        self._status = 0
        self._headers: list[tuple[bytes, bytes]] = []
        self._body = bytearray()

    async def send(self, message: Message) -> None:
        """Take one message."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._headers = list(message["headers"])
        elif message["type"] == "http.response.body":
            self._body += message["body"]

    def answer(self) -> Answer:
        """What was taken."""
        return Answer(self._status, self._headers, bytes(self._body))


async def _send_answer(answer: Answer, send: Send) -> None:
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    await send({"type": "http.response.body", "body": answer.body, "more_body": False})


def _key(scope: Scope) -> bytes | None:
    """The Idempotency-Key of a POST; None when there is none."""
    if scope["type"] != ScopeType.HTTP or scope["method"] != HttpMethod.POST:
        return None
    key = next((value for name, value in scope["headers"] if name == HEADER.lower().encode()), None)
    if key is not None and not _USABLE.fullmatch(key):
        raise Problem("invalid-idempotency-key", "An Idempotency-Key is 1 to 255 printable ASCII characters.")
    return key


def _digest(*parts: bytes) -> bytes:
    """One digest of several values; their lengths keep them apart."""
    joined = b"".join(len(part).to_bytes(8) + part for part in parts)
    return hashlib.sha256(joined).digest()

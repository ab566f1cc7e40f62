"""Small duties a process does again and again beside its work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

import structlog

_log = structlog.get_logger(__name__)


class Duty(NamedTuple):
    """Something to be done every so many seconds; if it fails, that is logged and it is tried again the next time."""

    name: str
    seconds: float
    fulfil: Callable[[], Awaitable[None]]


@asynccontextmanager
async def fulfilling(duties: Sequence[Duty]) -> AsyncIterator[None]:
    """Fulfil the duties inside the ``with`` block, and each a last time at its end."""
    tasks = [asyncio.create_task(_again_and_again(duty), name=duty.name) for duty in duties]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for duty in duties:
            await _fulfil(duty)


async def _again_and_again(duty: Duty) -> None:
    while True:
        await asyncio.sleep(duty.seconds)
        await _fulfil(duty)


async def _fulfil(duty: Duty) -> None:
    try:
        await duty.fulfil()
    except Exception as error:
        _log.warning("duty failed", duty=duty.name, exc_info=error)

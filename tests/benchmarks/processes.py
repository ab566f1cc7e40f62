"""Other processes: work measured in one of its own, as the service would have it, and programs that are talked to."""

from __future__ import annotations

import asyncio
import resource
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Generic, ParamSpec, TypeVar

import uvloop
from msgspec import Struct

from service.garbage import look_seldom
from service.logging import configure_logging

P = ParamSpec("P")
T = TypeVar("T")


class Done(Struct, Generic[T], frozen=True):
    """What a process answered, and the most memory it held, in MB."""

    answer: T
    peak_megabytes: float


async def in_own_process(
    work: Callable[P, Coroutine[Any, Any, T]], /, *args: P.args, **kwargs: P.kwargs
) -> Done[T]:
    """Do ``work``, a function of a module, in a new process with an event loop like the service's."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return await asyncio.get_running_loop().run_in_executor(process, _perform, work, args, kwargs)


def _perform(work: Callable[..., Coroutine[Any, Any, T]], args: Any, kwargs: Any) -> Done[T]:
    configure_logging("error")
    look_seldom()
    answer = uvloop.run(work(*args, **kwargs))
    return Done(answer, peak_megabytes())


def peak_megabytes(pid: int | None = None) -> float:
    """The most memory that this process, or another one that runs, has held so far, in MB; 0 where nobody tells."""
    status = Path(f"/proc/{pid or 'self'}/status")
    if status.exists():  # getrusage would count what the parent held when it forked
        fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(fields.get("VmHWM", "0").split()[0]) / 1024  # a process that has ended has none
    if pid is not None:
        return 0.0
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1024**2


@asynccontextmanager
async def program(module: str, *arguments: str) -> AsyncIterator[str]:
    """A program that prints its URL once it listens, until the end of the block: that URL."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,  # the terminal shows progress
    )
    try:
        if process.stdout is None or not (line := await process.stdout.readline()):
            raise RuntimeError(f"{module} ended before it listened: run it by hand to see why")
        yield line.decode().strip()
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()

"""Postfix's own test programs: ``smtp-sink`` takes mails and throws them away, ``smtp-source`` sends them."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from typing import Final
from urllib.parse import urlsplit

_BACKLOG: Final = 256
_PATH: Final = "/usr/sbin:/usr/local/sbin:/usr/bin:/opt/homebrew/sbin"


def program(name: str) -> str | None:
    """Where the program is, if it is installed."""
    return shutil.which(name) or shutil.which(name, path=_PATH)


@asynccontextmanager
async def sink(smtp_sink: str) -> AsyncIterator[str]:
    """A server that takes every mail, until the end of the block: its URL."""
    port = _free_port()
    run_as = ["-u", "nobody"] if os.geteuid() == 0 else []  # root is asked whom to be instead
    process = await asyncio.create_subprocess_exec(
        smtp_sink, *run_as, f"127.0.0.1:{port}", str(_BACKLOG), stderr=asyncio.subprocess.DEVNULL
    )
    try:
        await _until_it_listens(port)
        yield f"smtp://127.0.0.1:{port}"
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def send(smtp_source: str, url: str, mails: int, connections: int, size: int) -> float:
    """Mails per second of so many, of so many bytes each."""
    address = urlsplit(url)
    begun = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        *(smtp_source, "-d", "-s", str(connections), "-m", str(mails), "-l", str(size)),
        f"{address.hostname}:{address.port}",
    )
    if await process.wait():
        raise RuntimeError("smtp-source failed")
    return mails / (time.perf_counter() - begun)


def _free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port: int = listener.getsockname()[1]
        return port


async def _until_it_listens(port: int) -> None:
    for _ in range(200):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.02)
        else:
            writer.close()
            return
    raise RuntimeError("smtp-sink does not listen: run it by hand to see why")

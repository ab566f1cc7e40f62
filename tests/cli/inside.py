"""The command ``liftoff`` by its entry point, with arguments and an environment of its own, but inside this process."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import BytesIO, TextIOWrapper

import pytest
import structlog

from service.cli.main import main
from tests.cli.processes import Ran, environment


def run(*arguments: str, settings: Mapping[str, str]) -> Ran:
    """Run a command to its end, where no event loop runs. The database must be named by its URL."""
    out, err = TextIOWrapper(BytesIO()), TextIOWrapper(BytesIO())
    with (
        pytest.MonkeyPatch.context() as patched,
        _own_logging(),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        patched.setattr(sys, "argv", ["liftoff", *arguments])
        patched.setattr(os, "environ", environment(settings))
        try:
            main()
        except SystemExit as ended:
            return Ran(int(ended.code or 0), _written(out), _written(err))
    raise AssertionError("the command line did not end")


async def run_beside(*arguments: str, settings: Mapping[str, str]) -> Ran:
    """As ``run``, beside the event loop of a test."""
    return await asyncio.to_thread(run, *arguments, settings=settings)


def _written(stream: TextIOWrapper[BytesIO]) -> str:
    stream.flush()
    return stream.buffer.getvalue().decode()


@contextmanager
def _own_logging() -> Iterator[None]:
    """What the command configures for its process is undone."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        yield
    finally:
        root.handlers = handlers
        root.setLevel(level)
        structlog.reset_defaults()

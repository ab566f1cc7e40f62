"""The command ``liftoff`` by its entry point, with arguments and an environment of its own, but inside this process."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from io import BytesIO, TextIOWrapper

import pytest

from service.cli.main import main
from tests.cli.processes import Ran, environment
from tests.logs import logged


def run(*arguments: str, settings: Mapping[str, str]) -> Ran:
    """Run a command to its end, where no event loop runs. The database must be named by its URL."""
    out, err = TextIOWrapper(BytesIO()), TextIOWrapper(BytesIO())
    with (
        pytest.MonkeyPatch.context() as patched,
        logged(err),
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

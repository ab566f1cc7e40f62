"""The double as a program: alone until it is stopped, or around a command that finds it in its environment.

``python -m tests.linkedin --port 0`` prints where it is. ``python -m tests.linkedin -- COMMAND …`` runs the command
with LIFTOFF_DEMO_LINKEDIN_URL and LIFTOFF_DEMO_LINKEDIN_API_KEY set, and ends as it ends. ``--manners`` takes the
fields of ``Manners`` as JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Sequence

import msgspec

from tests.linkedin.double import Double
from tests.linkedin.orders import Manners
from tests.linkedin.server import running


def main(arguments: Sequence[str]) -> int:
    """Run it; answers what the program exits with."""
    parser = argparse.ArgumentParser(prog="python -m tests.linkedin", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--api-key", default="the-key-of-the-double")
    parser.add_argument("--manners", type=_manners, default=Manners())
    parser.add_argument("command", nargs="*")
    given = parser.parse_args(arguments)
    double = Double(given.manners, api_key=given.api_key, seed=given.seed)
    return asyncio.run(
        _around(double, given.port, given.command) if given.command else _alone(double, given.port)
    )


def _manners(text: str) -> Manners:
    try:
        return msgspec.json.decode(text, type=Manners)
    except msgspec.DecodeError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


async def _alone(double: Double, port: int) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with running(double, port):
        print(f'{{"url": "{double.url}", "api_key": "{double.api_key}"}}', flush=True)  # noqa: T201
        await stop.wait()
    return 0


async def _around(double: Double, port: int, command: Sequence[str]) -> int:
    """Signals of the terminal reach the command too: it decides when to end."""
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, lambda: None)
    async with running(double, port):
        environment = {
            "LIFTOFF_DEMO_LINKEDIN_URL": double.url,
            "LIFTOFF_DEMO_LINKEDIN_API_KEY": double.api_key,
        }
        started = await asyncio.create_subprocess_exec(*command, env=os.environ | environment)
        return await started.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

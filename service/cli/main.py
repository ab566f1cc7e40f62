"""The entry point: finds the command, and says how it ended.

The parts of the service are imported only by the commands that run them, so that a client starts fast.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Final

import click

from service.cli.failures import Exit

OPERATOR_COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "serve": ("service.cli.running:serve", "Run the whole service until Ctrl-C."),
    "worker": ("service.cli.running:worker", "Run a worker beside a service."),
    "migrate": ("service.cli.upkeep:migrate", "Bring the database to this program's schema."),
    "settings": ("service.cli.upkeep:settings", "Show each setting and what it is for."),
    "openapi": ("service.cli.document:openapi", "Print the API's OpenAPI document."),
    "demo": ("service.cli.demonstration:demo", "Run one whole campaign on this machine."),
}
"""Name -> where it is defined, and what it does."""


class Liftoff(click.Group):
    """The command ``liftoff``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The operator's commands, then those of the API."""
        return [*OPERATOR_COMMANDS, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name."""
        if cmd_name not in OPERATOR_COMMANDS:
            return super().get_command(ctx, cmd_name)
        return _imported(OPERATOR_COMMANDS[cmd_name][0])


def main() -> None:
    """Run the command line and end the process."""
    sys.exit(_run())


def _run() -> int:
    """The exit code."""
    try:
        code = Liftoff(name="liftoff").main(prog_name="liftoff", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # What is still in the buffer has nowhere to go; Python would complain about it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.BROKEN_PIPE
    return code or Exit.OK


def _imported(place: str) -> click.Command:
    module, _, name = place.partition(":")
    command: click.Command = getattr(import_module(module), name)
    return command


if __name__ == "__main__":
    main()

"""The entry point: finds the command, runs it, and ends with the exit code for what came of it."""

from __future__ import annotations

import sys
from typing import Final

import click

from service.cli.commands import HELP_FLAGS
from service.cli.deferred import OPERATOR_COMMANDS
from service.cli.failures import Exit
from service.cli.grammar import committed_document, operations
from service.cli.nouns import nouns

_HELP: Final = """Launches outreach campaigns, and proves from their history what it did.

The API's commands need LIFTOFF_API_KEY, and LIFTOFF_API_BASE_URL unless the service is at http://127.0.0.1:8080.
They exit with 0 if all is well, 1 if the API refuses, 2 for a wrong use, 3 if the service fails or does not answer.
"""


class Liftoff(click.Group):
    """The command ``liftoff``: the operator's commands, and a noun for each kind of thing of the API."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name."""
        if cmd_name in OPERATOR_COMMANDS:
            return OPERATOR_COMMANDS[cmd_name].load()
        return super().get_command(ctx, cmd_name)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands."""
        return [*OPERATOR_COMMANDS, *self.commands]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Show both kinds of commands, without importing the operator's."""
        with formatter.section("Running the service"):
            formatter.write_dl([(name, command.doc) for name, command in OPERATOR_COMMANDS.items()])
        with formatter.section("Using the API"):
            formatter.write_dl([(name, noun.short_help or "") for name, noun in self.commands.items()])


def main() -> None:
    """Run the command line and end the process."""
    sys.exit(_run())


def _run() -> int:
    """The exit code."""
    liftoff = Liftoff(
        "liftoff",
        commands=list(nouns(operations(committed_document())).values()),
        help=_HELP,
        context_settings={"help_option_names": HELP_FLAGS},
    )
    try:
        code: int | None = liftoff.main(prog_name="liftoff", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return Exit.INTERRUPTED
    return code or Exit.OK


if __name__ == "__main__":
    main()

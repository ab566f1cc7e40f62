"""The API's operations as commands of click, made from what the grammar says of them."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import click
import httpx
import msgspec

from service.cli import refusals
from service.cli.client import Refusal, call, open_client
from service.cli.failures import Unavailable
from service.cli.grammar import Flag, Operation
from service.cli.output import Format, format_option, print_json
from service.cli.upload import opened
from service.cli.values import BodyValue, PlainValue

_IMPLIED: Final = {"list": "Without a verb: list.", "get": "With --id and without a verb: get."}
HELP_FLAGS: Final = ("-h", "--help")


class ApiCommand(click.Command):
    """Calls one operation and prints its answer."""

    def __init__(self, operation: Operation, params: Sequence[click.Parameter] = ()) -> None:
        super().__init__(
            operation.verb,
            params=[*map(_option, operation.flags), *params, format_option()],
            help=operation.doc,
        )
        self.operation = operation

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Show the document's example as a command."""
        if self.operation.example:
            words = [ctx.command_path, *_example_flags(self.operation)]
            with formatter.section("Example"):
                formatter.write_text("\b\n" + " \\\n  ".join(words))

    def invoke(self, ctx: click.Context) -> None:
        """Run it; ends with the exit code for what the API answers."""
        with open_client() as client:
            try:
                self.carry_out(client, ctx)
            except Refusal as refusal:
                refusals.tell(refusal.response, ctx.params["form"])
                ctx.exit(refusal.exit_code)

    def carry_out(self, client: httpx.Client, ctx: click.Context) -> None:
        """Call the operation and print its answer. Raises ``Refusal``, ``Unavailable``, ``WrongUse``."""
        print_answer(self.ask(client, ctx), ctx.params["form"])

    def ask(self, client: httpx.Client, ctx: click.Context) -> httpx.Response:
        """The operation's answer to what the flags say."""
        values = ((flag, ctx.params[_variable(flag)]) for flag in self.operation.flags)
        given = {flag: value for flag, value in values if value is not None}
        with ExitStack() as stack:
            files = [Path(value) for flag, value in given.items() if flag.place == "file"]
            uploads = [stack.enter_context(opened(file, self.operation.reads)) for file in files]
            return call(client, self.operation, given, *uploads)


class Noun(click.Group):
    """The operations on one kind of thing. Without a verb: those listed, or the one whose ``--id`` is given."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put in the verb that was left out."""
        if not args or (args[0].startswith("-") and args[0] not in HELP_FLAGS):
            args = [*self._implied_verb(args), *args]
        return super().parse_args(ctx, args)

    def describe(self) -> None:
        """Write the help, once all verbs are known."""
        self.short_help = ", ".join(self.commands)
        self.help = " ".join(words for verb, words in _IMPLIED.items() if verb in self.commands)

    def _implied_verb(self, args: Sequence[str]) -> Sequence[str]:
        names_one = any(arg.partition("=")[0] == "--id" for arg in args)
        verbs = ("get", "list") if names_one else ("list", "get")
        return [verb for verb in verbs if verb in self.commands][:1]


def print_answer(response: httpx.Response, form: Format) -> None:
    """Print a good answer on stdout. Raises ``Unavailable`` if it can't be the API's."""
    if not response.content:
        return
    if not response.headers.get("Content-Type", "").startswith("application/json"):
        raise Unavailable(f"{response.url} does not answer as Liftoff does: is LIFTOFF_API_BASE_URL right?")
    print_json(response.content, form)


def _option(flag: Flag) -> click.Option:
    name = flag.names[0]
    match flag.kind:
        case "boolean":
            return click.Option([_variable(flag), f"{name}/--no-{name[2:]}"], default=None, help=flag.doc)
        case "switch":
            return click.Option([_variable(flag), name], flag_value=True, default=None, help=flag.doc)
    kinds: Mapping[str, click.ParamType[Any]] = {"body": BodyValue(flag), "file": click.Path(exists=True)}
    return click.Option(
        [_variable(flag), *flag.names],
        type=kinds.get(flag.place) or PlainValue(flag),
        required=flag.required,
        help=" ".join(filter(None, [flag.doc, _choices(flag), "It can be 'null'." if flag.nullable else ""])),
    )


def _choices(flag: Flag) -> str:
    return f"One of {', '.join(flag.choices)}." if flag.choices else ""


def _variable(flag: Flag) -> str:
    """What click calls the flag's value; never the name of an option that is not of the API."""
    return f"{flag.place}_{flag.field}".replace("-", "_").lower()


def _example_flags(operation: Operation) -> Iterator[str]:
    """What would send the document's example."""
    for flag in operation.flags:
        value = operation.example.get(flag.field) if flag.place == "body" else None
        if flag.place == "path":
            yield f"{flag.names[0]} …"
        elif isinstance(value, bool):
            yield flag.names[0] if value else f"--no-{flag.names[0][2:]}"
        elif value is not None:
            text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
            yield f"{flag.names[0]} {shlex.quote(text)}"

"""The tree of the client's commands: nouns and their verbs, and what is particular about a few of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import click

from service.cli.commands import ApiCommand, Noun
from service.cli.deferred import CREATE_KEY, GRANT_CREDITS
from service.cli.grammar import Operation
from service.cli.launching import Launch

_PARTICULAR: Final = {"campaign.launch": Launch}


class Keys(Noun):
    """The noun ``key``. A key can also be made in the database itself, by who runs the service and has no key yet."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command; with ``--workspace``, which the API does not know, ``create`` is the operator's."""
        if args[0] == "create" and any(arg.partition("=")[0] == "--workspace" for arg in args):
            return "create", CREATE_KEY.load(), args[1:]
        return super().resolve_command(ctx, args)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Tell of the operator's command too."""
        with formatter.section("Running the service"):
            formatter.write_dl([("create --workspace NAME", CREATE_KEY.doc)])


class Ledger(Noun):
    """The noun ``credits``. They are granted in the database itself, by who runs the service."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command; ``grant`` is the operator's."""
        return GRANT_CREDITS.load() if cmd_name == "grant" else super().get_command(ctx, cmd_name)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Tell of the operator's command too."""
        with formatter.section("Running the service"):
            formatter.write_dl([("grant --workspace NAME --amount N", GRANT_CREDITS.doc)])


_OF_THEIR_OWN: Final[Mapping[str, type[Noun]]] = {"key": Keys, "credits": Ledger}


def nouns(operations: Iterable[Operation]) -> dict[str, Noun]:
    """Each noun with its verbs. A noun that exists only within things of another noun is a command of that one too."""
    known = list(operations)
    found: dict[str, Noun] = {}
    for operation in known:
        if operation.noun not in found:
            found[operation.noun] = _OF_THEIR_OWN.get(operation.noun, Noun)(operation.noun)
        command = _PARTICULAR.get(operation.name, ApiCommand)
        found[operation.noun].add_command(command(operation))
    for operation in known:
        if operation.verb == "get":
            for inner in _nouns_within(operation.path, known):
                found[operation.noun].add_command(found[inner])
    for noun in found.values():
        noun.describe()
    return found


def _nouns_within(path: str, operations: Sequence[Operation]) -> list[str]:
    """The nouns all of whose operations are at addresses below ``path``."""
    outside = {operation.noun for operation in operations if not operation.path.startswith(f"{path}/")}
    return sorted({operation.noun for operation in operations} - outside)

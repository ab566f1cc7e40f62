"""The operator's commands. What they import is imported only when they are run, so that the client starts fast."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Final

import click
from msgspec import Struct


class Deferred(Struct, frozen=True):
    """A command that is not imported yet: where it is, and what it does."""

    module: str
    name: str
    doc: str

    def load(self) -> click.Command:
        """The command itself."""
        command: click.Command = getattr(import_module(self.module), self.name)
        return command


OPERATOR_COMMANDS: Final[Mapping[str, Deferred]] = {
    "serve": Deferred("service.cli.running", "serve", "Run the whole service until Ctrl-C."),
    "worker": Deferred("service.cli.running", "worker", "Run a worker beside a service."),
    "migrate": Deferred("service.cli.upkeep", "migrate", "Bring the database to this program's schema."),
    "settings": Deferred("service.cli.upkeep", "settings", "Show each setting and what it is for."),
    "openapi": Deferred("service.cli.document", "openapi", "Print the API's OpenAPI document."),
    "audit": Deferred("service.cli.auditing", "audit", "Hand a workspace's history to its auditors."),
    "backup": Deferred("service.cli.restoring", "backup", "Copy the whole database into a file."),
    "restore": Deferred("service.cli.restoring", "restore", "Bring a backup into an empty database."),
    "projection": Deferred("service.cli.projecting", "projection", "Look after the read models."),
    "demo": Deferred("service.cli.demonstration", "demo", "Run one whole campaign on this machine."),
}
CREATE_KEY: Final = Deferred("service.cli.upkeep", "create_key", "Make an API key in the database itself.")
GRANT_CREDITS: Final = Deferred("service.cli.granting", "grant_credits", "Give a workspace credits.")

"""What the operator's commands share: the settings of the environment, and one line for what is wrong with them."""

from __future__ import annotations

import os
from typing import Any

import click

from service.cli.failures import Unavailable, WrongUse
from service.database.pool import DatabaseError
from service.database.programs import EmbeddedPostgresError
from service.settings import Settings, SettingsError, read_settings
from service.vault import WrongMasterKey


class _Mendable(click.Command):
    """What fails is the operator's to mend."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run it. Raises ``WrongUse`` for a wrong setting, ``Unavailable`` for a database that can't be used."""
        try:
            return super().invoke(ctx)
        except (SettingsError, WrongMasterKey) as error:
            raise WrongUse(str(error)) from error
        except (DatabaseError, EmbeddedPostgresError) as error:
            raise Unavailable(str(error)) from error


class OperatorCommand(_Mendable):
    """A command whose failures are the operator's to mend."""


class OperatorGroup(_Mendable, click.Group):
    """A group that does something itself when no command of it is named."""


def settings_here() -> Settings:
    """The settings of this process. Raises ``SettingsError``."""
    return read_settings(os.environ)

"""How a command ends: the exit codes, and the failures that are told in one line and without a traceback."""

from __future__ import annotations

from enum import IntEnum

import click


class Exit(IntEnum):
    """The exit codes of every command. The last is the one a shell gives to what Ctrl-C has ended."""

    OK = 0
    REFUSED = 1
    USAGE = 2
    UNAVAILABLE = 3
    INTERRUPTED = 130


class WrongUse(click.ClickException):
    """What the command was given, in its flags, its files or its environment, can't be right."""

    exit_code = Exit.USAGE


class Unavailable(click.ClickException):
    """Something the command needs does not answer."""

    exit_code = Exit.UNAVAILABLE


class Refused(click.ClickException):
    """What was asked can't be done as things stand."""

    exit_code = Exit.REFUSED

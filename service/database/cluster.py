"""The files of an embedded cluster: where they lie, whose they are, and how they come to be."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

from msgspec import Struct

from service.database.programs import Account, EmbeddedPostgresError, programs_for, server_account

SUPERUSER = "liftoff"
_LONGEST_SOCKET_PATH = 90
_ROOTS_CLUSTERS = Path("/var/lib/liftoff")


class Cluster(Struct, frozen=True, kw_only=True):
    """A cluster that can be run: its files, the directory for its socket, the programs, and who runs them."""

    data: Path
    sockets: Path
    log: Path
    programs: Path
    account: Account | None

    @property
    def run_as(self) -> str:
        """The account as the keeper is told it."""
        return f"{self.account.uid}:{self.account.gid}" if self.account else "-"


def cluster_data(data_dir: Path) -> Path:
    """Where the cluster of ``data_dir`` keeps its data, whether it exists or not."""
    return (data_dir / "postgres").resolve() / "data"


def prepare_cluster(data_dir: Path) -> Cluster:
    """Create what the cluster of ``data_dir`` still lacks. Raises ``EmbeddedPostgresError``."""
    account = server_account(cluster_data(data_dir))
    home = _settle(data_dir, account)
    programs = programs_for(account, home)
    data = home / "data"
    if not data.exists():
        _initialise(data, programs, account)
    return Cluster(
        data=data,
        sockets=_socket_directory(home, account),
        log=home / "log",
        programs=programs,
        account=account,
    )


def clean_environment() -> dict[str, str]:
    """Our environment without our secrets, and without what bends Postgres programs or translates what they say."""
    unwanted = ("LIFTOFF_", "PG", "LC_")
    return {name: value for name, value in os.environ.items() if not name.startswith(unwanted)} | {
        "LC_ALL": "C"
    }


def _settle(data_dir: Path, account: Account | None) -> Path:
    """The home of all that is the server's: in ``data_dir``, or linked from there where root's server can't enter."""
    home = data_dir / "postgres"
    if home.is_symlink() and not home.exists():
        raise EmbeddedPostgresError(
            f"the cluster that {home} points to is gone: bring it back, or remove {data_dir} to start anew"
        )
    if not home.exists() and account is not None and not account.can_enter(data_dir):
        elsewhere = _ROOTS_CLUSTERS / secrets.token_hex(8)
        _ROOTS_CLUSTERS.mkdir(parents=True, exist_ok=True)
        _ROOTS_CLUSTERS.chmod(0o755)
        _own(elsewhere, account)
        home.symlink_to(elsewhere)
    _own(home.resolve(), account)
    return home.resolve()


def _socket_directory(home: Path, account: Account | None) -> Path:
    """The home, or a short directory instead where a socket's path would be too long for the kernel."""
    if len(os.fsencode(home / ".s.PGSQL.5432")) <= _LONGEST_SOCKET_PATH:
        return home
    digest = hashlib.sha256(os.fsencode(home)).hexdigest()
    short = Path(tempfile.gettempdir()) / f"liftoff-{digest[:12]}"
    _own(short, account)
    return short


def _own(directory: Path, account: Account | None) -> None:
    """Make ``directory`` one that only the server's account (and root) can enter; refuse another user's."""
    owner = os.geteuid() if account is None else account.uid
    directory.mkdir(mode=0o700, exist_ok=True)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (owner, os.geteuid()):
        raise EmbeddedPostgresError(f"{directory} belongs to another user: start as that one, or remove it")
    if account is not None:
        os.chown(directory, account.uid, account.gid)


def _initialise(data: Path, programs: Path, account: Account | None) -> None:
    """Create the cluster under another name and rename it, so that an interrupted start leaves nothing half made."""
    unfinished = data.with_name("data.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    command = [str(programs / "initdb"), "-D", str(unfinished), "-U", SUPERUSER]
    done = subprocess.run(
        [*command, "--auth=trust", "--locale=C", "--encoding=UTF8"],
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        env=clean_environment(),
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        words = done.stderr.strip().splitlines() or ["initdb says nothing"]
        raise EmbeddedPostgresError(f"the embedded Postgres can't create its cluster in {data}: {words[-1]}")
    unfinished.rename(data)

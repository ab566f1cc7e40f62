"""Postfix and Dovecot on loopback, from the programs that are installed, with directories of their own.

They are started in the foreground, as children, on free ports; nothing of the system's own mail is touched. Postfix
starts as root only and gives its processes to the user ``postfix``.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.channels.servers import LOOPBACK

PASSWORD: Final = "correct-horse"
DOMAINS: Final = ("quieter.example", "lovelace.example")
UNREACHABLE: Final = "far-away.example"
_PROGRAMS: Final = ("postfix", "dovecot")
_PATH: Final = "/usr/sbin:/usr/bin:/sbin:/bin"


def missing() -> str | None:
    """Why the trial can't be made here; None if it can."""
    absent = [name for name in _PROGRAMS if shutil.which(name, path=_PATH) is None]
    if absent:
        return f"not installed: {', '.join(absent)} (Debian: postfix, dovecot-imapd)"
    if os.geteuid() != 0:
        return "Postfix can be started by root only"
    return None


@contextmanager
def ground() -> Iterator[Path]:
    """An empty directory for a trial; the servers run as other users, who must be able to get there."""
    with tempfile.TemporaryDirectory(prefix="liftoff-mail-") as name:
        directory = Path(name)
        directory.chmod(0o755)
        yield directory


class Servers:
    """Both servers. ``mail`` holds a Maildir for each address."""

    def __init__(self, directory: Path, certificate: Path) -> None:
        self._directory = directory
        self._certificate = certificate
        self.mail = directory / "mail"
        self.smtp_port, self.imap_port = _free_ports(2)

    @property
    def smtp_url(self) -> str:
        """Where mail is handed over; no log-in is asked for."""
        return f"smtp://{LOOPBACK}:{self.smtp_port}"

    def imap_url(self, address: str) -> str:
        """Where an address reads its mail."""
        return f"imaps://{address.replace('@', '%40')}:{PASSWORD}@{LOOPBACK}:{self.imap_port}"

    @contextmanager
    def running(self, addresses: Sequence[str]) -> Iterator[None]:
        """Both, until the end of the block, with mailboxes for these addresses."""
        owner = pwd.getpwnam("nobody")
        self.mail.mkdir()
        os.chown(self.mail, owner.pw_uid, owner.pw_gid)
        postfix = self._postfix(addresses, owner.pw_uid, owner.pw_gid)
        dovecot = self._dovecot(addresses, owner.pw_uid, owner.pw_gid)
        with (
            _child(_master(postfix), self.smtp_port),
            _child(["dovecot", "-F", "-c", str(dovecot)], self.imap_port),
        ):
            yield

    def _postfix(self, addresses: Sequence[str], uid: int, gid: int) -> Path:
        home = self._directory / "postfix"
        for name in ("etc", "spool", "data"):
            (home / name).mkdir(parents=True)
        shutil.chown(home / "data", "postfix")
        (home / "mailboxes").write_text("".join(f"{address} {_maildir(address)}/\n" for address in addresses))
        (home / "transports").write_text(f"{UNREACHABLE} smtp:[{LOOPBACK}]:1\n")
        _write(
            home / "etc" / "main.cf",
            {
                "compatibility_level": "3.6",
                "queue_directory": home / "spool",
                "data_directory": home / "data",
                "meta_directory": "/etc/postfix",
                "maillog_file": home / "log",
                "maillog_file_prefixes": home,
                "myhostname": "mx.lovelace.example",
                "mydestination": "",
                "inet_interfaces": LOOPBACK,
                "inet_protocols": "ipv4",
                "mynetworks": "127.0.0.0/8",
                "smtpd_recipient_restrictions": "permit_mynetworks, reject",
                # A recipient nobody knows is taken over and comes back, as from a server behind a relay.
                "smtpd_reject_unlisted_recipient": "no",
                "virtual_mailbox_domains": ", ".join(DOMAINS),
                "virtual_mailbox_base": self.mail,
                "virtual_mailbox_maps": f"texthash:{home / 'mailboxes'}",
                "virtual_uid_maps": f"static:{uid}",
                "virtual_gid_maps": f"static:{gid}",
                "virtual_minimum_uid": "1",
                "transport_maps": f"texthash:{home / 'transports'}",
                # Who can't be reached is tried again each second, and its sender told of the delay at once.
                "delay_warning_time": "1s",
                "minimal_backoff_time": "1s",
                "maximal_backoff_time": "1s",
                "queue_run_delay": "1s",
                "alias_maps": "",
                "biff": "no",
            },
        )
        services = [
            f"{LOOPBACK}:{self.smtp_port} inet n - n - - smtpd",
            "pickup unix n - n 60 1 pickup",
            "cleanup unix n - n - 0 cleanup",
            "qmgr unix n - n 300 1 qmgr",
            "rewrite unix - - n - - trivial-rewrite",
            "bounce unix - - n - 0 bounce",
            "defer unix - - n - 0 bounce",
            "trace unix - - n - 0 bounce",
            "verify unix - - n - 1 verify",
            "flush unix n - n 1000? 0 flush",
            "proxymap unix - - n - - proxymap",
            "smtp unix - - n - - smtp",
            "relay unix - - n - - smtp",
            "error unix - - n - - error",
            "retry unix - - n - - error",
            "discard unix - - n - - discard",
            "virtual unix - n n - - virtual",
            "anvil unix - - n - 1 anvil",
            "scache unix - - n - 1 scache",
            "postlog unix-dgram n - n - 1 postlogd",
        ]
        (home / "etc" / "master.cf").write_text("\n".join(services) + "\n")
        return home / "etc"

    def _dovecot(self, addresses: Sequence[str], uid: int, gid: int) -> Path:
        home = self._directory / "dovecot"
        home.mkdir()
        users = home / "users"
        users.write_text(
            "".join(
                f"{address}:{{PLAIN}}{PASSWORD}:{uid}:{gid}::{self.mail / _maildir(address)}::\n"
                for address in addresses
            )
        )
        users.chmod(0o644)
        config = home / "dovecot.conf"
        config.write_text(f"""
protocols = imap
listen = {LOOPBACK}
base_dir = {home}/run
state_dir = {home}/run
log_path = {home}/log
ssl = required
ssl_cert = <{self._certificate}
ssl_key = <{self._certificate}
mail_location = maildir:~
first_valid_uid = 1
first_valid_gid = 1
default_internal_user = nobody
default_internal_group = nogroup
default_login_user = nobody
passdb {{
  driver = passwd-file
  args = {users}
}}
userdb {{
  driver = passwd-file
  args = {users}
}}
namespace inbox {{
  inbox = yes
  mailbox Gesendet {{
    auto = create
    special_use = \\Sent
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {self.imap_port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
""")
        return config


def _master(configuration: Path) -> list[str]:
    """The command of Postfix's master process itself: what ``postfix`` starts would outlive it."""
    options = ["-c", str(configuration)]
    subprocess.run(["postfix", *options, "check"], env=_environment(), check=True, capture_output=True)
    asked = ["postconf", *options, "-h", "daemon_directory"]
    daemons = subprocess.run(asked, env=_environment(), check=True, capture_output=True, text=True)
    return [f"{daemons.stdout.strip()}/master", *options, "-d"]


def _environment() -> dict[str, str]:
    return {**os.environ, "PATH": _PATH}


def _maildir(address: str) -> str:
    local, _, domain = address.partition("@")
    return f"{domain}/{local}"


def _write(path: Path, settings: Mapping[str, object]) -> None:
    path.write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))


def _free_ports(count: int) -> list[int]:
    held = [socket.create_server((LOOPBACK, 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports


@contextmanager
def _child(command: Sequence[str], port: int) -> Iterator[None]:
    """A server, until the end of the block; it listens when the block begins."""
    process = subprocess.Popen(
        command,
        env=_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait_for(port, process)
        yield
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    ends_at = time.monotonic() + 30
    while time.monotonic() < ends_at and process.poll() is None:
        try:
            socket.create_connection((LOOPBACK, port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"{process.args!r} does not listen on port {port}")

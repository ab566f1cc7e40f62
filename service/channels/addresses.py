"""An e-mail address as it travels: its domain in ASCII where that is possible (RFC 5890)."""

from __future__ import annotations

import re

_NOT_IN_A_PATH = re.compile(r"[\s<>\x00-\x1f\x7f]")


def wire_address(address: str) -> str:
    """The address with its domain in A-labels.

    What can't be written in ASCII (a local part in another script, a label too new for the codec) stays as it is and
    needs a server that offers SMTPUTF8 (RFC 6531). Raises ``ValueError`` for what would break out of ``<...>``.
    """
    if _NOT_IN_A_PATH.search(address) or "@" not in address:
        raise ValueError(
            "An e-mail address is expected, without spaces, angle brackets or control characters."
        )
    if address.isascii():
        return address
    local, _, domain = address.rpartition("@")
    return f"{local}@{_ascii_domain(domain)}"


def domain_of(address: str) -> str:
    """What stands behind the ``@``, in ASCII where that is possible. Raises ``ValueError`` as ``wire_address``."""
    return wire_address(address).rpartition("@")[2]


def _ascii_domain(domain: str) -> str:
    try:
        return domain.encode("idna").decode()
    except UnicodeError:
        return domain

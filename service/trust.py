"""The certificate authorities that a process trusts: read once, for that holds up all else for 40 milliseconds."""

from __future__ import annotations

import ssl
from functools import cache

import httpx


@cache
def for_mail() -> ssl.SSLContext:
    """Those of the machine, for mail servers."""
    return ssl.create_default_context()


@cache
def for_web() -> ssl.SSLContext:
    """Those of the browsers, unless the environment names others, for APIs over HTTPS."""
    return httpx.create_ssl_context()

"""Whom a process trusts is read once, and is what it would be if it were read anew."""

from __future__ import annotations

import ssl

import httpx

from service import trust


def test_authorities_are_read_once() -> None:
    assert trust.for_mail() is trust.for_mail()
    assert trust.for_web() is trust.for_web()


def test_they_are_those_of_the_machine_and_of_the_browsers() -> None:
    for shared, anew in (
        (trust.for_mail(), ssl.create_default_context()),
        (trust.for_web(), httpx.create_ssl_context()),
    ):
        # Those of a directory are read when somebody is met who has one of them: what was used knows more by then.
        assert set(anew.get_ca_certs(binary_form=True)) <= set(shared.get_ca_certs(binary_form=True))
        assert (shared.verify_mode, shared.check_hostname) == (ssl.CERT_REQUIRED, True)

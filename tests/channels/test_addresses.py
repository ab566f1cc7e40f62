"""Addresses as they travel."""

from __future__ import annotations

import pytest

from service.channels.addresses import domain_of, wire_address

TOO_LONG_IN_ASCII = "ü" * 60 + ".example"


@pytest.mark.parametrize(
    ("written", "travels"),
    [
        ("Ada@Example.com", "Ada@Example.com"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("ädä@bücher.example", "ädä@xn--bcher-kva.example"),
        (f"ada@{TOO_LONG_IN_ASCII}", f"ada@{TOO_LONG_IN_ASCII}"),
    ],
)
def test_a_domain_travels_in_ascii_where_that_is_possible(written: str, travels: str) -> None:
    assert wire_address(written) == travels
    assert domain_of(written) == travels.rpartition("@")[2]

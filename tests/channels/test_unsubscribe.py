"""Tokens that nobody can make or change but us."""

from __future__ import annotations

import re
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.channels.unsubscribe import Subscription, UnsubscribeTokens

TOKENS = UnsubscribeTokens(b"k" * 32)
SUBSCRIPTIONS = st.builds(Subscription, st.uuids(), st.uuids(), st.uuids())
ONE = Subscription(UUID(int=1), UUID(int=2), UUID(int=3))


@given(SUBSCRIPTIONS)
def test_a_token_names_its_subscription_and_is_always_the_same(subscription: Subscription) -> None:
    token = TOKENS.issue(subscription)

    assert TOKENS.verify(token) == subscription
    assert UnsubscribeTokens(b"k" * 32).issue(subscription) == token
    assert re.fullmatch(r"[A-Za-z0-9_-]{88}", token)


@given(SUBSCRIPTIONS, st.integers(0, 87), st.sampled_from("ABCab01-_+/=."))
def test_a_changed_character_makes_it_worthless(subscription: Subscription, at: int, character: str) -> None:
    token = TOKENS.issue(subscription)
    changed = token[:at] + character + token[at + 1 :]

    assert changed == token or TOKENS.verify(changed) is None


@given(st.text(max_size=100))
def test_any_other_text_is_no_token(text: str) -> None:
    assert TOKENS.verify(text) is None


@pytest.mark.parametrize("change", ["", "=", "A", "\n", "AAAA"])
def test_a_token_has_one_spelling(change: str) -> None:
    token = TOKENS.issue(ONE)

    assert (TOKENS.verify(token + change) is None) == bool(change)
    assert TOKENS.verify(token[:-1]) is None


def test_a_token_of_another_key_is_worthless() -> None:
    assert TOKENS.verify(UnsubscribeTokens(b"x" * 32).issue(ONE)) is None

"""What only sender accounts of one channel have, so that nothing a client gives is ignored silently."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from domain.refusal import FieldError, Invalid
from domain.sequence import Channel

_FIELDS_OF: Final[Mapping[Channel, frozenset[str]]] = {
    "email": frozenset({"email_address", "first_name", "last_name", "signature", "inbox", "warmup_status"}),
    "linkedin": frozenset(
        {"provider_account_id", "is_premium", "weekly_connection_limit", "weekly_message_limit"}
    ),
}
_WHO_HAS_THEM: Final[Mapping[Channel, str]] = {"email": "e-mail", "linkedin": "LinkedIn"}


def require_fields_of(channel: Channel, given: Iterable[str]) -> None:
    """Raises ``Invalid`` naming each field in ``given`` that only accounts of another channel have."""
    owners = {name: other for other, names in _FIELDS_OF.items() if other != channel for name in names}
    errors = [
        FieldError(name, f"Only {_WHO_HAS_THEM[owners[name]]} accounts have this field.")
        for name in given
        if name in owners
    ]
    if errors:
        raise Invalid(*errors)

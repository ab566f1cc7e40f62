"""What there is when no provider is configured: nobody to ask, and nothing that is ever done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from service.channels.linkedin.port import (
    AccountState,
    ActionOutcome,
    Gone,
    NotNow,
    Provider,
    Trace,
    Unreachable,
)

_WORDS: Final = "No LinkedIn provider is configured: set LIFTOFF_LINKEDIN_URL and LIFTOFF_LINKEDIN_API_KEY."


class NoProvider(Provider):
    """Answers that it can't be reached; so leads wait until a provider is configured."""

    async def look_up(self, account: str) -> AccountState:
        """Nobody can say."""
        return Unreachable(_WORDS)

    async def invite(self, account: str, person: str, note: str) -> ActionOutcome:
        """Nothing is done."""
        return NotNow(0, _WORDS)

    async def message(self, account: str, person: str, text: str) -> ActionOutcome:
        """Nothing is done."""
        return NotNow(0, _WORDS)

    async def trace_invitation(self, account: str, person: str) -> Trace:
        """Nobody can say."""
        return Trace("untold", _WORDS)

    async def trace_message(self, account: str, person: str, text: str) -> Trace:
        """Nobody can say."""
        return Trace("untold", _WORDS)

    async def relations(self, account: str, at_most: int) -> Sequence[str] | Unreachable | Gone:
        """Nobody can say."""
        return Unreachable(_WORDS)

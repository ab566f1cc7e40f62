"""What Liftoff asks of a LinkedIn provider, and what it may be told: closed unions, so that no case is forgotten.

``account`` is the provider's id of a connected account. A person is named by the public name that ends the address of
their profile (``https://www.linkedin.com/in/<name>``); ids of the provider may be missing in its answers. ``words`` are
the provider's own and may name a person, so they belong into the vault.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol, TypeAlias

from msgspec import Struct

# --- Accounts --------------------------------------------------------------------------------------------------------


class Usable(Struct, frozen=True):
    """The provider knows the account and may act for it."""


class Gone(Struct, frozen=True):
    """The provider no longer knows the account, or may no longer act for it: it must be connected again."""

    words: str


class Unreachable(Struct, frozen=True):
    """The provider could not say: it is busy, failing, or silent. Ask again later."""

    words: str


AccountState: TypeAlias = Usable | Gone | Unreachable

# --- Actions ---------------------------------------------------------------------------------------------------------


class Done(Struct, frozen=True):
    """The provider did it; ``code`` is its HTTP status. Also when it had been done before, as ``words`` say then."""

    code: int
    words: str


class AlreadyConnected(Struct, frozen=True):
    """No invitation is needed: the two are connected."""

    code: int
    words: str


class NotNow(Struct, frozen=True):
    """The provider surely did nothing and may be asked again soon: busy (429), or never reached. 0: no answer."""

    code: int
    words: str


class LimitMet(Struct, frozen=True):
    """LinkedIn lets this account do no more of this for a while, whatever our own limits say. Nothing was done."""

    code: int
    words: str


class Never(Struct, frozen=True):
    """It can't be done for this person: no such profile, or LinkedIn refuses."""

    code: int
    words: str


class AccountRefused(Struct, frozen=True):
    """The provider does not act for this account any more (401, 403, account not found): reconnect it."""

    code: int
    words: str


class Ambiguous(Struct, frozen=True):
    """It may have been done or not (a timeout, a lost connection, a 5xx to what was sent): look before any retry."""

    words: str


ActionOutcome: TypeAlias = Done | AlreadyConnected | NotNow | LimitMet | Never | AccountRefused | Ambiguous

# --- Traces ----------------------------------------------------------------------------------------------------------


class Trace(Struct, frozen=True):
    """What the provider shows of an action whose outcome was not told.

    ``found``: it was done. ``connected``: the invitation was even accepted. ``absent``: it was not done.
    ``untold``: the provider could not say.
    """

    kind: Literal["found", "connected", "absent", "untold"]
    words: str


# --- The port --------------------------------------------------------------------------------------------------------


class Provider(Protocol):
    """A LinkedIn provider. No method raises for what the provider or the network does; each is bounded in time."""

    async def look_up(self, account: str) -> AccountState:
        """Whether the provider can act for the account."""
        ...

    async def invite(self, account: str, person: str, note: str) -> ActionOutcome:
        """Ask the person to connect; ``note`` may be empty."""
        ...

    async def message(self, account: str, person: str, text: str) -> ActionOutcome:
        """Write to a person the account is connected with."""
        ...

    async def trace_invitation(self, account: str, person: str) -> Trace:
        """Whether the person has been invited: looks at the invitations sent, then at the relations."""
        ...

    async def trace_message(self, account: str, person: str, text: str) -> Trace:
        """Whether this text is in the conversation with the person."""
        ...

    async def relations(self, account: str, at_most: int) -> Sequence[str] | Unreachable | Gone:
        """The public names of the latest relations, newest first."""
        ...

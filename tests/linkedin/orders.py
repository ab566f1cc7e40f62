"""What the double can be told: how it is to behave, and what it is to do now."""

from __future__ import annotations

from msgspec import Struct


class Faults(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often a request goes wrong, as odds from 0 to 1; the first that applies, in this order.

    ``busy``: 429. ``broken``: 500, nothing done. ``broken_late``: 500, although it was done. ``silent``: it was done,
    and no answer ever comes. ``nameless``: answered, with ids that are null. ``only``: the operations (``invite``,
    ``profile``, …) that go wrong; all of them when there is none.
    """

    busy: float = 0.0
    broken: float = 0.0
    broken_late: float = 0.0
    silent: float = 0.0
    nameless: float = 0.0
    only: frozenset[str] = frozenset()


class Listener(Struct, frozen=True, forbid_unknown_fields=True):
    """Where webhooks go, and the secret they carry."""

    url: str
    secret: str


class Manners(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the double behaves.

    ``accepting`` and ``replying`` are the shares of people who accept an invitation (after ``accept_after`` more
    requests of that account) and who answer a message at once. ``invitation_limit``: so many invitations an account is
    let send, ever. ``missing``: public names nobody has.
    """

    faults: Faults = Faults()
    accepting: float = 0.0
    accept_after: int = 0
    replying: float = 0.0
    invitation_limit: int | None = None
    missing: frozenset[str] = frozenset()
    listener: Listener | None = None


class Accept(Struct, frozen=True, forbid_unknown_fields=True):
    """A person accepts the invitation of an account."""

    account: str
    person: str


class Say(Struct, frozen=True, forbid_unknown_fields=True):
    """A person writes to an account, or with ``own`` the account to the person, from another device."""

    account: str
    person: str
    text: str
    own: bool = False


class SetAccount(Struct, frozen=True, forbid_unknown_fields=True):
    """What the provider says of an account from now on: ``OK``, ``CREDENTIALS``, …; ``GONE``: it knows it no more."""

    account: str
    status: str

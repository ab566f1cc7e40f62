"""What the double knows: accounts, people, and what passed between them. No HTTP here, and no chance.

Accounts and people come into being when they are first spoken of.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256

OWN_ID = "ACoSELF"


@dataclass
class Person:
    """Somebody on LinkedIn."""

    name: str

    @property
    def provider_id(self) -> str:
        """The provider's id of them; looks like a generated one."""
        return f"ACoAA{sha256(self.name.encode()).hexdigest()[:24]}"


@dataclass
class Said:
    """A message; ``own``: by the account."""

    id: str
    text: str
    own: bool


@dataclass
class Account:
    """A connected account: what it sent, whom it knows, and how often it was asked for what."""

    id: str
    status: str = "OK"
    invitations: dict[str, int | None] = field(default_factory=dict)
    """By name: at which request of the account it is accepted; None: never."""
    relations: list[str] = field(default_factory=list)
    chats: dict[str, list[Said]] = field(default_factory=dict)
    invited_ever: Counter[str] = field(default_factory=Counter)
    """How often an invitation to somebody was asked for that reached LinkedIn, also when it was refused as repeated."""
    asked: Counter[str] = field(default_factory=Counter)

    @property
    def chat_ids(self) -> dict[str, str]:
        """The people by the ids of their conversations."""
        return {f"{self.id}-{name}": name for name in self.chats}


class Network:
    """All of it."""

    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}
        self._people: dict[str, Person] = {}
        self._by_id: dict[str, Person] = {}
        self._messages = 0

    def account(self, account_id: str) -> Account:
        """The account; a new one is connected and has sent nothing."""
        return self.accounts.setdefault(account_id, Account(account_id))

    def person(self, name: str) -> Person:
        """The person of a public name, or of a provider's id that was told before."""
        if name in self._by_id:
            return self._by_id[name]
        if name not in self._people:
            self._people[name] = Person(name)
            self._by_id[self._people[name].provider_id] = self._people[name]
        return self._people[name]

    def known(self, provider_id: str) -> Person | None:
        """The person of a provider's id."""
        return self._by_id.get(provider_id)

    def invite(self, account: Account, person: Person, accepted_at: int | None) -> None:
        """An invitation is on its way."""
        account.invitations[person.name] = accepted_at

    def connect(self, account: Account, person: Person) -> None:
        """The invitation is accepted."""
        account.invitations.pop(person.name, None)
        if person.name not in account.relations:
            account.relations.insert(0, person.name)

    def say(self, account: Account, person: Person, text: str, own: bool) -> Said:
        """Somebody says something."""
        self._messages += 1
        said = Said(f"msg-{self._messages}", text, own)
        account.chats.setdefault(person.name, []).insert(0, said)
        return said

    def settle(self, account: Account, accepted: Callable[[Account, Person], None]) -> None:
        """Let the invitations be accepted whose time has come."""
        now = account.asked.total()
        due = [name for name, at in account.invitations.items() if at is not None and at <= now]
        for name in due:
            person = self.person(name)
            self.connect(account, person)
            accepted(account, person)

"""The port over a Unipile-shaped API. Every action looks the person up first, for the API wants its own id of them.

What an answer means is said in ``verdicts``; here is what is asked, in which order. Lists are newest first, so that
what has just been done stands on the first pages; no more than ``PAGES`` are read of any.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from types import TracebackType
from typing import Final, Self, TypeVar
from urllib.parse import quote

from msgspec import Struct

from service.channels.linkedin import verdicts
from service.channels.linkedin.port import (
    AccountRefused,
    AccountState,
    ActionOutcome,
    AlreadyConnected,
    Done,
    Gone,
    Never,
    NotNow,
    Trace,
    Unreachable,
)
from service.channels.linkedin.shapes import (
    Chat,
    Message,
    Page,
    Profile,
    Relation,
    SentInvitation,
    normal_name,
)
from service.channels.linkedin.wire import Answer, Reaction, Timeouts, Wire

PAGES: Final = 5
PAGE_SIZE: Final = 100
CHATS: Final = 3
"""Conversations with one person that are looked through; there is one, as a rule."""

T = TypeVar("T", bound=Struct)


class Unread(Exception):
    """A question got no answer that can be used; ``reaction`` is what came instead."""

    def __init__(self, reaction: Reaction) -> None:
        super().__init__(reaction.words)
        self.reaction = reaction


class LinkedInClient:
    """A provider at a URL. A context manager, of one event loop; leaving it closes the connections."""

    def __init__(self, url: str, api_key: str, timeouts: Timeouts | None = None) -> None:
        self._wire = Wire(url, api_key, timeouts or Timeouts())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._wire.close()

    # --- Accounts ---

    async def look_up(self, account: str) -> AccountState:
        """Whether the provider can act for the account."""
        return verdicts.account_state(await self._wire.ask(f"accounts/{_segment(account)}", {}))

    # --- Actions ---

    async def invite(self, account: str, person: str, note: str) -> ActionOutcome:
        """Ask the person to connect; ``note`` may be empty. Nobody is invited who is connected or invited already."""
        found = await self._find(account, person)
        if not isinstance(found, Found):
            return found
        if found.profile.connected:
            return AlreadyConnected(found.status, "The profile shows them as connected.")
        if found.profile.invited:
            return Done(found.status, "The profile shows an invitation that waits for them.")
        body = {
            "account_id": account,
            "provider_id": found.provider_id,
            **({"message": note} if note else {}),
        }
        return await self._judged(account, await self._wire.act("users/invite", body))

    async def message(self, account: str, person: str, text: str) -> ActionOutcome:
        """Write to a person the account is connected with; to anybody else it would be refused, so it is ``Never``."""
        found = await self._find(account, person)
        if not isinstance(found, Found):
            return found
        if found.profile.connected is False:
            return Never(found.status, "The profile shows them as not connected.")
        fields = {"account_id": account, "attendees_ids": found.provider_id, "text": text}
        return await self._judged(account, await self._wire.act_by_form("chats", fields))

    # --- Traces ---

    async def trace_invitation(self, account: str, person: str) -> Trace:
        """Whether the person has been invited: looks at the profile, the invitations sent, then at the relations."""
        try:
            profile = await self._profile(account, person)
            if profile.connected:
                return Trace("connected", "The profile shows them as connected.")
            if profile.invited:
                return Trace("found", "The profile shows an invitation that waits for them.")
            invited = await self._is_in("users/invite/sent", SentInvitation, account, person, profile)
            if invited:
                return Trace("found", "It is among the invitations sent.")
            connected = await self._is_in("users/relations", Relation, account, person, profile)
        except Unread as unread:
            return Trace("untold", unread.reaction.words)
        if connected:
            return Trace("connected", "They are among the relations.")
        if invited is None or connected is None:
            return Trace("untold", "The lists hold entries without a name that may be theirs.")
        return Trace("absent", "They are neither among the invitations sent nor among the relations.")

    async def trace_message(self, account: str, person: str, text: str) -> Trace:
        """Whether this text is in the conversation with the person."""
        try:
            profile = await self._profile(account, person)
            if not profile.provider_id:
                return Trace("untold", "The provider named no id of theirs to find the conversation by.")
            chats = await self._chats(account, profile.provider_id)
            for chat in chats[:CHATS]:
                if chat.id is None:
                    return Trace("untold", "The provider named no id of the conversation.")
                if await self._has_said(chat.id, text):
                    return Trace("found", "It is in the conversation.")
        except Unread as unread:
            return Trace("untold", unread.reaction.words)
        return Trace("absent", "It is not in the conversation.")

    # --- People ---

    async def relations(self, account: str, at_most: int) -> Sequence[str] | Unreachable | Gone:
        """The public names of the latest relations, newest first; those without one are left out."""
        try:
            entries = self._entries("users/relations", Relation, account, at_most)
            names = [relation.who.name async for relation in entries]
        except Unread as unread:
            return verdicts.question_failed(unread.reaction)
        return [name for name in names if name is not None][:at_most]

    async def public_name(self, account: str, provider_id: str) -> str | Unreachable | None:
        """The public name of the person the provider has this id of; None when there is nobody, or nameless."""
        reaction = await self._wire.ask(f"users/{_segment(provider_id)}", {"account_id": account})
        if isinstance(reaction, Answer) and reaction.status in (400, 404, 422):
            return None
        profile = reaction.read(Profile) if isinstance(reaction, Answer) and reaction.good else None
        return Unreachable(reaction.words) if profile is None else normal_name(profile.public_identifier)

    # --- The questions ---

    async def _find(self, account: str, person: str) -> Found | ActionOutcome:
        """The person and the provider's id of them, or what keeps the action from being tried."""
        try:
            profile = await self._profile(account, person)
        except Unread as unread:
            return await self._kept_from(account, unread.reaction)
        if not profile.provider_id:
            return NotNow(200, "The provider named no id for this person.")
        return Found(200, profile, profile.provider_id)

    async def _profile(self, account: str, person: str) -> Profile:
        return await self._read(f"users/{_segment(person)}", Profile, account_id=account)

    async def _chats(self, account: str, provider_id: str) -> list[Chat]:
        """The conversations with a person; none when the provider knows of none."""
        path = f"chat_attendees/{_segment(provider_id)}/chats"
        try:
            page = await self._read(path, Page, account_id=account, limit=CHATS)
        except Unread as unread:
            reaction = unread.reaction
            if isinstance(reaction, Answer) and reaction.status == 404 and await self._is_usable(account):
                return []
            raise
        return page.entries(Chat)

    async def _has_said(self, chat_id: str, text: str) -> bool:
        """Whether the account has said this in the conversation, as far as its last page."""
        page = await self._read(f"chats/{_segment(chat_id)}/messages", Page, limit=PAGE_SIZE)
        wanted = _plain(text)
        return any(said.is_sender and _plain(said.text or "") == wanted for said in page.entries(Message))

    async def _is_in(
        self,
        path: str,
        shape: type[SentInvitation] | type[Relation],
        account: str,
        person: str,
        profile: Profile,
    ) -> bool | None:
        """Whether a list has the person; None when it has not, but has entries that may be theirs."""
        sure = True
        async for entry in self._entries(path, shape, account, PAGES * PAGE_SIZE):
            match = entry.who.is_one_of(person, profile.provider_id)
            if match:
                return True
            sure = sure and match is not None
        return False if sure else None

    async def _entries(self, path: str, shape: type[T], account: str, at_most: int) -> AsyncIterator[T]:
        """The entries of a list, page by page as they are wanted. Raises ``Unread``."""
        more: dict[str, str] = {}
        for _ in range(min(PAGES, -(-at_most // PAGE_SIZE))):
            page = await self._read(path, Page, account_id=account, limit=min(PAGE_SIZE, at_most), **more)
            for entry in page.entries(shape):
                yield entry
            if not page.cursor:
                return
            more = {"cursor": page.cursor}

    async def _read(self, path: str, shape: type[T], **parameters: str | int) -> T:
        """The answer to a question, in its shape. Raises ``Unread``."""
        reaction = await self._wire.ask(path, parameters)
        if isinstance(reaction, Answer) and reaction.good:
            content = reaction.read(shape)
            if content is not None:
                return content
        raise Unread(reaction)

    # --- The verdicts that need a second look ---

    async def _judged(self, account: str, reaction: Reaction) -> ActionOutcome:
        """What became of an action that was tried."""
        if isinstance(reaction, Answer) and reaction.status == 404:
            return await self._whose_fault(account, reaction)
        return verdicts.action_outcome(reaction)

    async def _kept_from(self, account: str, reaction: Reaction) -> ActionOutcome:
        """What it means for an action that the question before it failed."""
        if isinstance(reaction, Answer) and reaction.status == 404:
            return await self._whose_fault(account, reaction)
        return verdicts.not_tried(reaction)

    async def _whose_fault(self, account: str, missing: Answer) -> ActionOutcome:
        """Something was not found: a 404 does not say whether it was the account or the person."""
        match await self.look_up(account):
            case Gone(words=words):
                return AccountRefused(missing.status, words)
            case Unreachable(words=words):
                return NotNow(missing.status, words)
            case _:
                return Never(missing.status, missing.words)

    async def _is_usable(self, account: str) -> bool:
        return not isinstance(await self.look_up(account), Gone | Unreachable)


class Found(Struct, frozen=True):
    """A person the provider knows, and the status it said so with."""

    status: int
    profile: Profile
    provider_id: str


def _segment(text: str) -> str:
    """A part of a path; what is percent-encoded in a public name stays as it is."""
    return quote(text, safe="%")


def _plain(text: str) -> str:
    """A text without what a conversation may change of it: line ends and repeated blanks."""
    return " ".join(text.split())

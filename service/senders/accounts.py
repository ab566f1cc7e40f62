"""Sender accounts as their users handle them: add, change, remove, and try whether the inbox works.

What is written about an account is sealed in the vault, together with the event that names it. An inbox is tried
outside of any transaction, and what was found is recorded then: unless another inbox has taken its place.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias
from uuid import UUID

from msgspec import UNSET, Struct
from msgspec.structs import asdict, replace

from domain import sender as senders
from domain.event import Event
from domain.identity import identity_bytes, normalise_email
from domain.refusal import FieldError, Invalid, Refused
from domain.sender import Sender, SenderChange
from service.caller import Caller
from service.campaigns.repository import Campaigns
from service.channels import inbox as channel
from service.channels.inbox_url import InboxUrlError, parse_imap_url, parse_smtp_url
from service.database.pool import Connection, Pool
from service.dispatch.gates import Gates
from service.ids import new_id
from service.senders.forms import InboxForm, NewSender, SenderUpdate
from service.senders.repository import Beside, Change, Senders
from service.store.log import EventStore
from service.texts import Inbox, SenderProfile, Words, pack, unpack
from service.vault import Document, Vault

Verify: TypeAlias = Callable[[channel.Inbox], Awaitable[channel.Verification]]


class Accounts:
    """The use cases of sender accounts. Every method that names a sender raises ``Refused`` ``not-found``."""

    def __init__(
        self,
        pool: Pool,
        store: EventStore,
        senders: Senders,
        campaigns: Campaigns,
        gates: Gates,
        vault: Vault,
        verify: Verify,
    ) -> None:
        """``verify`` logs in to an inbox and says whether that worked."""
        self._pool = pool
        self._store = store
        self._senders = senders
        self._campaigns = campaigns
        self._gates = gates
        self._vault = vault
        self._verify = verify

    async def add(self, caller: Caller, new: NewSender) -> Sender:
        """Connect an account, and try its inbox if it has one. Raises ``Invalid``, ``Refused`` ``sender-exists``."""
        profile = _profile(new)
        sender_id, profile_id, inbox_id = new_id(), new_id(), new_id()
        identity = identity_bytes("email", profile.email_address)
        command = senders.Connect(
            sender_id=sender_id,
            channel="email",
            profile_id=profile_id,
            address_digest=self._vault.identity_digest(caller.workspace_id, "email", identity),
            daily_limit=new.daily_limit,
            warmup_status=new.warmup_status,
        )
        events: list[Event] = [*senders.connect(command)]
        documents = [Document(sender_id, profile_id, pack(profile))]
        if new.inbox is not None:
            events.append(senders.InboxConfigured(inbox_id=inbox_id))
            documents.append(Document(sender_id, inbox_id, pack(_inbox(new.inbox))))
        async with self._store.transaction() as connection:
            await self._vault.seal_many(connection, caller.workspace_id, documents)
            sender = await self._senders.begin(connection, caller, sender_id, events)
        return sender if new.inbox is None else await self.verify(caller, sender_id)

    async def change(self, caller: Caller, sender_id: UUID, update: SenderUpdate) -> Sender:
        """Change an account, and try its inbox if another one is given. Raises ``Invalid``, ``Refused``."""
        inbox = None if update.inbox is UNSET else _inbox(update.inbox)

        async def plan(sender: Sender) -> Change:
            profile = await self._updated_profile(caller.workspace_id, sender, update)
            documents: list[Document] = []
            given = SenderChange(
                profile_id=UNSET if profile is None else _placed(documents, sender_id, profile),
                daily_limit=update.daily_limit,
                warmup_status=update.warmup_status,
            )
            events = [*senders.decide(sender, senders.Change(given))]
            if inbox is not None:
                inbox_id = _placed(documents, sender_id, inbox)
                events += senders.decide(sender, senders.ConfigureInbox(inbox_id))
            return Change(events=events, beside=self._sealing(caller.workspace_id, documents))

        changed = await self._senders.revise(caller, sender_id, plan)
        return changed if inbox is None else await self.verify(caller, sender_id)

    async def remove(self, caller: Caller, sender_id: UUID) -> None:
        """Use the account no longer. Raises ``Refused`` ``sender-in-use`` while a campaign sends through it."""

        async def plan(sender: Sender) -> Change:
            await self._require_idle(caller.workspace_id, sender_id)
            return Change(events=senders.decide(sender, senders.Remove()))

        await self._senders.revise(caller, sender_id, plan)

    async def verify(self, caller: Caller, sender_id: UUID) -> Sender:
        """Try the account's inbox and record what was found. Raises ``Refused`` ``sender-inbox-missing``."""
        sender = await self._senders.load(caller.workspace_id, sender_id)
        inbox_id = sender.inbox_id
        if inbox_id is None:
            raise Refused("sender-inbox-missing", "This sender account has no inbox: configure one first.")
        async with self._pool.acquire() as connection:
            inbox = unpack(await self._vault.open(connection, caller.workspace_id, inbox_id), Inbox)
        found = await self._verify(_parsed(inbox))
        if isinstance(found, channel.Failed):
            return await self._reject(caller, sender_id, inbox_id, "verification", found.detail)
        return await self._senders.execute(
            caller, sender_id, lambda now: senders.decide(now, senders.RecordVerified(inbox_id))
        )

    async def record_refusal(self, caller: Caller, sender_id: UUID, inbox_id: UUID, words: str) -> Sender:
        """Record that the server of an inbox does not let the sender send: nothing is claimed for it any more."""
        return await self._reject(caller, sender_id, inbox_id, "sending", words)

    async def _reject(
        self, caller: Caller, sender_id: UUID, inbox_id: UUID, occasion: senders.Occasion, words: str
    ) -> Sender:
        async def plan(sender: Sender) -> Change:
            documents: list[Document] = []
            detail_id = _placed(documents, sender_id, Words(words))
            command = senders.RecordRejected(inbox_id=inbox_id, occasion=occasion, detail_id=detail_id)
            return Change(
                events=senders.decide(sender, command),
                beside=self._sealing(caller.workspace_id, documents),
            )

        return await self._senders.revise(caller, sender_id, plan)

    async def _updated_profile(
        self, workspace_id: UUID, sender: Sender, update: SenderUpdate
    ) -> SenderProfile | None:
        """The profile as it is to be; None when the update leaves it as it is."""
        texts = {
            name: value
            for name, value in asdict(update).items()
            if value is not UNSET and name in SenderProfile.__struct_fields__
        }
        if not texts:
            return None
        async with self._pool.acquire() as connection:
            present = unpack(
                await self._vault.open(connection, workspace_id, sender.profile_id), SenderProfile
            )
        after = replace(present, **texts)
        return None if after == present else after

    async def _require_idle(self, workspace_id: UUID, sender_id: UUID) -> None:
        async with self._pool.acquire() as connection:
            running = await self._gates.campaigns_sending(connection, workspace_id, sender_id)
        if not running:
            return
        names = await self._campaign_names(workspace_id, running)
        raise Refused(
            "sender-in-use",
            f"Campaigns are sending through this account: {', '.join(names.values())}. Stop them first.",
            {"campaigns": [{"id": str(id_), "name": name} for id_, name in names.items()]},
        )

    async def _campaign_names(self, workspace_id: UUID, campaign_ids: list[UUID]) -> dict[UUID, str]:
        campaigns = [await self._campaigns.load(workspace_id, id_) for id_ in campaign_ids]
        documents = {campaign.id: campaign.settings.name.document_id for campaign in campaigns}
        async with self._pool.acquire() as connection:
            opened = await self._vault.open_many(connection, workspace_id, documents.values())
        return {id_: unpack(opened[document], Words).text for id_, document in documents.items()}

    def _sealing(self, workspace_id: UUID, documents: list[Document]) -> Beside:
        async def seal(connection: Connection) -> None:
            await self._vault.seal_many(connection, workspace_id, documents)

        return seal


def _placed(documents: list[Document], sender_id: UUID, content: Struct) -> UUID:
    """The id of a new document with this content, added to ``documents``."""
    document = Document(sender_id, new_id(), pack(content))
    documents.append(document)
    return document.document_id


def _profile(new: NewSender) -> SenderProfile:
    """Who a new e-mail account is. Raises ``Invalid``."""
    if new.type == "linkedin":
        raise Invalid(FieldError("type", "This service has no LinkedIn channel configured."))
    foreign = [name for name in ("provider_account_id", "is_premium") if getattr(new, name) is not UNSET]
    errors = [FieldError(name, "Only LinkedIn accounts have this field.") for name in foreign]
    if new.email_address is UNSET:
        errors.append(FieldError("email_address", "This field is required."))
        raise Invalid(*errors)
    try:
        address = normalise_email(new.email_address)
    except Invalid as invalid:
        errors += [FieldError("email_address", error.message) for error in invalid.errors]
        raise Invalid(*errors) from None
    if errors:
        raise Invalid(*errors)
    return SenderProfile(
        email_address=address,
        display_name=new.display_name,
        first_name=new.first_name,
        last_name=new.last_name,
        signature=new.signature,
    )


def _inbox(form: InboxForm) -> Inbox:
    """An inbox that can be tried. Raises ``Invalid``, without repeating what may be a password."""
    inbox = Inbox(form.smtp_url, form.imap_url)
    errors: list[FieldError] = []
    for path, url, parse in (
        ("inbox.smtp_url", inbox.smtp_url, parse_smtp_url),
        ("inbox.imap_url", inbox.imap_url, parse_imap_url),
    ):
        try:
            if url is not None:
                parse(url)
        except InboxUrlError as error:
            errors.append(FieldError(path, str(error)))
    if errors:
        raise Invalid(*errors)
    return inbox


def _parsed(inbox: Inbox) -> channel.Inbox:
    return channel.Inbox(
        parse_smtp_url(inbox.smtp_url), None if inbox.imap_url is None else parse_imap_url(inbox.imap_url)
    )

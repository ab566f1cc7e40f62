"""Sender accounts as their users handle them: add, change, remove, and try whether they work.

What is written about an account is sealed in the vault, together with the event that names it. An inbox is tried
outside of any transaction, and what was found is recorded then: unless another inbox has taken its place. So is an
account of the LinkedIn provider, a new one before it is added. The credentials of an inbox are erased with it: when
another takes its place, or when the account is removed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import TypeAlias, assert_never
from uuid import UUID

from msgspec import UNSET, Struct
from msgspec.structs import asdict, replace

from domain.event import Event
from domain.identity import identity_bytes
from domain.refusal import FieldError, Invalid, Refused
from domain.sender import decide as senders
from domain.sender import events as sender_events
from domain.sender.events import SenderChange
from domain.sender.fields import require_fields_of
from domain.sender.state import Sender
from service.caller import Caller
from service.campaigns.repository import Campaigns
from service.channels import inbox as channel
from service.channels.linkedin.port import AccountState, Gone, Provider, Unreachable, Usable
from service.database.pool import Connection, Pool, one_moment
from service.dispatch.gates import Gates
from service.ids import new_id
from service.senders.forms import NewSender, SenderUpdate
from service.senders.profiles import given, inbox_of, parsed, profile_of
from service.senders.provider_accounts import account_digest, account_ids, mailbox_digest
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
        provider: Provider | None = None,
    ) -> None:
        """``verify`` logs in to an inbox and says whether that worked; ``provider`` knows the accounts of LinkedIn."""
        self._pool = pool
        self._store = store
        self._senders = senders
        self._campaigns = campaigns
        self._gates = gates
        self._vault = vault
        self._verify = verify
        self._provider = provider

    async def add(self, caller: Caller, new: NewSender) -> Sender:
        """Connect an account, and try whether it works. Raises ``Invalid``, ``Refused`` ``sender-exists``."""
        profile = profile_of(new)
        if new.type == "linkedin":
            return await self._add_provider_account(caller, new, profile)
        return await self._add_mailbox(caller, new, profile)

    async def _add_mailbox(self, caller: Caller, new: NewSender, profile: SenderProfile) -> Sender:
        sender_id, inbox_id = new_id(), new_id()
        command = self._connect(caller, sender_id, new, profile.email_address)
        events: list[Event] = [*senders.connect(command)]
        documents = [Document(sender_id, command.profile_id, pack(profile))]
        if new.inbox is not None:
            events.append(sender_events.InboxConfigured(inbox_id=inbox_id))
            documents.append(Document(sender_id, inbox_id, pack(inbox_of(new.inbox))))
        async with self._store.transaction() as connection:
            await self._vault.seal_many(connection, caller.workspace_id, documents)
            digest = mailbox_digest(self._vault, profile.email_address)
            sender = await self._senders.begin(connection, caller, sender_id, events, digest)
        return sender if new.inbox is None else await self.verify(caller, sender_id)

    async def _add_provider_account(self, caller: Caller, new: NewSender, profile: SenderProfile) -> Sender:
        if self._provider is None:
            raise Invalid(
                FieldError(
                    "type", "This service has no LinkedIn provider: its operator sets LIFTOFF_LINKEDIN_URL."
                )
            )
        sender_id, account_id = new_id(), profile.provider_account_id
        command = self._connect(caller, sender_id, new, account_id)
        born = senders.connect(command)
        documents = [Document(sender_id, command.profile_id, pack(profile))]
        state = await self._provider.look_up(account_id)
        events = (*born, senders.found(_as_command(state, "verification", sender_id, documents)))
        async with self._store.transaction() as connection:
            await self._vault.seal_many(connection, caller.workspace_id, documents)
            digest = account_digest(self._vault, account_id)
            return await self._senders.begin(connection, caller, sender_id, events, digest)

    def _connect(self, caller: Caller, sender_id: UUID, new: NewSender, identity: str) -> senders.Connect:
        canonical = identity_bytes(new.type, identity)
        return senders.Connect(
            sender_id=sender_id,
            channel=new.type,
            profile_id=new_id(),
            address_digest=self._vault.identity_digest(caller.workspace_id, new.type, canonical),
            daily_limit=new.daily_limit,
            warmup_status=new.warmup_status,
            is_premium=new.is_premium is True,
            weekly_connection_limit=None
            if new.weekly_connection_limit is UNSET
            else new.weekly_connection_limit,
            weekly_message_limit=None if new.weekly_message_limit is UNSET else new.weekly_message_limit,
        )

    async def change(self, caller: Caller, sender_id: UUID, update: SenderUpdate) -> Sender:
        """Change an account, and try its inbox if another one is given. Raises ``Invalid``, ``Refused``."""
        inbox = None if update.inbox is UNSET else inbox_of(update.inbox)

        async def plan(sender: Sender) -> Change:
            require_fields_of(sender.channel, given(update))
            profile = await self._updated_profile(caller.workspace_id, sender, update)
            documents: list[Document] = []
            outdated: list[UUID] = []
            change = SenderChange(
                profile_id=UNSET if profile is None else _placed(documents, sender_id, profile),
                daily_limit=update.daily_limit,
                warmup_status=update.warmup_status,
                weekly_connection_limit=update.weekly_connection_limit,
                weekly_message_limit=update.weekly_message_limit,
            )
            events = [*senders.decide(sender, senders.Change(change))]
            if inbox is not None:
                inbox_id = _placed(documents, sender_id, inbox)
                events += senders.decide(sender, senders.ConfigureInbox(inbox_id))
                outdated = _credentials(sender)
            return Change(
                events=events,
                beside=self._rewriting(caller.workspace_id, sender_id, documents, outdated)
                if events
                else None,
            )

        changed = await self._senders.revise(caller, sender_id, plan)
        return changed if inbox is None else await self.verify(caller, sender_id)

    async def remove(self, caller: Caller, sender_id: UUID) -> None:
        """Use the account no longer. Raises ``Refused`` ``sender-in-use`` while a campaign sends through it."""

        async def plan(sender: Sender) -> Change:
            await self._require_idle(caller.workspace_id, sender_id)
            return Change(
                events=senders.decide(sender, senders.Remove()),
                beside=self._rewriting(caller.workspace_id, sender_id, [], _credentials(sender)),
            )

        await self._senders.revise(caller, sender_id, plan)

    async def verify(self, caller: Caller, sender_id: UUID) -> Sender:
        """Try whether the account works and record what was found. Raises ``Refused`` ``sender-inbox-missing``."""
        workspace_id = caller.workspace_id
        async with one_moment(self._pool) as connection:
            sender = await self._senders.load(workspace_id, sender_id, connection)
            inbox_id = sender.inbox_id
            sealed = await self._vault.open_many(connection, workspace_id, _credentials(sender))
        if sender.channel == "linkedin":
            return await self._verify_provider_account(caller, sender)
        if inbox_id is None:
            raise Refused("sender-inbox-missing", "This sender account has no inbox: configure one first.")
        inbox = unpack(sealed[inbox_id], Inbox)
        found = await self._verify(parsed(inbox))
        if isinstance(found, channel.Failed):
            return await self._reject(caller, sender_id, inbox_id, "verification", found.detail)
        return await self._senders.execute(
            caller, sender_id, lambda now: senders.decide(now, senders.RecordVerified(inbox_id))
        )

    async def _verify_provider_account(self, caller: Caller, sender: Sender) -> Sender:
        async with self._pool.acquire() as connection:
            ids = await account_ids(connection, self._vault, caller.workspace_id, [sender])
        if self._provider is None:
            state: AccountState = Unreachable("This service has no LinkedIn provider configured.")
        else:
            state = await self._provider.look_up(ids[sender.id])
        return await self._record(caller, sender.id, state, "verification")

    async def record_connection(
        self, caller: Caller, sender_id: UUID, occasion: sender_events.Occasion, beside: Beside | None = None
    ) -> Sender:
        """Record that the provider acts for an account. ``beside`` is written in the same transaction."""
        return await self._record(caller, sender_id, Usable(), occasion, beside)

    async def record_disconnection(
        self,
        caller: Caller,
        sender_id: UUID,
        words: str,
        occasion: sender_events.Occasion = "sending",
        beside: Beside | None = None,
    ) -> Sender:
        """Record that the provider does not act for an account: nothing is claimed for it until it is reconnected.

        ``words`` are the provider's. ``beside`` is written in the same transaction, also when this was known already.
        """
        return await self._record(caller, sender_id, Gone(words), occasion, beside)

    async def _record(
        self,
        caller: Caller,
        sender_id: UUID,
        state: AccountState,
        occasion: sender_events.Occasion,
        beside: Beside | None = None,
    ) -> Sender:
        async def plan(sender: Sender) -> Change:
            documents: list[Document] = []
            events = senders.decide(sender, _as_command(state, occasion, sender_id, documents))
            if not events:
                return Change(events=(), beside=beside)

            async def write(connection: Connection) -> None:
                await self._vault.seal_many(connection, caller.workspace_id, documents)
                if beside is not None:
                    await beside(connection)

            return Change(events=events, beside=write)

        return await self._senders.revise(caller, sender_id, plan)

    async def record_refusal(self, caller: Caller, sender_id: UUID, inbox_id: UUID, words: str) -> Sender:
        """Record that the server of an inbox does not let the sender send: nothing is claimed for it any more."""
        return await self._reject(caller, sender_id, inbox_id, "sending", words)

    async def record_failures(self, caller: Caller, sender_id: UUID, words: str) -> Sender:
        """Record that sends of an account fail one after the other: nothing is claimed for it until it is verified."""
        sender = await self._senders.load(caller.workspace_id, sender_id)
        if sender.inbox_id is None:
            return await self._record(caller, sender_id, Unreachable(words), "sending")
        return await self._reject(caller, sender_id, sender.inbox_id, "sending", words)

    async def _reject(
        self, caller: Caller, sender_id: UUID, inbox_id: UUID, occasion: sender_events.Occasion, words: str
    ) -> Sender:
        async def plan(sender: Sender) -> Change:
            documents: list[Document] = []
            detail_id = _placed(documents, sender_id, Words(words))
            command = senders.RecordRejected(inbox_id=inbox_id, occasion=occasion, detail_id=detail_id)
            events = senders.decide(sender, command)
            beside = self._rewriting(caller.workspace_id, sender_id, documents) if events else None
            return Change(events=events, beside=beside)

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

    def _rewriting(
        self, workspace_id: UUID, sender_id: UUID, new: Sequence[Document], outdated: Collection[UUID] = ()
    ) -> Beside:
        """Keeps what is new of an account, and erases what is outdated."""

        async def rewrite(connection: Connection) -> None:
            await self._vault.seal_many(connection, workspace_id, new)
            await self._vault.erase(connection, workspace_id, sender_id, outdated)

        return rewrite


def _credentials(sender: Sender) -> list[UUID]:
    """The documents that are kept for no longer than they are used."""
    return [] if sender.inbox_id is None else [sender.inbox_id]


def _placed(documents: list[Document], sender_id: UUID, content: Struct) -> UUID:
    """The id of a new document with this content, added to ``documents``."""
    document = Document(sender_id, new_id(), pack(content))
    documents.append(document)
    return document.document_id


def _as_command(
    state: AccountState, occasion: sender_events.Occasion, sender_id: UUID, documents: list[Document]
) -> senders.AboutAccount:
    """What the provider said of an account, its words added to ``documents``."""
    match state:
        case Usable():
            return senders.RecordConnected()
        case Gone(words=words):
            detail_id = _placed(documents, sender_id, Words(words))
            return senders.RecordDisconnected(occasion=occasion, detail_id=detail_id)
        case Unreachable(words=words):
            return senders.RecordNotVerified(_placed(documents, sender_id, Words(words)))
        case _:
            assert_never(state)

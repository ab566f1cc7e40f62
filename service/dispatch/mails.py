"""From claims to mails: the texts of campaign, sender and lead are opened, filled in and composed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias
from uuid import UUID

from msgspec import Struct

from domain import templating
from domain.campaign.state import Campaign
from domain.lead.events import FailureReason
from domain.sender import Sender
from domain.sequence import position_of
from service.campaigns.repository import Campaigns
from service.channels.message import FirstMail, Mail, Mailbox, compose, message_id
from service.channels.outcome import Deferred
from service.channels.unsubscribe import Subscription, UnsubscribeTokens
from service.clock import Clock
from service.database.pool import Pool
from service.dispatch.claims import Claim
from service.dispatch.due import Key
from service.messages.promoted import MissingDraft, Promoted, Recipient, promoted, words_for
from service.senders.repository import Senders
from service.texts import Inbox, LeadProfile, SenderProfile, Words, unpack
from service.vault import Vault


class Ready(Struct, frozen=True):
    """A claim, ready to be handed to the mail server of the sender's ``inbox_id``."""

    claim: Claim
    campaign: Campaign
    inbox_id: UUID
    smtp_url: str
    envelope_from: str
    recipient: str
    message: bytes


class NotMade(Struct, frozen=True):
    """The mail can't be made, now or later."""

    reason: FailureReason


class Unsendable(Struct, frozen=True):
    """A claim that became no mail, so that nothing was handed to a provider; and whether it may yet become one."""

    claim: Claim
    why: NotMade | Deferred


Prepared: TypeAlias = Ready | Unsendable


class Mails:
    """Prepares the mails of claims."""

    def __init__(
        self,
        pool: Pool,
        vault: Vault,
        campaigns: Campaigns,
        senders: Senders,
        tokens: UnsubscribeTokens,
        clock: Clock,
        public_url: str,
    ) -> None:
        """``public_url`` is where recipients reach this service, without a slash at the end."""
        self._pool = pool
        self._vault = vault
        self._campaigns = campaigns
        self._senders = senders
        self._tokens = tokens
        self._clock = clock
        self._public_url = public_url

    async def prepare(self, claims: Sequence[Claim]) -> list[Prepared]:
        """Each claim as a mail, or why it can't be one; in the order of ``claims``."""
        campaigns = await self._load_campaigns(claims)
        senders = await self._load_senders(claims)
        drafts = await self._drafts(claims)
        documents = await self._open(_documents(claims, campaigns, senders, drafts))
        return [
            self._prepare(
                claim,
                campaigns[claim.due.workspace_id, claim.due.campaign_id],
                senders.get((claim.due.workspace_id, claim.due.sender_id)),
                drafts,
                documents,
            )
            for claim in claims
        ]

    def _prepare(
        self,
        claim: Claim,
        campaign: Campaign,
        sender: Sender | None,
        drafts: Promoted,
        documents: Mapping[UUID, bytes],
    ) -> Prepared:
        if sender is None or sender.inbox_id is None:
            return Unsendable(claim, NotMade("sender-removed"))
        needed = {claim.due.document_id, *_campaign_texts(campaign), *_sender_texts(sender)}
        needed |= _draft_texts(claim, drafts)
        if not needed <= documents.keys():
            return Unsendable(claim, NotMade("erased"))
        lead = unpack(documents[claim.due.document_id], LeadProfile)
        profile = unpack(documents[sender.profile_id], SenderProfile)
        inbox = unpack(documents[sender.inbox_id], Inbox)
        try:
            mail = self._mail(claim, campaign, profile, lead, drafts, documents)
        except templating.Unresolved:
            return Unsendable(claim, NotMade("unresolved-variable"))
        except MissingDraft:
            return Unsendable(claim, NotMade("missing-draft"))
        return Ready(
            claim,
            campaign,
            sender.inbox_id,
            inbox.smtp_url,
            profile.email_address,
            mail.recipient.address,
            compose(mail),
        )

    def _mail(
        self,
        claim: Claim,
        campaign: Campaign,
        profile: SenderProfile,
        lead: LeadProfile,
        drafts: Promoted,
        documents: Mapping[UUID, bytes],
    ) -> Mail:
        values = lead.values()
        node = campaign.nodes[position_of(campaign.nodes, claim.due.node_id)]
        words = words_for(claim.due.lead_id, node, drafts, values, documents)
        signature = campaign.settings.signature
        own_signature = (
            unpack(documents[signature.document_id], Words).text if signature else profile.signature
        )
        return Mail(
            send_id=claim.send_id,
            sender=Mailbox(profile.email_address, profile.display_name),
            recipient=Mailbox(lead.email or "", values.get("name", "")),
            subject=words.subject,
            body=words.body,
            signature=own_signature,
            written_at=self._clock.now(),
            unsubscribe_url=self._unsubscribe_url(claim),
            follows=(
                self._first_mail(claim, campaign, profile, drafts, values, documents)
                if node.is_reply
                else None
            ),
        )

    def _first_mail(
        self,
        claim: Claim,
        campaign: Campaign,
        profile: SenderProfile,
        drafts: Promoted,
        values: Mapping[str, str],
        documents: Mapping[UUID, bytes],
    ) -> FirstMail | None:
        """The first mail this lead got, which a reply is threaded under; None when there was none."""
        if not claim.lead.sent_nodes:
            return None
        node_id, send_id = claim.lead.sent_nodes[0]
        node = campaign.nodes[position_of(campaign.nodes, node_id)]
        words = words_for(claim.due.lead_id, node, drafts, values, documents)
        return FirstMail(message_id(send_id, profile.email_address), words.subject)

    def _unsubscribe_url(self, claim: Claim) -> str:
        due = claim.due
        token = self._tokens.issue(Subscription(due.workspace_id, due.campaign_id, due.lead_id))
        return f"{self._public_url}/unsubscribe/{token}"

    async def _load_campaigns(self, claims: Sequence[Claim]) -> dict[Key, Campaign]:
        keys = {(claim.due.workspace_id, claim.due.campaign_id) for claim in claims}
        return {key: await self._campaigns.load(*key) for key in keys}

    async def _load_senders(self, claims: Sequence[Claim]) -> dict[Key, Sender]:
        found: dict[Key, Sender] = {}
        for workspace_id in {claim.due.workspace_id for claim in claims}:
            ids = {claim.due.sender_id for claim in claims if claim.due.workspace_id == workspace_id}
            for sender_id, sender in (await self._senders.load_many(workspace_id, ids)).items():
                found[workspace_id, sender_id] = sender
        return found

    async def _drafts(self, claims: Sequence[Claim]) -> Promoted:
        recipients = (
            Recipient(claim.due.workspace_id, claim.due.campaign_id, claim.due.lead_id) for claim in claims
        )
        async with self._pool.acquire() as connection:
            return await promoted(connection, recipients)

    async def _open(self, wanted: Mapping[UUID, set[UUID]]) -> dict[UUID, bytes]:
        opened: dict[UUID, bytes] = {}
        async with self._pool.acquire() as connection:
            for workspace_id, document_ids in wanted.items():
                opened |= await self._vault.open_many(connection, workspace_id, document_ids)
        return opened


def _documents(
    claims: Sequence[Claim],
    campaigns: Mapping[Key, Campaign],
    senders: Mapping[Key, Sender],
    drafts: Promoted,
) -> dict[UUID, set[UUID]]:
    """The documents that the mails of ``claims`` are made of, by workspace."""
    wanted: dict[UUID, set[UUID]] = {}
    for claim in claims:
        texts = {claim.due.document_id, *_draft_texts(claim, drafts)}
        wanted.setdefault(claim.due.workspace_id, set()).update(texts)
    for (workspace_id, _), campaign in campaigns.items():
        wanted[workspace_id].update(_campaign_texts(campaign))
    for (workspace_id, _), sender in senders.items():
        wanted[workspace_id].update(_sender_texts(sender))
    return wanted


def _campaign_texts(campaign: Campaign) -> list[UUID]:
    signature = campaign.settings.signature
    texts = [node.text.document_id for node in campaign.nodes if node.text is not None]
    return [*texts, signature.document_id] if signature else texts


def _sender_texts(sender: Sender) -> list[UUID]:
    return [sender.profile_id] if sender.inbox_id is None else [sender.profile_id, sender.inbox_id]


def _draft_texts(claim: Claim, drafts: Promoted) -> set[UUID]:
    """The drafts that the claim's mail is made of: its own, and that of the mail it may be a reply under."""
    nodes = {claim.due.node_id, *(node_id for node_id, _ in claim.lead.sent_nodes[:1])}
    return {drafts[claim.due.lead_id, node_id] for node_id in nodes if (claim.due.lead_id, node_id) in drafts}

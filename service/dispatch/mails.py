"""From claims to mails, and to the server of the sender's inbox: texts are opened, filled in, composed, handed over."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from domain import templating
from domain.campaign.state import Campaign
from domain.sequence import position_of
from service.caller import Caller
from service.channels import outcome as channel
from service.channels.inbox_url import parse_smtp_url
from service.channels.message import FirstMail, Mail, Mailbox, compose, message_id
from service.channels.opens import OpenTokens, TrackedMail
from service.channels.smtp import SmtpChannel
from service.channels.unsubscribe import Subscription, UnsubscribeTokens
from service.clock import Clock
from service.dispatch.claims import Claim
from service.dispatch.material import Material, Materials
from service.dispatch.prepared import NotMade, Outcome, Prepared, Ready, Unsendable
from service.messages.promoted import MissingDraft
from service.senders.accounts import Accounts
from service.texts import Inbox, SenderProfile


class ReadyMail(Ready, frozen=True):
    """A mail, ready to be handed to the server of the sender's ``inbox_id``."""

    inbox_id: UUID
    smtp_url: str
    envelope_from: str
    recipient: str
    message: bytes


class Mails:
    """Prepares the mails of claims."""

    def __init__(
        self,
        materials: Materials,
        tokens: UnsubscribeTokens,
        open_tokens: OpenTokens,
        clock: Clock,
        public_url: str,
    ) -> None:
        """``public_url`` is where recipients reach this service, without a slash at the end."""
        self._materials = materials
        self._tokens = tokens
        self._open_tokens = open_tokens
        self._clock = clock
        self._public_url = public_url

    async def prepare(self, claims: Sequence[Claim]) -> list[Prepared]:
        """Each claim as a mail, or why it can't be one; in the order of ``claims``."""
        material = await self._materials.gather([claim.due for claim in claims])
        return [self._prepare(claim, material) for claim in claims]

    def _prepare(self, claim: Claim, material: Material) -> Prepared:
        sender = material.sender(claim.due)
        if sender is None or sender.inbox_id is None:
            return Unsendable(claim, NotMade("sender-removed"))
        if not material.is_whole(claim.due, sender):
            return Unsendable(claim, NotMade("erased"))
        profile = material.profile(sender)
        try:
            mail = self._mail(claim, profile, material)
        except templating.Unresolved:
            return Unsendable(claim, NotMade("unresolved-variable"))
        except MissingDraft:
            return Unsendable(claim, NotMade("missing-draft"))
        return ReadyMail(
            claim,
            material.campaign(claim.due),
            sender.inbox_id,
            material.documents.document(sender.inbox_id, Inbox).smtp_url,
            profile.email_address,
            mail.recipient.address,
            compose(mail),
        )

    def _mail(self, claim: Claim, profile: SenderProfile, material: Material) -> Mail:
        campaign, lead = material.campaign(claim.due), material.lead(claim.due)
        node = campaign.nodes[position_of(campaign.nodes, claim.due.node_id)]
        words = material.words(claim.due, node.id)
        return Mail(
            send_id=claim.send_id,
            sender=Mailbox(profile.email_address, profile.display_name),
            recipient=Mailbox(lead.email or "", lead.values().get("name", "")),
            subject=words.subject,
            body=words.body,
            signature=_signature(campaign, profile, material),
            postal_address=material.postal_address(claim.due),
            written_at=self._clock.now(),
            unsubscribe_url=self._unsubscribe_url(claim),
            open_url=self._open_url(claim) if campaign.settings.open_tracking else None,
            follows=_first_mail(claim, profile, material) if node.is_reply else None,
        )

    def _unsubscribe_url(self, claim: Claim) -> str:
        due = claim.due
        token = self._tokens.issue(Subscription(due.workspace_id, due.campaign_id, due.lead_id))
        return f"{self._public_url}/unsubscribe/{token}"

    def _open_url(self, claim: Claim) -> str:
        mail = TrackedMail(claim.due.workspace_id, claim.due.lead_id, claim.send_id)
        return f"{self._public_url}/opened/{self._open_tokens.issue(mail)}"


class MailCarrier:
    """Hands mails over."""

    def __init__(self, mails: Mails, smtp: SmtpChannel, accounts: Accounts) -> None:
        self._mails = mails
        self._smtp = smtp
        self._accounts = accounts

    async def prepare(self, claims: Sequence[Claim]) -> Sequence[Prepared]:
        """Each claim as a mail, or why it can't be one; in the order of ``claims``."""
        return await self._mails.prepare(claims)

    async def hand_over(self, mail: ReadyMail) -> channel.Outcome:
        """Give the mail to its server."""
        inbox = parse_smtp_url(mail.smtp_url)
        return await self._smtp.send(inbox, mail.envelope_from, mail.recipient, mail.message)

    async def heed(self, mail: ReadyMail, outcome: Outcome) -> None:
        """A server that does not let the sender send: its leads wait until a person has seen to it."""
        if isinstance(outcome, channel.SenderRefused):
            due = mail.claim.due
            caller = Caller(due.workspace_id, "worker", mail.claim.send_id)
            await self._accounts.record_refusal(caller, due.sender_id, mail.inbox_id, outcome.reply)


def _signature(campaign: Campaign, profile: SenderProfile, material: Material) -> str:
    """The campaign's signature, or else the sender's own."""
    own = campaign.settings.signature
    return material.documents.words(own) if own else profile.signature


def _first_mail(claim: Claim, profile: SenderProfile, material: Material) -> FirstMail | None:
    """The first mail this lead got, which a reply is threaded under; None when there was none."""
    if not claim.lead.sent_nodes:
        return None
    node_id, send_id = claim.lead.sent_nodes[0]
    subject = material.words(claim.due, node_id).subject
    return FirstMail(message_id(send_id, profile.email_address), subject)

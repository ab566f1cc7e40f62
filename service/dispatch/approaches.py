"""From claims to invitations and messages on LinkedIn: texts are opened, filled in, and handed to the provider."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from domain import templating
from domain.sequence import MAX_INVITATION_LENGTH, position_of
from service.caller import Caller
from service.channels.linkedin.port import AccountRefused, ActionOutcome, Provider
from service.dispatch.claims import Claim
from service.dispatch.due import Due
from service.dispatch.material import Material, Materials
from service.dispatch.prepared import NotMade, Outcome, Prepared, Ready, Unsendable
from service.messages.promoted import MissingDraft
from service.senders.accounts import Accounts


class Approach(Struct, frozen=True):
    """An invitation or a message to ``person`` (the public name), through the provider's ``account``."""

    account: str
    person: str
    text: str


class ReadyApproach(Ready, frozen=True):
    """An approach, ready to be handed to the provider."""

    approach: Approach


class ApproachCarrier:
    """Prepares what is to be done on LinkedIn, and hands it over."""

    def __init__(self, materials: Materials, provider: Provider, accounts: Accounts) -> None:
        self._materials = materials
        self._provider = provider
        self._accounts = accounts

    async def prepare(self, claims: Sequence[Claim]) -> list[Prepared]:
        """Each claim as an approach, or why it can't be one; in the order of ``claims``."""
        material = await self._materials.gather([claim.due for claim in claims])
        return [_prepared(claim, material) for claim in claims]

    async def hand_over(self, ready: ReadyApproach) -> ActionOutcome:
        """Let the provider do it."""
        approach = ready.approach
        if ready.claim.due.task == "connection_request":
            return await self._provider.invite(approach.account, approach.person, approach.text)
        return await self._provider.message(approach.account, approach.person, approach.text)

    async def heed(self, ready: ReadyApproach, outcome: Outcome) -> None:
        """A provider that does not act for the account any more: its leads wait until it is connected again."""
        if isinstance(outcome, AccountRefused):
            due = ready.claim.due
            caller = Caller(due.workspace_id, "worker", ready.claim.send_id)
            await self._accounts.record_disconnection(caller, due.sender_id, outcome.words)


def approach(due: Due, material: Material) -> Approach | NotMade:
    """What is done to the lead at its node, or why it can't be."""
    sender = material.sender(due)
    if sender is None:
        return NotMade("sender-removed")
    if not material.is_whole(due, sender):
        return NotMade("erased")
    try:
        text = _text(due, material)
    except templating.Unresolved:
        return NotMade("unresolved-variable")
    except MissingDraft:
        return NotMade("missing-draft")
    if due.task == "connection_request" and len(text) > MAX_INVITATION_LENGTH:
        return NotMade("too-long")
    person = _public_name(material.lead(due).linkedin_url or "")
    return Approach(material.profile(sender).provider_account_id, person, text)


def _prepared(claim: Claim, material: Material) -> Prepared:
    made = approach(claim.due, material)
    if isinstance(made, NotMade):
        return Unsendable(claim, made)
    return ReadyApproach(claim, material.campaign(claim.due), made)


def _text(due: Due, material: Material) -> str:
    """What is said; nothing for an invitation without a note. Raises ``Unresolved`` and ``MissingDraft``."""
    nodes = material.campaign(due).nodes
    node = nodes[position_of(nodes, due.node_id)]
    return material.words(due, node.id).body if node.sends_text else ""


def _public_name(linkedin_url: str) -> str:
    """The name that ends a normalised profile address, by which the provider knows the person."""
    return linkedin_url.rpartition("/")[2]

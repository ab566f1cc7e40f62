"""What becomes of claims before they are handed over, and after: the words that all channels share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeAlias, TypeVar

from msgspec import Struct

from domain.campaign.state import Campaign
from domain.lead.events import FailureReason
from service.channels import outcome as mail
from service.channels.linkedin import port as linkedin
from service.dispatch.claims import Claim


class Ready(Struct, frozen=True):
    """A claim, ready to be handed over; each channel has its own kind."""

    claim: Claim
    campaign: Campaign


class NotMade(Struct, frozen=True):
    """The send can't be made, now or later."""

    reason: FailureReason


class Unsendable(Struct, frozen=True):
    """A claim that became no send, so that nothing was handed to a provider; and whether it may yet become one."""

    claim: Claim
    why: NotMade | mail.Deferred


Prepared: TypeAlias = Ready | Unsendable
Outcome: TypeAlias = mail.Outcome | linkedin.ActionOutcome | NotMade

R_contra = TypeVar("R_contra", bound=Ready, contravariant=True)


class Carrier(Protocol[R_contra]):
    """What prepares the claims of one channel and hands them over."""

    async def prepare(self, claims: Sequence[Claim]) -> Sequence[Prepared]:
        """Each claim as a send, or why it can't be one; in the order of ``claims``."""
        ...

    async def hand_over(self, ready: R_contra, /) -> Outcome:
        """Give it to the provider; what the provider or the network does is an outcome, not an error."""
        ...

    async def heed(self, ready: R_contra, outcome: Outcome, /) -> None:
        """Do what the outcome, which is recorded by now, says about the sender account."""
        ...

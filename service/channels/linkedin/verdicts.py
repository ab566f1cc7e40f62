"""What the provider's answers mean: its statuses and kinds of errors as the cases of the port.

The kinds are the documented ones (``errors/<kind>``). An unknown one is judged by its status.
"""

from __future__ import annotations

from typing import Final

from service.channels.linkedin.port import (
    AccountRefused,
    AccountState,
    ActionOutcome,
    AlreadyConnected,
    Ambiguous,
    Done,
    Gone,
    LimitMet,
    Never,
    NotNow,
    Unreachable,
    Usable,
)
from service.channels.linkedin.shapes import Account, Receipt
from service.channels.linkedin.wire import Answer, NotSent, Reaction, Silence, trouble

OUR_KEY: Final = frozenset({"missing_credentials", "invalid_api_key"})
"""A 401 about the service's own API key. No account is to blame: none may be taken for disconnected because of it."""
ALREADY_INVITED: Final = frozenset({"already_invited_recently", "action_already_performed"})
ALREADY_CONNECTED: Final = frozenset({"already_connected"})
LIMITS: Final = frozenset(
    {
        "limit_exceeded",
        "connection_limit_reached",
        "cannot_resend_yet",  # "a temporary provider limit"
        "cannot_resend_within_24hrs",
        "insufficient_credits",
    }
)
ACCOUNT_AT_FAULT: Final = frozenset({"invalid_account"})
NOTHING_DONE_YET: Final = frozenset({"provider_unreachable"})

_RECONNECT: Final = frozenset({"CREDENTIALS", "PERMISSIONS", "DELETED"})
_WORKING: Final = frozenset({"OK"})


def account_state(reaction: Reaction) -> AccountState:
    """What the answer to "do you know this account?" says of it."""
    if not isinstance(reaction, Answer) or not reaction.good:
        return question_failed(reaction)
    account = reaction.read(Account)
    if account is None or not account.told:
        return Unreachable("The provider answered in a form that says nothing about the account.")
    if account.type not in (None, "LINKEDIN"):
        return Gone(f"The account is one of {account.type}, not of LinkedIn.")
    if account.statuses & _RECONNECT:
        return Gone(f"The provider says of the account: {', '.join(sorted(account.statuses & _RECONNECT))}.")
    if account.statuses - _WORKING:
        return Unreachable(
            f"The provider says of the account: {', '.join(sorted(account.statuses - _WORKING))}."
        )
    return Usable()


def question_failed(reaction: Reaction) -> Gone | Unreachable:
    """What a question without a usable answer says of the account it was asked for."""
    if isinstance(reaction, Answer) and (reaction.status == 404 or _account_is_refused(reaction)):
        return Gone(reaction.words)
    return Unreachable(reaction.words)


def not_tried(reaction: Reaction) -> ActionOutcome:
    """What it means for an action that the question before it failed: it was not tried, so surely not done."""
    match reaction:
        case Answer(status=status, words=words) if reaction.good:
            return NotNow(status, f"The provider answered in a form that says nothing: {words}")
        case Answer(status=status, words=words) if status // 100 == 5 or status == 408:
            return NotNow(status, words)
        case Answer():
            return _declined(reaction)
        case NotSent(words=words) | Silence(words=words):
            return NotNow(0, words)


def action_outcome(reaction: Reaction) -> ActionOutcome:
    """What became of an action, from the reaction to it."""
    match reaction:
        case NotSent(words=words):
            return NotNow(0, words)
        case Silence(words=words):
            return Ambiguous(words)
        case Answer(status=status) if reaction.good and (receipt := reaction.read(Receipt)) is not None:
            return Done(status, _evidence(receipt))
        case Answer(status=status) if status // 100 == 4 and status != 408:
            return _declined(reaction)
        case Answer(words=words):
            return Ambiguous(words)


def _declined(answer: Answer) -> ActionOutcome:
    """A refusal: nothing was done, unless it says that it had been done before."""
    status, words, kind = answer.status, answer.words, trouble(answer).kind
    if _account_is_refused(answer):
        return AccountRefused(status, words)
    if status in (401, 429) or kind in NOTHING_DONE_YET:
        return NotNow(status, words)
    if kind in ALREADY_INVITED:
        return Done(status, words)
    if kind in ALREADY_CONNECTED:
        return AlreadyConnected(status, words)
    return LimitMet(status, words) if kind in LIMITS else Never(status, words)


def _account_is_refused(answer: Answer) -> bool:
    kind = trouble(answer).kind
    return (answer.status in (401, 403) and kind not in OUR_KEY) or kind in ACCOUNT_AT_FAULT


def _evidence(receipt: Receipt) -> str:
    """The provider's id of what was done."""
    known = receipt.invitation_id or receipt.message_id
    return f"The provider's id: {known}" if isinstance(known, str) else "The provider told no id."

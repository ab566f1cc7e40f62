"""Every way a launch is refused, in the order of its checks: when two apply, the earlier one is answered.

The problem pages, the table of the README and the OpenAPI document are made from this; the tests send each example as
it is shown, and try every two rows together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Struct

from service.http.catalogue import PROBLEMS
from service.http.problem_type import ProblemType

_LINE: Final = "POST /api/campaigns/<campaign>/launch"
_KEY: Final = "Authorization: Bearer <key>"


class Row(Struct, frozen=True, kw_only=True):
    """One way: what provokes it, what its answer tells, and an example. Words in angle brackets stand for values.

    ``headers`` are the request's, ``answer_headers`` and ``answer`` those and the members that matter of the answer.
    ``leaves``: the types of the events that it leaves in the log; none: everything is as it was.
    """

    code: str
    provoked_by: str
    tells: str
    headers: tuple[str, ...] = (_KEY,)
    answer_headers: tuple[str, ...] = ()
    answer: Mapping[str, object]
    leaves: tuple[str, ...] = ()

    @property
    def problem(self) -> ProblemType:
        """Its entry of the catalogue."""
        return PROBLEMS[self.code]

    @property
    def example(self) -> str:
        """The request that provokes it, and its answer, as text."""
        members = msgspec.json.format(msgspec.json.encode(self.answer), indent=2).decode()
        request = [_LINE, *self.headers]
        answer = [f"{self.problem.status} {self.code}", *self.answer_headers]
        return "\n".join([*request, "", *answer, "", members])


def _blocked(code: str, message: str, **evidence: object) -> dict[str, object]:
    """The answer to a launch that has this blocker only; of several, the first gives the code and the detail."""
    return {"detail": message, "blockers": [{"code": code, "message": message, **evidence}]}


_ROWS: Final = (
    Row(
        code="unauthorized",
        provoked_by="a request without a valid API key",
        tells="whether the key is missing, malformed, unknown, expired or revoked; `WWW-Authenticate: Bearer`",
        headers=(),
        answer_headers=("WWW-Authenticate: Bearer",),
        answer={"detail": "The request has no Authorization header."},
    ),
    Row(
        code="missing-scope",
        provoked_by="a key without the scope `campaigns:launch`",
        tells="the scope",
        answer={
            "detail": "This needs a key with the scope campaigns:launch, which yours does not have.",
            "scope": "campaigns:launch",
        },
    ),
    Row(
        code="not-found",
        provoked_by="a campaign that does not exist, was deleted, or belongs to another workspace",
        tells="nothing that would tell these apart",
        answer={"detail": "There is nothing at this address, or nothing that this key may see."},
    ),
    Row(
        code="version-mismatch",
        provoked_by="an `If-Match` of another version than the present one",
        tells="the present version, also as `ETag`",
        headers=(_KEY, 'If-Match: "1"'),
        answer_headers=('ETag: "3"',),
        answer={
            "detail": "The request is meant for another version than the present one, which is 3.",
            "version": 3,
        },
    ),
    Row(
        code="launch-in-progress",
        provoked_by="a campaign that is being launched: its launch is young, or its run is alive",
        tells="`started_at`, `runId`, and after how many seconds to look again (`retry_after`)",
        answer={
            "detail": "A launch of this campaign is in progress; wait for it to become active.",
            "started_at": "<launched>",
            "runId": "<run>",
            "retry_after": 5,
        },
    ),
    Row(
        code="campaign-not-draft",
        provoked_by="a campaign that has been launched, or has ended",
        tells="its status",
        answer={
            "detail": "The campaign is archived; only a draft can be launched.",
            "campaign_status": "archived",
        },
    ),
    Row(
        code="restored-not-accepted",
        provoked_by="a database that was restored from a backup, until the operator has accepted it",
        tells="who has to accept that",
        answer={
            "detail": "The database of this service was restored to an earlier state, so it does not know what was "
            "sent after that. Nothing is launched or sent until its operator has accepted it."
        },
    ),
    Row(
        code="no-sender-accounts",
        provoked_by="a draft without sender accounts",
        tells="what to do",
        answer=_blocked("no-sender-accounts", "The campaign has no sender account: assign at least one."),
    ),
    Row(
        code="no-pending-leads",
        provoked_by="a draft without leads",
        tells="what to do",
        answer=_blocked("no-pending-leads", "The campaign has no pending lead: add or import leads."),
    ),
    Row(
        code="no-sendable-nodes",
        provoked_by="a sequence of nothing but delays and its end",
        tells="what to do",
        answer=_blocked("no-sendable-nodes", "The sequence sends nothing: add a node that does."),
    ),
    Row(
        code="missing-content",
        provoked_by="a node without the subject or body it needs",
        tells="the `positions` of such nodes",
        answer=_blocked(
            "missing-content",
            "Nodes without the text they need, by position: 0. Write their subject or body.",
            positions=[0],
        ),
    ),
    Row(
        code="missing-postal-address",
        provoked_by="an e-mail campaign of a workspace that requires a postal address and has none",
        tells="what to do",
        answer=_blocked(
            "missing-postal-address",
            "The workspace requires a postal address under its mails, and has none: set it for the workspace.",
        ),
    ),
    Row(
        code="sender-not-active",
        provoked_by="a sender whose warm-up is incomplete, or whose account does not work",
        tells="the sender and its status",
        answer=_blocked(
            "sender-not-active",
            "Sender <name> is warming, not active: finish its warm-up and verify its inbox, "
            "or remove it from the campaign.",
            sender_id="<sender>",
            status="warming",
            email_address="<name>",
        ),
    ),
    Row(
        code="sender-inbox-missing",
        provoked_by="an e-mail sender without an inbox",
        tells="the sender",
        answer=_blocked(
            "sender-inbox-missing",
            "Sender <name> has no inbox: configure one, or remove it from the campaign.",
            sender_id="<sender>",
            email_address="<name>",
        ),
    ),
    Row(
        code="linkedin-account-gone",
        provoked_by="a LinkedIn account that the provider does not act for any more",
        tells="the sender, which is `disconnected` from then on",
        answer=_blocked(
            "linkedin-account-gone",
            "The LinkedIn provider does not act for sender <name> any more: reconnect the account, "
            "or remove it from the campaign.",
            sender_id="<sender>",
        ),
        leaves=("sender-account-disconnected",),
    ),
    Row(
        code="linkedin-unavailable",
        provoked_by="a LinkedIn provider that fails, or does not answer in time",
        tells="`Retry-After: 30`, and which senders could not be verified",
        answer_headers=("Retry-After: 30",),
        answer={
            "detail": "A sender account could not be verified with the LinkedIn provider at the moment. "
            "The campaign is as it was: launch again soon.",
            "sender_ids": ["<sender>"],
        },
    ),
    Row(
        code="all-leads-skipped",
        provoked_by="leads who are all suppressed, in another campaign, or without a value or draft that a node needs",
        tells="how many leads for which `reasons`",
        answer=_blocked(
            "all-leads-skipped",
            "Every lead would be left out; see the reasons.",
            count=2,
            reasons={"suppressed": 2},
        ),
    ),
    Row(
        code="campaign-changed",
        provoked_by="another request that changes or launches the campaign during the checks",
        tells="that nothing of this request was done",
        answer={
            "detail": "Another request changed or launched this campaign at the same moment. Read it again."
        },
    ),
    Row(
        code="launch-rolled-back",
        provoked_by="a failure while the messages are resolved or dispatched",
        tells="that the campaign is a draft again, nothing was sent, and launching again is safe",
        answer={
            "detail": "The launch could not be prepared and was undone; the campaign is a draft again and nothing "
            "was sent. It is safe to launch again."
        },
        leaves=("campaign-launch-accepted", "campaign-launch-rolled-back"),
    ),
)

LAUNCH_TABLE: Final[Mapping[str, Row]] = {row.code: row for row in _ROWS}
"""The rows by their codes, in the order of the checks."""


def as_markdown() -> str:
    """The table for readers."""
    rows = [
        f"| {row.problem.status} | `{row.code}` | {row.provoked_by} | {row.tells} |"
        for row in LAUNCH_TABLE.values()
    ]
    return "\n".join(["| status | `code` | provoked by | the answer tells |", "|---|---|---|---|", *rows])

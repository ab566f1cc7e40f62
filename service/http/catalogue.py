"""Every way the service says no, once: the source of the problem pages, of the statuses and of the OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple


class ProblemType(NamedTuple):
    """A kind of problem: what it means and what the person who meets it can do."""

    code: str
    status: int
    title: str
    explanation: str
    remedy: str

    @property
    def path(self) -> str:
        """Where its page is served; also its identity (``type`` of RFC 9457)."""
        return f"/problems/{self.code}"


_REQUESTS = (
    ProblemType(
        "bad-request",
        400,
        "The request can't be understood",
        "Something about the request itself is broken: its address, its headers, or the way it was sent.",
        "See the detail for what is broken, and send the request again.",
    ),
    ProblemType(
        "malformed-json",
        400,
        "The body is not JSON",
        "The body could not be read as one JSON value in UTF-8, or its values are nested too deep.",
        "Send one JSON value, encoded in UTF-8.",
    ),
    ProblemType(
        "invalid-value",
        400,
        "A value is wrong",
        "The body is JSON, but a field is missing, unknown, of the wrong type, or out of its range.",
        "The list 'errors' names each wrong field and what it should be.",
    ),
    ProblemType(
        "invalid-parameter",
        400,
        "A parameter is wrong",
        "A parameter of the query, or a header, is missing, of the wrong type, or out of its range.",
        "The list 'errors' names each wrong parameter and what it should be.",
    ),
    ProblemType(
        "invalid-cursor",
        400,
        "This cursor does not belong here",
        "A cursor is valid for the list and the filters it came with, and only as it was given.",
        "Ask for the first page, without a cursor, and follow 'next_cursor' from there.",
    ),
    ProblemType(
        "invalid-if-match",
        400,
        "If-Match can't be read",
        "The header If-Match holds '*' or entity tags in double quotes (RFC 9110).",
        'Send the ETag of an earlier answer as it was, quotes included: If-Match: "7".',
    ),
    ProblemType(
        "invalid-idempotency-key",
        400,
        "The Idempotency-Key can't be used",
        "An Idempotency-Key is 1 to 255 printable ASCII characters.",
        "Use a random UUID for each thing you want done.",
    ),
    ProblemType(
        "unauthorized",
        401,
        "A valid API key is needed",
        "The request has no API key, or one that is malformed, unknown, expired or revoked.",
        "Send 'Authorization: Bearer pk_live_…' with a key of your workspace.",
    ),
    ProblemType(
        "missing-scope",
        403,
        "The API key may not do this",
        "The key is valid but was not given the scope this needs; 'scope' names it.",
        "Use a key that has the scope, or have one made by somebody who has it.",
    ),
    ProblemType(
        "not-found",
        404,
        "There is nothing here",
        "Nothing of your workspace has this address. What belongs to another workspace is answered the same way.",
        "Check the address and the id, and that the key belongs to the right workspace.",
    ),
    ProblemType(
        "method-not-allowed",
        405,
        "This method is not possible here",
        "The address exists, but not for this method; the header Allow lists those that work.",
        "Use one of the methods in the header Allow.",
    ),
    ProblemType(
        "version-mismatch",
        412,
        "Somebody else was faster",
        "The thing has changed since the version named in If-Match; nothing was done.",
        "Read it again, look at what changed, and repeat the request with its new ETag.",
    ),
    ProblemType(
        "body-too-large",
        413,
        "The body is too large",
        "The body is larger than this address accepts; nothing of it was used.",
        "Send less at once; for many leads use the import.",
    ),
    ProblemType(
        "unsupported-media-type",
        415,
        "The body has a type this address does not read",
        "The header Content-Type names a format that is not accepted here.",
        "Send application/json; an import takes text/csv or application/x-ndjson.",
    ),
    ProblemType(
        "idempotency-in-progress",
        409,
        "The first request is still running",
        "A request with the same Idempotency-Key has not been answered yet.",
        "Wait as long as Retry-After says and repeat the very same request: it gets the answer of the first.",
    ),
    ProblemType(
        "idempotency-key-reused",
        422,
        "The Idempotency-Key was used for something else",
        "An earlier request to this address had the same Idempotency-Key and another body.",
        "Use a new key for a new request; repeat a key only with the very same request.",
    ),
    ProblemType(
        "rate-limited",
        429,
        "Too many requests",
        "The API key has used up its requests for the moment.",
        "Wait as many seconds as Retry-After says.",
    ),
    ProblemType(
        "internal-error",
        500,
        "Something went wrong on our side",
        "The service met something it was not prepared for. What was asked may or may not have been done.",
        "Repeat the request with the same Idempotency-Key. If it stays, report the request_id.",
    ),
    ProblemType(
        "service-unavailable",
        503,
        "The service can't work at the moment",
        "Something the service needs, most likely its database, does not answer.",
        "Repeat the request later, with the same Idempotency-Key.",
    ),
    ProblemType(
        "not-ready",
        503,
        "The service is not ready",
        "At least one of the things the service needs is missing or behind; 'checks' says which.",
        "Look at the failing checks; the service becomes ready by itself once they pass.",
    ),
)

_CAMPAIGNS = (
    ProblemType(
        "name-taken",
        409,
        "There is one of this name already",
        "The campaigns of a workspace have different names.",
        "Choose another name, or rename the other one.",
    ),
    ProblemType(
        "lead-exists",
        409,
        "The campaign has this lead already",
        "A person is one lead of a campaign at most; the edit would have made two leads the same person.",
        "Remove one of the two leads, or correct the address.",
    ),
    ProblemType(
        "import-interrupted",
        400,
        "The campaign was launched during the import",
        "Leads join a draft only. The rows before the launch were imported and are part of it, the others were not.",
        "Put the remaining rows into another campaign; rows sent twice are counted as duplicates, never added twice.",
    ),
    ProblemType(
        "import-too-long",
        413,
        "The file has too many rows",
        "A file of leads has at most 1,000,000 rows. The rows before were imported.",
        "Send the remaining rows in another file.",
    ),
    ProblemType(
        "field-not-editable",
        400,
        "A field can't be changed in this status",
        "Some fields of a campaign are fixed once it is launched; nothing of the request was applied.",
        "The list 'errors' names the fields; leave them out, or change them while the campaign is a draft.",
    ),
    ProblemType(
        "campaign-not-draft",
        400,
        "Only a draft allows this",
        "The campaign has been launched, or has ended.",
        "Make a new campaign; this one keeps its history.",
    ),
    ProblemType(
        "campaign-not-launching",
        400,
        "The campaign is not being launched",
        "This belongs to a launch in progress, and there is none.",
        "Read the campaign to see where it stands.",
    ),
    ProblemType(
        "campaign-not-active",
        400,
        "The campaign is not active",
        "This is possible only while the campaign is active.",
        "Launch it, or resume it, first.",
    ),
    ProblemType(
        "campaign-not-paused",
        400,
        "The campaign is not paused",
        "Only a paused campaign can be resumed.",
        "Read the campaign to see where it stands.",
    ),
    ProblemType(
        "campaign-not-running",
        400,
        "The campaign is not running",
        "Only an active or paused campaign can be stopped.",
        "A draft is deleted or archived instead; one that has ended needs nothing.",
    ),
    ProblemType(
        "campaign-not-ended",
        400,
        "The campaign is still running",
        "Only a draft, a completed or a stopped campaign can be archived.",
        "Stop it first, or wait until it is completed.",
    ),
    ProblemType(
        "node-not-found",
        404,
        "The sequence has no such node",
        "No node of this campaign's sequence has the id.",
        "Read the campaign; 'sequence_nodes' lists them.",
    ),
    ProblemType(
        "lead-is-terminal",
        400,
        "This lead is done",
        "Nothing more happens to a lead that has replied, bounced, completed or was otherwise ended.",
        "Nothing needs to be done.",
    ),
    ProblemType(
        "send-in-flight",
        409,
        "A message to this lead is on its way",
        "A send was handed to the provider and its outcome is not known yet.",
        "Wait until it is.",
    ),
    ProblemType(
        "step-already-sent",
        409,
        "This step was already sent",
        "A lead gets each step of a sequence at most once.",
        "Nothing needs to be done.",
    ),
    ProblemType(
        "no-such-send",
        404,
        "There is no such send",
        "The lead has no send with this id.",
        "Read the lead's history for the sends it has.",
    ),
)

_LAUNCH = (
    ProblemType(
        "no-sender-accounts",
        400,
        "The campaign has no sender account",
        "A campaign needs at least one sender account to send from.",
        "Assign one with 'sender_account_ids'.",
    ),
    ProblemType(
        "no-pending-leads",
        400,
        "The campaign has no pending lead",
        "There is nobody to send to.",
        "Add or import leads.",
    ),
    ProblemType(
        "no-sendable-nodes",
        400,
        "The sequence sends nothing",
        "No node of the sequence is one that sends.",
        "Insert a node that sends: an e-mail, a connection request, a message.",
    ),
    ProblemType(
        "missing-content",
        400,
        "A node has no content",
        "Nodes that send lack the subject or body they need; 'positions' lists them.",
        "Write their texts.",
    ),
    ProblemType(
        "sender-not-active",
        400,
        "A sender is not ready to send",
        "A sender account of the campaign is not active: its warm-up is incomplete, or its verification failed.",
        "Finish its warm-up and verify it, or take it off the campaign.",
    ),
    ProblemType(
        "sender-inbox-missing",
        400,
        "A sender has no inbox",
        "An e-mail sender account of the campaign has no configured inbox.",
        "Configure its inbox, or take it off the campaign.",
    ),
    ProblemType(
        "sender-exists",
        409,
        "There is a sender account for this address",
        "Each address is connected by one sender account of a workspace.",
        "Use the account there is, or remove it first.",
    ),
    ProblemType(
        "sender-in-use",
        409,
        "A campaign is sending through this account",
        "The sender account belongs to a campaign that is launching, active or paused; 'campaigns' names them.",
        "Stop those campaigns, or let them end, and remove the account then.",
    ),
    ProblemType(
        "sender-changed",
        409,
        "The sender changed at the same moment",
        "Another request changed the sender account while this one was being worked on; nothing of this one was done.",
        "Read the sender again and repeat the request if it is still wanted.",
    ),
    ProblemType(
        "linkedin-account-gone",
        400,
        "A LinkedIn account must be reconnected",
        "LinkedIn's provider no longer knows a sender account of the campaign.",
        "Reconnect the account and launch again.",
    ),
    ProblemType(
        "unresolved-variable",
        400,
        "A variable has no value",
        "A text uses a variable that has neither a value for this lead nor a fallback.",
        "Give the lead the value, or write a fallback: {{company|your company}}.",
    ),
    ProblemType(
        "all-leads-skipped",
        400,
        "Every lead was left out",
        "Each pending lead was skipped (suppressed, in another campaign, or without a needed value).",
        "Look at the reasons, add leads, or give variables a fallback.",
    ),
    ProblemType(
        "launch-in-progress",
        409,
        "A launch is already in progress",
        "Somebody launched this campaign a moment ago, and the launch is being prepared.",
        "Wait until the campaign is active; the member 'retry_after' says when to look again.",
    ),
    ProblemType(
        "campaign-changed",
        409,
        "The campaign changed at the same moment",
        "Another request changed the campaign while this one was being worked on; nothing of this one was done.",
        "Read the campaign again and repeat the request if it is still wanted.",
    ),
    ProblemType(
        "epoch-superseded",
        409,
        "This launch attempt is over",
        "A newer launch, or the rollback of this one, has taken its place; nothing of the old one is written.",
        "Read the campaign to see where it stands.",
    ),
    ProblemType(
        "launch-rolled-back",
        500,
        "The launch failed and was undone",
        "Preparing the messages or handing them to the workers failed. The campaign is a draft again.",
        "Launch again; nothing was sent.",
    ),
    ProblemType(
        "linkedin-unavailable",
        503,
        "LinkedIn can't be reached",
        "The sender accounts could not be verified at the moment; the campaign is as it was.",
        "Launch again after the seconds Retry-After says.",
    ),
    ProblemType(
        "insufficient-credits",
        402,
        "The balance is too low",
        "This costs more credits than the workspace has; nothing was done and nothing charged.",
        "Have credits granted, or ask for less.",
    ),
)

PROBLEMS: Final[Mapping[str, ProblemType]] = {p.code: p for p in (*_REQUESTS, *_CAMPAIGNS, *_LAUNCH)}

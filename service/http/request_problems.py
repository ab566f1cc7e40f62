"""What can be wrong with any request, whatever it is about."""

from __future__ import annotations

from typing import Final

from service.http.problem_type import ProblemType

REQUEST_PROBLEMS: Final = (
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
        "webhook-not-authentic",
        401,
        "The webhook is not authentic",
        "Events of providers are taken only with the secret that the operator of the service set, or signed with it.",
        "Let the LinkedIn provider send LIFTOFF_LINKEDIN_WEBHOOK_SECRET in the header Unipile-Auth; let a mail "
        "provider sign with LIFTOFF_INBOUND_WEBHOOK_SECRET as Standard Webhooks says, and send at once.",
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
        retry_after=5,
    ),
    ProblemType(
        "not-ready",
        503,
        "The service is not ready",
        "At least one of the things the service needs is missing or behind; 'checks' says which.",
        "Look at the failing checks; the service becomes ready by itself once they pass.",
    ),
)

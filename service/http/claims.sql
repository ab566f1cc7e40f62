-- name: claim-request(workspace_id, request, claim_id, claimed_until, expires_at, now)$
-- Answers the claim's id if the request is ours to run: it is new, its day is over, or the process that ran it has died.
INSERT INTO idempotent_requests AS held (workspace_id, request, claim_id, claimed_until, expires_at)
VALUES (:workspace_id, :request, :claim_id, :claimed_until, :expires_at)
ON CONFLICT (workspace_id, request) DO UPDATE
SET claim_id = excluded.claim_id, claimed_until = excluded.claimed_until, expires_at = excluded.expires_at,
    fingerprint = NULL, answer = NULL
WHERE held.expires_at <= :now OR (held.answer IS NULL AND held.claimed_until <= :now)
RETURNING claim_id;

-- name: find-answer(workspace_id, request)^
-- Both are null while the first request is running.
SELECT fingerprint, answer FROM idempotent_requests
WHERE workspace_id = :workspace_id AND request = :request;

-- name: keep-answer(workspace_id, request, claim_id, fingerprint, answer)!
-- Only by the holder of the claim: one that was taken over keeps its answer to itself.
UPDATE idempotent_requests SET fingerprint = :fingerprint, answer = :answer
WHERE workspace_id = :workspace_id AND request = :request AND claim_id = :claim_id;

-- name: release-claim(workspace_id, request, claim_id)!
DELETE FROM idempotent_requests
WHERE workspace_id = :workspace_id AND request = :request AND claim_id = :claim_id AND answer IS NULL;

-- name: renew-claims(workspaces, requests, claims, claimed_until)!
UPDATE idempotent_requests AS held SET claimed_until = :claimed_until
FROM unnest(:workspaces::uuid[], :requests::bytea[], :claims::uuid[]) AS mine (workspace_id, request, claim_id)
WHERE held.workspace_id = mine.workspace_id AND held.request = mine.request AND held.claim_id = mine.claim_id
  AND held.answer IS NULL;

-- name: answers-after(workspace_id, request, at_most)
-- The next answers of the workspace, in the order of their requests.
SELECT request, answer FROM idempotent_requests
WHERE workspace_id = :workspace_id AND request > :request AND answer IS NOT NULL
ORDER BY request
LIMIT :at_most;

-- name: forget(workspace_id, requests)!
DELETE FROM idempotent_requests
WHERE workspace_id = :workspace_id AND request = ANY (:requests::bytea[]) AND answer IS NOT NULL;

-- name: forget-expired(now)!
-- By way of the workspaces, each of which has its own index range.
DELETE FROM idempotent_requests AS held USING workspaces AS w
WHERE held.workspace_id = w.workspace_id AND held.expires_at <= :now;

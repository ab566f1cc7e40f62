-- Erasing a person: what the tables beside the vault say of them.

-- name: hold_leads(workspace_id, person_id)
-- The person's leads, in every campaign; locked, and no longer said to have any data.
UPDATE roster SET fields = '{}' WHERE workspace_id = :workspace_id AND person_id = :person_id
RETURNING lead_id;

-- name: tally(workspace_id, person_id, document_ids)^
-- Of the documents that are gone: how many were the data of leads, and how many were drafts of messages.
SELECT
    count(*) FILTER (WHERE document_id = ANY (:document_ids::uuid[])) AS leads,
    coalesce(sum((
        SELECT count(*) FROM message_drafts AS m
        WHERE m.workspace_id = r.workspace_id AND m.campaign_id = r.campaign_id AND m.lead_id = r.lead_id
          AND m.document_id = ANY (:document_ids::uuid[])
    )), 0)::bigint AS drafts
FROM roster AS r
WHERE workspace_id = :workspace_id AND person_id = :person_id;

-- Reading leads from their read model.

-- name: page(workspace_id, campaign_id, skip, at_most)
SELECT * FROM leads
WHERE workspace_id = :workspace_id AND campaign_id = :campaign_id
ORDER BY ordinal
OFFSET :skip LIMIT :at_most;

-- name: page_by_status(workspace_id, campaign_id, status, skip, at_most)
SELECT * FROM leads
WHERE workspace_id = :workspace_id AND campaign_id = :campaign_id AND status = :status
ORDER BY ordinal
OFFSET :skip LIMIT :at_most;

-- name: one(workspace_id, campaign_id, lead_id)^
-- A lead of the campaign. IS TRUE: found by itself, not among all of the campaign.
SELECT * FROM leads
WHERE workspace_id = :workspace_id AND lead_id = :lead_id AND (campaign_id = :campaign_id) IS TRUE;

-- name: total(workspace_id, campaign_id, status)$
-- How many there are, of one status or (null) of all.
SELECT coalesce(sum(n), 0)::bigint FROM campaign_counts
WHERE workspace_id = :workspace_id AND campaign_id = :campaign_id AND kind = 'status'
  AND (:status::text IS NULL OR key = :status);

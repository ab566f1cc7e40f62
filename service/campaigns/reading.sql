-- Campaigns as clients read them, from the read models.

-- name: written_up_to(workspace_id)$
-- The position of the last event of the workspace's campaigns and rosters: all that a client may have written there. Two
-- looks, each at a range of the key; one with OR would read the streams of all leads.
SELECT coalesce(greatest(
    (SELECT max(last_position) FROM streams WHERE workspace_id = :workspace_id AND stream LIKE 'campaign-%'),
    (SELECT max(last_position) FROM streams WHERE workspace_id = :workspace_id AND stream LIKE 'roster-%')
), 0);

-- name: page(workspace_id, prominence, campaign_id, at_most)
-- Those behind a place of the list.
SELECT prominence, state FROM campaigns
WHERE workspace_id = :workspace_id AND NOT deleted AND (prominence, campaign_id) < (:prominence, :campaign_id)
ORDER BY prominence DESC, campaign_id DESC
LIMIT :at_most;

-- name: page_of_status(workspace_id, status, campaign_id, at_most)
SELECT prominence, state FROM campaigns
WHERE workspace_id = :workspace_id AND status = :status AND NOT deleted AND campaign_id < :campaign_id
ORDER BY campaign_id DESC
LIMIT :at_most;

-- name: counts(workspace_id, campaign_ids)
SELECT campaign_id, kind, key, n FROM campaign_counts
WHERE workspace_id = :workspace_id AND campaign_id = ANY (:campaign_ids);

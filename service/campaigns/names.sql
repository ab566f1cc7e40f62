-- The names of campaigns: each belongs to one campaign of its workspace.

-- name: lock_names(workspace_id)!
-- Two campaigns that swap their names would wait for each other; so those who claim names take turns.
SELECT pg_advisory_xact_lock(hashtextextended('campaign names ' || :workspace_id::uuid::text, 0));

-- name: claim_name(workspace_id, campaign_id, name_digest)$
-- The campaign's name from now on; answers nothing when another campaign has it.
INSERT INTO campaign_names (workspace_id, campaign_id, name_digest)
SELECT :workspace_id, :campaign_id, :name_digest
WHERE NOT EXISTS (
    SELECT FROM campaign_names AS taken
    WHERE taken.workspace_id = :workspace_id
      AND taken.name_digest = :name_digest
      AND taken.campaign_id <> :campaign_id
)
ON CONFLICT (workspace_id, campaign_id) DO UPDATE SET name_digest = excluded.name_digest
RETURNING true;

-- name: release_name(workspace_id, campaign_id)!
DELETE FROM campaign_names WHERE workspace_id = :workspace_id AND campaign_id = :campaign_id;

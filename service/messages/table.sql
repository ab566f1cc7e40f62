-- The message drafts of campaigns, and the leads they are for.

-- name: leads_after(workspace_id, campaign_id, after, at_most)
-- The next leads of the campaign, in order.
SELECT lead_id, ordinal, person_id, document_id FROM roster
WHERE workspace_id = :workspace_id AND campaign_id = :campaign_id AND ordinal > :after
ORDER BY ordinal
LIMIT :at_most;

-- name: leads_of(workspace_id, campaign_id, lead_ids)
-- Those of the leads that are on the campaign, in order. IS TRUE: found one by one, not among all of the campaign.
SELECT lead_id, ordinal, person_id, document_id FROM roster
WHERE workspace_id = :workspace_id AND lead_id = ANY (:lead_ids) AND (campaign_id = :campaign_id) IS TRUE
ORDER BY ordinal;

-- name: leads_lacking(workspace_id, campaign_id, node_ids, at_most)
-- The first leads without a text of their own for some of the nodes, in order.
SELECT r.lead_id, r.ordinal, r.person_id, r.document_id
FROM roster AS r
LEFT JOIN (
    SELECT lead_id FROM message_drafts
    WHERE workspace_id = :workspace_id AND campaign_id = :campaign_id
      AND node_id = ANY (:node_ids::uuid[]) AND origin <> 'template'
    GROUP BY lead_id
    HAVING count(*) = cardinality(:node_ids::uuid[])
) AS d ON d.lead_id = r.lead_id
WHERE r.workspace_id = :workspace_id AND r.campaign_id = :campaign_id AND d.lead_id IS NULL
ORDER BY r.ordinal
LIMIT :at_most;

-- name: count_lacking(workspace_id, campaign_id, node_ids)$
-- How many leads have no text of their own for some of the nodes.
SELECT count(*) - count(d.lead_id)
FROM roster AS r
LEFT JOIN (
    SELECT lead_id FROM message_drafts
    WHERE workspace_id = :workspace_id AND campaign_id = :campaign_id
      AND node_id = ANY (:node_ids::uuid[]) AND origin <> 'template'
    GROUP BY lead_id
    HAVING count(*) = cardinality(:node_ids::uuid[])
) AS d ON d.lead_id = r.lead_id
WHERE r.workspace_id = :workspace_id AND r.campaign_id = :campaign_id;

-- name: drafts_of(workspace_id, campaign_id, lead_ids)
SELECT lead_id, node_id, document_id, digest, origin FROM message_drafts
WHERE workspace_id = :workspace_id AND campaign_id = :campaign_id AND lead_id = ANY (:lead_ids);

-- name: put(workspace_id, campaign_id, lead_ids, node_ids, document_ids, digests, origins)!
-- Each draft in the place of the one before it; in one order for everybody.
INSERT INTO message_drafts AS d (workspace_id, campaign_id, lead_id, node_id, document_id, digest, origin)
SELECT :workspace_id, :campaign_id, n.lead_id, n.node_id, n.document_id, n.digest, n.origin
FROM unnest(:lead_ids::uuid[], :node_ids::uuid[], :document_ids::uuid[], :digests::text[], :origins::text[])
    AS n (lead_id, node_id, document_id, digest, origin)
ORDER BY n.lead_id, n.node_id
ON CONFLICT (workspace_id, campaign_id, lead_id, node_id) DO UPDATE
SET document_id = excluded.document_id, digest = excluded.digest, origin = excluded.origin;

-- name: drop(workspace_id, campaign_id, lead_ids)
-- All drafts of the leads; answers whose they were.
DELETE FROM message_drafts
WHERE workspace_id = :workspace_id AND campaign_id = :campaign_id AND lead_id = ANY (:lead_ids)
RETURNING lead_id;

-- name: page(workspace_id, campaign_id, node_ids, lead_id, after_lead, after_position, at_most)
-- Drafts of the nodes, lead by lead, each lead's in the order of `node_ids`; of one lead or (null) of all, behind a place.
SELECT lead_id, node_id, document_id, origin, array_position(:node_ids::uuid[], node_id) AS position
FROM message_drafts
WHERE workspace_id = :workspace_id AND campaign_id = :campaign_id
  AND node_id = ANY (:node_ids::uuid[])
  AND (:lead_id::uuid IS NULL OR lead_id = :lead_id::uuid)
  AND lead_id >= :after_lead
  AND (lead_id, array_position(:node_ids::uuid[], node_id)) > (:after_lead, :after_position::integer)
ORDER BY lead_id, position
LIMIT :at_most;

-- name: promoted(workspaces, campaigns, leads)
-- The drafts that leads are sent in place of templates. One look into the index for each lead, whatever the planner thinks.
SELECT d.lead_id, d.node_id, d.document_id
FROM unnest(:workspaces::uuid[], :campaigns::uuid[], :leads::uuid[]) AS a (workspace_id, campaign_id, lead_id)
CROSS JOIN LATERAL (
    SELECT m.lead_id, m.node_id, m.document_id FROM message_drafts AS m
    WHERE m.workspace_id = a.workspace_id AND m.campaign_id = a.campaign_id AND m.lead_id = a.lead_id
      AND m.origin <> 'template'
    OFFSET 0
) AS d;

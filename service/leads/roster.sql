-- The roster: which person is which lead of a campaign.

-- name: present(workspace_id, campaign_id, person_ids)
-- Those of the people who are on the campaign already, or were erased and join none any more. Each is looked up by itself
-- (OFFSET 0 and IS TRUE keep it so): the planner, who knows nothing yet of a roster that is being filled, would else read
-- the whole campaign for every part of an import, or for every person.
SELECT p.person_id FROM unnest(:person_ids::uuid[]) AS p (person_id)
WHERE EXISTS (
    SELECT FROM roster AS r
    WHERE r.workspace_id = :workspace_id AND r.person_id = p.person_id AND (r.campaign_id = :campaign_id) IS TRUE
    OFFSET 0
) OR EXISTS (
    SELECT FROM dispatch_suppressed AS s
    WHERE s.workspace_id = :workspace_id AND s.person_id = p.person_id AND s.reason = 'erased'
    OFFSET 0
);

-- name: leads_of(workspace_id, campaign_id, lead_ids)
-- Those of the leads that are on the campaign, locked. IS TRUE keeps the planner from finding them by their campaign, all
-- of which it would read.
SELECT lead_id, person_id, document_id, ordinal FROM roster
WHERE workspace_id = :workspace_id AND lead_id = ANY (:lead_ids) AND (campaign_id = :campaign_id) IS TRUE
ORDER BY lead_id
FOR UPDATE;

-- name: first_leads(workspace_id, campaign_id, at_most)
-- Some leads of the campaign, in order, locked.
SELECT lead_id FROM roster
WHERE workspace_id = :workspace_id AND campaign_id = :campaign_id
ORDER BY ordinal
LIMIT :at_most
FOR UPDATE;

-- name: remove(workspace_id, lead_ids)!
DELETE FROM roster WHERE workspace_id = :workspace_id AND lead_id = ANY (:lead_ids);

-- name: correct(workspace_id, lead_id, person_id, document_id, fields)!
UPDATE roster SET person_id = :person_id, document_id = :document_id, fields = :fields
WHERE workspace_id = :workspace_id AND lead_id = :lead_id;

-- name: campaign_of(workspace_id, lead_id)$
SELECT campaign_id FROM roster WHERE workspace_id = :workspace_id AND lead_id = :lead_id;

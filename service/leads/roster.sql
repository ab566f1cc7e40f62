-- The roster: which person is which lead of a campaign.

-- name: present(workspace_id, campaign_id, person_ids)
-- Those of the people who are on the campaign already, or were erased and join none any more.
SELECT person_id FROM roster
WHERE workspace_id = :workspace_id AND campaign_id = :campaign_id AND person_id = ANY (:person_ids)
UNION
SELECT person_id FROM dispatch_suppressed
WHERE workspace_id = :workspace_id AND person_id = ANY (:person_ids) AND reason = 'erased';

-- name: leads_of(workspace_id, campaign_id, lead_ids)
-- Those of the leads that are on the campaign, locked.
SELECT lead_id, person_id, document_id, ordinal FROM roster
WHERE workspace_id = :workspace_id AND campaign_id = :campaign_id AND lead_id = ANY (:lead_ids)
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

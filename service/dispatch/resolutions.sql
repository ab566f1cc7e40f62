-- Resolutions: what a send needs to go on that a person has settled.

-- name: of_roster(workspace_id, campaign_id, lead_id)^
-- Who the lead of the campaign is. IS TRUE: found by itself, not among all of the campaign.
SELECT person_id, document_id FROM roster
WHERE workspace_id = :workspace_id AND lead_id = :lead_id AND (campaign_id = :campaign_id) IS TRUE;

-- The suppression list, from its read model.

-- name: page(workspace_id, reason, channel, since, person_id, at_most)
-- Those behind a place of the list, of one reason or channel or (null) of all.
SELECT person_id, channel, reason, since, document_id FROM suppressions
WHERE workspace_id = :workspace_id
  AND (:reason::text IS NULL OR reason = :reason)
  AND (:channel::text IS NULL OR channel = :channel)
  AND (since, person_id) < (:since, :person_id)
ORDER BY since DESC, person_id DESC
LIMIT :at_most;

-- name: lead_documents(workspace_id, person_ids)
-- For each of the people the document of their latest lead.
SELECT DISTINCT ON (person_id) person_id, document_id FROM roster
WHERE workspace_id = :workspace_id AND person_id = ANY (:person_ids::uuid[])
ORDER BY person_id, lead_id DESC;

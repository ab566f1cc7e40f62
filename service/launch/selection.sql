-- Who is launched, and who is left out.

-- name: lock_selection(workspace_id)!
-- Two launches that look at each other's leads take turns, else both could take the same person.
SELECT pg_advisory_xact_lock(hashtextextended('launch selection ' || :workspace_id::uuid::text, 0));

-- name: left_out(workspace_id, campaign_id, leads, asking, variables, prompts, skip_other, in_operation)
-- The leads to leave out, in order, each with the first rule that applies. The nodes `asking` need the `variables` at the
-- same places and have no fallback for them; `fields` names what is known of a lead. Who has words of their own for a node
-- needs none of its variables; for the nodes `prompts` there is nothing else that could be sent. The campaign has as many
-- `leads`. Who is busy elsewhere is looked up for each of these, or found among all leads of the campaigns in operation,
-- whichever are fewer: neither a small launch beside large campaigns reads those, nor a large one beside small. OFFSET 0:
-- rows are looked up by keys one by one, however little the planner knows.
WITH in_operation AS MATERIALIZED (
    SELECT campaign_id, status FROM dispatch_campaigns
    WHERE :skip_other
      AND workspace_id = :workspace_id
      AND campaign_id <> :campaign_id
      AND status = ANY (:in_operation::text[])
), fewer AS MATERIALIZED (
    SELECT count(*) < :leads AS are_in_operation
    FROM (
        SELECT FROM in_operation AS c
        CROSS JOIN LATERAL (
            SELECT FROM roster WHERE workspace_id = :workspace_id AND campaign_id = c.campaign_id OFFSET 0
        ) AS r
        LIMIT :leads
    ) AS counted
), elsewhere AS MATERIALIZED (
    SELECT DISTINCT ON (o.person_id) o.person_id, o.campaign_id
    FROM (
        SELECT r.person_id, r.lead_id, c.campaign_id, c.status
        FROM in_operation AS c
        CROSS JOIN LATERAL (
            SELECT person_id, lead_id FROM roster
            WHERE workspace_id = :workspace_id AND campaign_id = c.campaign_id AND skipped IS NULL
            OFFSET 0
        ) AS r
        WHERE (SELECT are_in_operation FROM fewer)
        UNION ALL
        SELECT own.person_id, r.lead_id, r.campaign_id, c.status
        FROM (
            SELECT person_id FROM roster
            WHERE workspace_id = :workspace_id AND campaign_id = :campaign_id
            OFFSET 0
        ) AS own
        CROSS JOIN LATERAL (
            SELECT lead_id, campaign_id FROM roster
            WHERE workspace_id = :workspace_id AND person_id = own.person_id
              AND campaign_id <> :campaign_id AND skipped IS NULL
            OFFSET 0
        ) AS r
        CROSS JOIN LATERAL (
            SELECT status FROM dispatch_campaigns
            WHERE :skip_other AND workspace_id = :workspace_id AND campaign_id = r.campaign_id
              AND status = ANY (:in_operation::text[])
            OFFSET 0
        ) AS c
        WHERE NOT (SELECT are_in_operation FROM fewer)
    ) AS o
    LEFT JOIN LATERAL (
        SELECT true AS anything FROM dispatch_due
        WHERE workspace_id = :workspace_id AND lead_id = o.lead_id
        OFFSET 0
    ) AS due ON true
    WHERE o.status = 'launching' OR due.anything
    ORDER BY o.person_id, o.campaign_id
), asked AS MATERIALIZED (
    -- A FULL JOIN is hashed or merged, never a loop in a loop, however little the planner knows of tables just filled.
    SELECT
        o.lead_id, o.ordinal, o.person_id,
        CASE WHEN NOT o.fields @> :variables::text[] THEN (
            SELECT n.variable FROM unnest(:asking::uuid[], :variables::text[]) AS n (node_id, variable)
            WHERE n.variable <> ALL (o.fields) AND n.node_id <> ALL (coalesce(d.node_ids, '{}'))
            ORDER BY n.variable
            LIMIT 1
        ) END AS variable,
        NOT coalesce(d.node_ids, '{}') @> :prompts::uuid[] AS lacks_draft
    FROM (
        SELECT lead_id, ordinal, person_id, fields FROM roster
        WHERE workspace_id = :workspace_id AND campaign_id = :campaign_id
    ) AS o
    FULL JOIN (
        SELECT lead_id, array_agg(node_id) AS node_ids FROM message_drafts
        WHERE workspace_id = :workspace_id AND campaign_id = :campaign_id AND origin <> 'template'
        GROUP BY lead_id
    ) AS d ON d.lead_id = o.lead_id
)
SELECT
    r.lead_id,
    CASE
        WHEN s.person_id IS NOT NULL THEN 'suppressed'
        WHEN e.person_id IS NOT NULL THEN 'active-in-other-campaign'
        WHEN r.variable IS NOT NULL THEN 'unresolved-variable'
        ELSE 'missing-draft'
    END AS reason,
    s.reason AS suppression,
    s.since,
    CASE WHEN s.person_id IS NULL THEN e.campaign_id END AS other_campaign,
    CASE WHEN s.person_id IS NULL AND e.person_id IS NULL THEN r.variable END AS variable
FROM asked AS r
LEFT JOIN suppressions AS s ON s.workspace_id = :workspace_id AND s.person_id = r.person_id
LEFT JOIN elsewhere AS e ON e.person_id = r.person_id
WHERE r.lead_id IS NOT NULL
  AND (s.person_id IS NOT NULL OR e.person_id IS NOT NULL OR r.variable IS NOT NULL OR r.lacks_draft)
ORDER BY r.ordinal;

-- name: leads_digest(workspace_id, campaign_id, left_out)$
-- SHA-256 of the leads that are launched, 48 bytes each, in order of ordinal: `leads_digest` of the domain, where the
-- rows are. They are not locked: whoever changes them also moves the campaign's stream, and then the launch is refused.
SELECT encode(sha256(coalesce(
    string_agg(uuid_send(r.lead_id) || uuid_send(r.person_id) || uuid_send(r.document_id), ''::bytea ORDER BY r.ordinal),
    ''
)), 'hex')
FROM roster AS r
WHERE r.workspace_id = :workspace_id
  AND r.campaign_id = :campaign_id
  AND NOT EXISTS (SELECT FROM unnest(:left_out::uuid[]) AS l (lead_id) WHERE l.lead_id = r.lead_id);

-- name: leave_out(workspace_id, lead_ids, epoch)!
UPDATE roster SET skipped = :epoch WHERE workspace_id = :workspace_id AND lead_id = ANY (:lead_ids);

-- name: to_enrol(workspace_id, campaign_id, after, at_most)
-- The next leads to enrol, in order.
SELECT lead_id, ordinal, person_id, document_id FROM roster
WHERE workspace_id = :workspace_id AND campaign_id = :campaign_id AND ordinal > :after AND skipped IS NULL
ORDER BY ordinal
LIMIT :at_most;

-- name: documents_of(workspace_id, lead_ids)
SELECT lead_id, document_id FROM roster WHERE workspace_id = :workspace_id AND lead_id = ANY (:lead_ids);

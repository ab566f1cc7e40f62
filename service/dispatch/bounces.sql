-- What became of a campaign's sends, by the hour, for the bounce guard.

-- name: count(workspace_ids, campaign_ids, hour, sent, bounced)!
-- Outcomes of this hour, in one order of campaigns: two recordings never wait for each other in a circle.
INSERT INTO dispatch_tallies AS known (workspace_id, campaign_id, hour, sent, bounced)
SELECT t.workspace_id, t.campaign_id, :hour, t.sent, t.bounced
FROM unnest(:workspace_ids::uuid[], :campaign_ids::uuid[], :sent::integer[], :bounced::integer[])
     AS t (workspace_id, campaign_id, sent, bounced)
ORDER BY t.workspace_id, t.campaign_id
ON CONFLICT (workspace_id, campaign_id, hour) DO UPDATE SET
    sent = known.sent + excluded.sent,
    bounced = known.bounced + excluded.bounced;

-- name: begin_anew(workspace_id, campaign_id)!
-- The campaign is resumed: what came before has had its effect.
DELETE FROM dispatch_tallies WHERE workspace_id = :workspace_id AND campaign_id = :campaign_id;

-- name: tally(workspace_id, campaign_id, since)^
SELECT coalesce(sum(sent), 0)::bigint AS sent, coalesce(sum(bounced), 0)::bigint AS bounced
FROM dispatch_tallies
WHERE workspace_id = :workspace_id AND campaign_id = :campaign_id AND hour >= :since;

-- name: suspects(since, least_sent)
-- Active campaigns that have bounces, and sends enough to judge by. Over all workspaces.
SELECT c.workspace_id, c.campaign_id FROM dispatch_campaigns AS c
JOIN dispatch_tallies AS t ON t.workspace_id = c.workspace_id AND t.campaign_id = c.campaign_id
WHERE c.status = 'active' AND t.hour >= :since
GROUP BY c.workspace_id, c.campaign_id
HAVING sum(t.bounced) > 0 AND sum(t.sent) >= :least_sent;

-- name: forget(before)!
-- Hours that the guard looks back to no more.
DELETE FROM dispatch_tallies WHERE hour < :before;

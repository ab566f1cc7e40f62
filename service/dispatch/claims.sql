-- Claiming: taking due leads for sending, within every limit, in one transaction with their intents.

-- name: begin_generation(shard)$
-- A link of a shard's chain begins: older links of it may claim no more.
INSERT INTO dispatch_shards (shard, generation) VALUES (:shard, 1)
ON CONFLICT (shard) DO UPDATE SET generation = dispatch_shards.generation + 1
RETURNING generation;

-- name: hold_generation(shard, generation)$
-- Whether this link is still the shard's; its successor waits until this transaction ends.
SELECT true FROM dispatch_shards WHERE shard = :shard AND generation = :generation FOR SHARE;

-- name: free_senders(shard, shards, failures, now)
-- The shard's senders that may send now, have not failed too often in a row and have something due, locked; one that
-- another worker holds is passed over. None in a database that was restored, until that is accepted. LIMIT and OFFSET keep
-- it at one look into the index for each lane: joined, all that is due would be read to find out that something is.
SELECT s.workspace_id, s.sender_id, s.daily_limit, s.day, s.sent_today, s.next_free_at
FROM dispatch_senders AS s
WHERE s.usable
  AND NOT EXISTS (SELECT FROM setbacks WHERE accepted_at IS NULL)
  AND NOT EXISTS (
      SELECT FROM dispatch_failures AS f
      WHERE f.workspace_id = s.workspace_id AND f.sender_id = s.sender_id AND f.in_row >= :failures
  )
  AND mod(s.slot, :shards) = :shard
  AND s.next_free_at <= :now
  AND EXISTS (
      SELECT FROM dispatch_lanes AS l
      JOIN dispatch_campaigns AS c ON c.workspace_id = l.workspace_id AND c.campaign_id = l.campaign_id
      CROSS JOIN unnest(ARRAY['email', 'connection_request', 'message']) AS an (action)
      CROSS JOIN LATERAL (
          SELECT FROM dispatch_due AS due
          WHERE due.workspace_id = l.workspace_id
            AND due.campaign_id = l.campaign_id
            AND due.sender_id = l.sender_id
            AND due.task = an.action
            AND due.worker_id IS NULL
            AND due.due_at <= :now
          LIMIT 1
      ) AS d
      LEFT JOIN dispatch_quotas AS q
        ON q.workspace_id = l.workspace_id AND q.sender_id = l.sender_id AND q.action = an.action
      WHERE l.workspace_id = s.workspace_id
        AND l.sender_id = s.sender_id
        AND l.next_free_at <= :now
        AND c.status = 'active'
        AND c.next_free_at <= :now
        AND (q.next_free_at <= :now) IS NOT FALSE
      OFFSET 0
  )
ORDER BY s.next_free_at
LIMIT 200
FOR NO KEY UPDATE OF s SKIP LOCKED;

-- name: free_campaigns(workspace_ids, sender_ids, now)
-- The campaigns those senders may send for now. About those that have neither a limit nor hours claims change nothing, so
-- they share the lock, which only makes a pause wait. Against the others a claim counts: those are locked, in order of
-- their ids and after the former, so that two claims never wait for each other.
WITH mine AS MATERIALIZED (
    SELECT l.workspace_id, l.campaign_id
    FROM unnest(:workspace_ids::uuid[], :sender_ids::uuid[]) AS s (workspace_id, sender_id)
    JOIN dispatch_lanes AS l ON l.workspace_id = s.workspace_id AND l.sender_id = s.sender_id
), unbounded AS MATERIALIZED (
    SELECT c.workspace_id, c.campaign_id, c.epoch, c.operating_hours, c.daily_limit, c.day, c.sent_today, c.next_free_at
    FROM dispatch_campaigns AS c
    WHERE c.status = 'active'
      AND c.daily_limit IS NULL
      AND c.operating_hours IS NULL
      AND c.next_free_at <= :now
      AND (c.workspace_id, c.campaign_id) IN (SELECT workspace_id, campaign_id FROM mine)
    FOR SHARE OF c
), bounded AS MATERIALIZED (
    SELECT c.workspace_id, c.campaign_id, c.epoch, c.operating_hours, c.daily_limit, c.day, c.sent_today, c.next_free_at
    FROM dispatch_campaigns AS c
    WHERE c.status = 'active'
      AND (c.daily_limit IS NOT NULL OR c.operating_hours IS NOT NULL)
      AND c.next_free_at <= :now
      AND (c.workspace_id, c.campaign_id) IN (SELECT workspace_id, campaign_id FROM mine)
    ORDER BY c.workspace_id, c.campaign_id
    FOR NO KEY UPDATE OF c
)
SELECT * FROM unbounded
UNION ALL
SELECT * FROM bounded;

-- name: free_lanes(workspace_ids, sender_ids, campaigns_of, campaign_ids, now)
-- The lanes between those senders and those campaigns (`campaigns_of`: whose they are). Who holds the locks on both, or
-- on the campaign to change it, is the only one to change a lane.
SELECT l.workspace_id, l.sender_id, l.campaign_id, l.daily_limit, l.day, l.sent_today, l.next_free_at
FROM unnest(:workspace_ids::uuid[], :sender_ids::uuid[]) AS s (workspace_id, sender_id)
JOIN dispatch_lanes AS l ON l.workspace_id = s.workspace_id AND l.sender_id = s.sender_id
JOIN unnest(:campaigns_of::uuid[], :campaign_ids::uuid[]) AS c (workspace_id, campaign_id)
  ON c.workspace_id = l.workspace_id AND c.campaign_id = l.campaign_id
WHERE l.next_free_at <= :now;

-- name: due_leads(workspace_ids, sender_ids, campaign_ids, actions, at_most, now)
-- The leads due for an action in each lane, `at_most` of each, the longest due first, and of those equally long due the
-- one that was added first (ids are in order of time): a plan made before the launch has to know who is next. One that
-- another worker holds is passed over.
SELECT
    d.workspace_id, d.lead_id, d.campaign_id, d.sender_id, d.person_id, d.document_id, d.node_id, d.due_at, d.task
FROM unnest(
         :workspace_ids::uuid[], :sender_ids::uuid[], :campaign_ids::uuid[], :actions::text[], :at_most::integer[]
     ) AS lane (workspace_id, sender_id, campaign_id, action, at_most)
CROSS JOIN LATERAL (
    SELECT * FROM dispatch_due AS due
    WHERE due.workspace_id = lane.workspace_id
      AND due.campaign_id = lane.campaign_id
      AND due.sender_id = lane.sender_id
      AND due.task = lane.action
      AND due.worker_id IS NULL
      AND due.due_at <= :now
    ORDER BY due.due_at, due.lead_id
    LIMIT lane.at_most
    FOR UPDATE SKIP LOCKED
) AS d
ORDER BY d.due_at, d.lead_id;

-- name: taken(worker_id, send_ids)
-- Which of these sends are in flight with the worker.
SELECT send_id FROM dispatch_due WHERE worker_id = :worker_id AND send_id = ANY(:send_ids::uuid[]);

-- name: settle(worker_id, leads_of, leads, send_ids, senders_of, senders, sender_days, sender_sent, sender_free_ats, campaigns_of, campaigns, campaign_days, campaign_sent, campaign_free_ats, lanes_of, lane_senders, lane_campaigns, lane_days, lane_sent, lane_free_ats)!
-- The leads are in flight with this worker, and what it uses of every limit is written down (`…_of`: the workspaces they
-- belong to). All these rows are locked, or nobody else's to change, by what came before.
WITH taken AS (
    UPDATE dispatch_due AS d SET worker_id = :worker_id, send_id = t.send_id
    FROM unnest(:leads_of::uuid[], :leads::uuid[], :send_ids::uuid[]) AS t (workspace_id, lead_id, send_id)
    WHERE d.workspace_id = t.workspace_id AND d.lead_id = t.lead_id
), charged_senders AS (
    UPDATE dispatch_senders AS s SET day = t.day, sent_today = t.sent, next_free_at = t.free_at
    FROM unnest(
             :senders_of::uuid[], :senders::uuid[], :sender_days::date[], :sender_sent::integer[],
             :sender_free_ats::timestamptz[]
         ) AS t (workspace_id, sender_id, day, sent, free_at)
    WHERE s.workspace_id = t.workspace_id AND s.sender_id = t.sender_id
), charged_campaigns AS (
    UPDATE dispatch_campaigns AS c SET day = t.day, sent_today = t.sent, next_free_at = t.free_at
    FROM unnest(
             :campaigns_of::uuid[], :campaigns::uuid[], :campaign_days::date[], :campaign_sent::integer[],
             :campaign_free_ats::timestamptz[]
         ) AS t (workspace_id, campaign_id, day, sent, free_at)
    WHERE c.workspace_id = t.workspace_id AND c.campaign_id = t.campaign_id
)
UPDATE dispatch_lanes AS l SET day = t.day, sent_today = t.sent, next_free_at = t.free_at
FROM unnest(
         :lanes_of::uuid[], :lane_senders::uuid[], :lane_campaigns::uuid[], :lane_days::date[], :lane_sent::integer[],
         :lane_free_ats::timestamptz[]
     ) AS t (workspace_id, sender_id, campaign_id, day, sent, free_at)
WHERE l.workspace_id = t.workspace_id AND l.sender_id = t.sender_id AND l.campaign_id = t.campaign_id;

-- The index that claims look into says who is next, too: the leads of a campaign are mostly due at one moment, and to find
-- the first of them each claim would sort all of its lane.

DROP INDEX dispatch_due_next;
CREATE INDEX dispatch_due_next ON dispatch_due (workspace_id, campaign_id, sender_id, task, due_at, lead_id)
    WHERE worker_id IS NULL;

-- What is in flight is looked for by worker and by campaign. Each has an index that holds it and nothing else, in the order it
-- is asked in, so that no such look walks through all that is due.

DROP INDEX dispatch_due_in_flight;
CREATE INDEX dispatch_due_in_flight ON dispatch_due (worker_id, workspace_id, lead_id) WHERE worker_id IS NOT NULL;
CREATE INDEX dispatch_due_in_flight_of ON dispatch_due (workspace_id, campaign_id) WHERE worker_id IS NOT NULL;

-- LinkedIn: what is due is not always a mail, some actions have weekly limits, and connections are waited for.

-- What is due: an action (email, connection_request, message), or `trace` (look what became of a send in doubt), or
-- `time_out` (wait for a connection no longer). Claims look for one action at a time, so that what a limit holds back
-- keeps nothing else waiting.
ALTER TABLE dispatch_due ADD COLUMN task text COLLATE "C" NOT NULL DEFAULT 'email';
ALTER TABLE dispatch_due ALTER COLUMN task DROP DEFAULT;
DROP INDEX dispatch_due_next;
CREATE INDEX dispatch_due_next ON dispatch_due (workspace_id, campaign_id, sender_id, task, due_at)
    WHERE worker_id IS NULL;
-- Looked at by the watch, over all workspaces.
CREATE INDEX dispatch_due_watched ON dispatch_due (task, due_at)
    WHERE worker_id IS NULL AND task IN ('trace', 'time_out');

-- The rolling limits of a sender account, one for each action that has one. Nothing is claimed before `next_free_at`.
CREATE TABLE dispatch_quotas (
    workspace_id uuid NOT NULL,
    sender_id uuid NOT NULL,
    action text COLLATE "C" NOT NULL,
    weekly_limit integer NOT NULL,
    next_free_at timestamptz NOT NULL DEFAULT 'epoch',
    PRIMARY KEY (workspace_id, sender_id, action),
    FOREIGN KEY (workspace_id, sender_id) REFERENCES dispatch_senders ON DELETE CASCADE
);

-- What was claimed under such a limit, by the hour; hours that no longer count are forgotten.
CREATE TABLE dispatch_quota_hours (
    workspace_id uuid NOT NULL,
    sender_id uuid NOT NULL,
    action text COLLATE "C" NOT NULL,
    hour timestamptz NOT NULL,
    n integer NOT NULL,
    PRIMARY KEY (workspace_id, sender_id, action, hour)
);

-- When the sender's relations were last looked through for people who accepted an invitation.
ALTER TABLE dispatch_senders ADD COLUMN relations_seen_at timestamptz NOT NULL DEFAULT 'epoch';

-- The read model of the leads knows whose connection was accepted when, and counts what senders did by action.
ALTER TABLE leads ADD COLUMN connected_at timestamptz;
ALTER TABLE sender_usage ADD COLUMN action text COLLATE "C" NOT NULL DEFAULT 'email';
ALTER TABLE sender_usage ALTER COLUMN action DROP DEFAULT;
ALTER TABLE sender_usage DROP CONSTRAINT sender_usage_pkey;
ALTER TABLE sender_usage ADD PRIMARY KEY (workspace_id, sender_id, day, action);

GRANT SELECT, INSERT, UPDATE, DELETE ON dispatch_quotas, dispatch_quota_hours TO liftoff_app;

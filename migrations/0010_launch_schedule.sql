-- Launches that were scheduled, and what a list of suppressed people shows.

-- The launch that a draft waits for; written in the transaction of the event it follows from. A worker that takes it up
-- moves `try_at` on, so that others leave it alone and a launch that could not be decided is tried again; `tried_since`
-- is when that was first done.
CREATE TABLE scheduled_launches (
    workspace_id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    launch_at timestamptz NOT NULL,
    try_at timestamptz NOT NULL,
    tried_since timestamptz,
    PRIMARY KEY (workspace_id, campaign_id)
);
-- Looked at by housekeeping every second, over all workspaces.
CREATE INDEX scheduled_launches_due ON scheduled_launches (try_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON scheduled_launches TO liftoff_app;

-- The second version of the read model is folded anew from the log. Until it is, a program of the version before goes on
-- with the rows there are, hence the defaults.
ALTER TABLE suppressions
    ADD COLUMN channel text NOT NULL DEFAULT 'email',
    ADD COLUMN document_id uuid,
    ADD COLUMN state json NOT NULL DEFAULT '{}';
CREATE INDEX suppressions_list ON suppressions (workspace_id, since, person_id);

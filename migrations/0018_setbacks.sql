-- Setbacks: this database is known to be behind its own past, because it was restored from a backup, or because a
-- checkpoint was published that it does not have. What was sent after that point it can't know, so as long as one of
-- them is not accepted, nothing is claimed for sending.

CREATE TABLE setbacks (
    setback_id      uuid        PRIMARY KEY,
    found_at        timestamptz NOT NULL,
    position        bigint      NOT NULL,       -- of the last event the log had then
    last_event_at   timestamptz,                -- when that was recorded
    serial          bigint      NOT NULL,       -- of the last checkpoint it had made
    backup_taken_at timestamptz,                -- restored from a backup of then; or else:
    workspace_id    uuid,                       -- of this workspace
    size            bigint,                     -- it had sealed so many events,
    published_size  bigint,                     -- but a checkpoint of so many was published:
    published_note  text,                       -- this one
    accepted_at     timestamptz,
    CHECK ((backup_taken_at IS NULL) = (published_note IS NOT NULL)),
    CHECK (num_nulls(workspace_id, size, published_size, published_note) IN (0, 4)),
    UNIQUE (workspace_id, published_note)
);
-- Looked at by every claim.
CREATE INDEX setbacks_unaccepted ON setbacks (found_at) WHERE accepted_at IS NULL;

GRANT SELECT, INSERT, UPDATE (accepted_at) ON setbacks TO liftoff_app;

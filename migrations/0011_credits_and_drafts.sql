-- Credits and message drafts. Everything here follows from the log and is written in the transaction of the event it
-- follows from, because it must be exact at the moment it is asked.

-- Credits that are reserved and not settled. One whose request died is found here by its age.
CREATE TABLE credit_reservations (
    workspace_id uuid NOT NULL,
    reservation_id uuid NOT NULL,
    reserved_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, reservation_id)
);
-- Looked at by housekeeping every second, over all workspaces.
CREATE INDEX credit_reservations_age ON credit_reservations (reserved_at);

-- What each lead of a draft will be sent for a node: the vault's document, the keyed digest of its content, and who wrote
-- it. A draft of a node that is no longer in the sequence stays, and means nothing.
CREATE TABLE message_drafts (
    workspace_id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    lead_id uuid NOT NULL,
    node_id uuid NOT NULL,
    document_id uuid NOT NULL,
    digest text NOT NULL,
    origin text NOT NULL CHECK (origin IN ('template', 'ai', 'manual')),
    PRIMARY KEY (workspace_id, campaign_id, lead_id, node_id)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON credit_reservations, message_drafts TO liftoff_app;

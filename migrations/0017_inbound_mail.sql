-- Answers by e-mail: which send a message is about, which messages were heard, and how far each inbox was read.

-- A mail's Message-ID is made from the id of its send, so an answer or a delivery report finds the lead by it.
CREATE INDEX events_send_intended ON events (workspace_id, (payload ->> 'send_id')) WHERE type = 'send-intended';

-- Messages that have had their effect, by keyed digests of what tells them from others (their Message-ID, or a webhook's
-- id); written with the effect, and kept longer than a message is likely to be told again.
CREATE TABLE heard_messages (
    workspace_id uuid NOT NULL,
    sender_id uuid NOT NULL,
    digest uuid NOT NULL,
    heard_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, sender_id, digest)
);
CREATE INDEX heard_messages_by_time ON heard_messages (workspace_id, heard_at);

GRANT SELECT, INSERT, DELETE ON heard_messages TO liftoff_app;

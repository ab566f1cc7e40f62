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

-- How far the inbox of each e-mail sender was read, and who reads it now: one reader at a time over all workers, as long
-- as it renews its lease. A reader that was only frozen finds its lease gone when it wants to write what it has read.
CREATE TABLE inbox_readings (
    workspace_id uuid NOT NULL,
    sender_id uuid NOT NULL,
    inbox_id uuid NOT NULL,                       -- the inbox that all the rest is about
    readable boolean NOT NULL DEFAULT true,       -- false: it turned out to have no IMAP
    uid_validity bigint,                          -- null: not read yet
    last_uid bigint NOT NULL DEFAULT 0,           -- the last message that had its effect
    read_at timestamptz,                          -- when all there was had been read
    failures integer NOT NULL DEFAULT 0,          -- visits in a row that failed
    look_at timestamptz NOT NULL DEFAULT 'epoch', -- when it is to be visited next
    reader_id uuid,
    leased_until timestamptz NOT NULL DEFAULT 'epoch',
    PRIMARY KEY (workspace_id, sender_id),
    FOREIGN KEY (workspace_id, sender_id) REFERENCES dispatch_senders ON DELETE CASCADE
);
-- Looked at by every worker every second, over all workspaces.
CREATE INDEX inbox_readings_due ON inbox_readings (look_at) WHERE readable;

INSERT INTO inbox_readings (workspace_id, sender_id, inbox_id)
SELECT DISTINCT ON (s.workspace_id, s.sender_id) s.workspace_id, s.sender_id, (e.payload ->> 'inbox_id')::uuid
FROM dispatch_senders AS s
JOIN events AS e ON e.workspace_id = s.workspace_id AND e.stream = 'sender-' || s.sender_id
WHERE e.type = 'sender-inbox-configured'
ORDER BY s.workspace_id, s.sender_id, e.version DESC;

GRANT SELECT, INSERT, UPDATE, DELETE ON inbox_readings TO liftoff_app;

-- Sends of unknown outcome, which are looked for among a sender's sent mails.
CREATE INDEX leads_of_unknown_outcome ON leads (workspace_id, sender_id) WHERE status = 'outcome_unknown';

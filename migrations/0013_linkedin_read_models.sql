-- The read model of the leads knows whose connection was accepted when, and counts what senders did by action.
ALTER TABLE leads ADD COLUMN connected_at timestamptz;
ALTER TABLE sender_usage ADD COLUMN action text COLLATE "C" NOT NULL DEFAULT 'email';
ALTER TABLE sender_usage ALTER COLUMN action DROP DEFAULT;
ALTER TABLE sender_usage DROP CONSTRAINT sender_usage_pkey;
ALTER TABLE sender_usage ADD PRIMARY KEY (workspace_id, sender_id, day, action);

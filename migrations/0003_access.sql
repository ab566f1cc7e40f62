-- Who may call: workspaces, their API keys, and the answers kept for requests that carry an Idempotency-Key.

-- A workspace is a tenant. Its name is the operator's handle for it; this registry is the one place where it is unique.
CREATE TABLE liftoff.workspaces (
    workspace_id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (char_length(name) BETWEEN 1 AND 200),
    created_at timestamptz NOT NULL
);

-- Of a key only the SHA-256 is kept: enough to recognise it, useless to whoever reads this table. Revoking keeps the row,
-- so that an actor named in the history can always be looked up.
CREATE TABLE liftoff.api_keys (
    workspace_id uuid NOT NULL REFERENCES liftoff.workspaces (workspace_id),
    key_id uuid NOT NULL,
    name text NOT NULL CHECK (char_length(name) <= 200),
    secret_hash bytea NOT NULL CHECK (octet_length(secret_hash) = 32),
    scopes text[] NOT NULL CHECK (cardinality(scopes) > 0),
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz,
    PRIMARY KEY (workspace_id, key_id)
);
-- The one index without the workspace in front: the secret is what tells the workspace.
CREATE INDEX api_keys_by_secret ON liftoff.api_keys (secret_hash);

-- One row per POST that carried an Idempotency-Key, kept for a day. `request` is a digest of method, path and key.
-- While the first request runs, its claim stands until `claimed_until` and is renewed; whoever finds it lapsed takes over.
-- `fingerprint` tells that a second request is the same as the first; `answer` is sealed, for it may hold secrets.
CREATE TABLE liftoff.idempotent_requests (
    workspace_id uuid NOT NULL REFERENCES liftoff.workspaces (workspace_id),
    request bytea NOT NULL CHECK (octet_length(request) = 32),
    claim_id uuid NOT NULL,
    claimed_until timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    fingerprint bytea,
    answer bytea,
    PRIMARY KEY (workspace_id, request),
    CHECK ((fingerprint IS NULL) = (answer IS NULL))
);
CREATE INDEX idempotent_requests_by_expiry ON liftoff.idempotent_requests (workspace_id, expires_at);

-- The no-op update of a workspace's name is how "the one of this name, made if it is new" is asked in one statement.
GRANT SELECT, INSERT, UPDATE (name) ON liftoff.workspaces TO liftoff_app;
GRANT SELECT, INSERT, UPDATE (revoked_at, last_used_at) ON liftoff.api_keys TO liftoff_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON liftoff.idempotent_requests TO liftoff_app;

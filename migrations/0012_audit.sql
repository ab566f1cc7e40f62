-- The sealed history: each workspace's events numbered 0, 1, 2 ... in the order of the feed, a Merkle tree over them, and
-- signed checkpoints of it. Sealing follows the log as a projection does; nothing of it is on the way of an append.

-- How far the log is sealed, in all workspaces. Who seals holds the row's lock, so one works at a time.
CREATE TABLE audit_progress (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    position bigint  NOT NULL DEFAULT 0
);
INSERT INTO audit_progress DEFAULT VALUES;

CREATE TABLE audit_trees (
    workspace_id uuid   PRIMARY KEY,
    size         bigint NOT NULL                -- how many events are sealed: the next number
);

-- Which event has which number: the positions of the numbers 256 * bundle, 256 * bundle + 1 ...
CREATE TABLE audit_bundles (
    workspace_id uuid     NOT NULL,
    bundle       bigint   NOT NULL,
    positions    bigint[] NOT NULL CHECK (cardinality(positions) BETWEEN 1 AND 256),
    PRIMARY KEY (workspace_id, bundle)
);

-- The hashes of the tree, as tiles of C2SP tlog-tiles: up to 256 hashes of 32 bytes, level 0 those of leaves.
CREATE TABLE audit_tiles (
    workspace_id uuid     NOT NULL,
    level        smallint NOT NULL,
    tile         bigint   NOT NULL,
    hashes       bytea    NOT NULL CHECK (octet_length(hashes) BETWEEN 32 AND 8192 AND octet_length(hashes) % 32 = 0),
    PRIMARY KEY (workspace_id, level, tile)
);

-- All keys that ever signed for a workspace. The private part is kept of the one in use, sealed under the master key.
CREATE TABLE audit_keys (
    workspace_id uuid        NOT NULL,
    number       integer     NOT NULL,
    public_key   bytea       NOT NULL CHECK (octet_length(public_key) = 32),
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, number)
);
CREATE TABLE audit_signing_keys (
    workspace_id uuid    PRIMARY KEY,
    number       integer NOT NULL,
    sealed       bytea   NOT NULL,
    FOREIGN KEY (workspace_id, number) REFERENCES audit_keys (workspace_id, number)
);

-- A checkpoint is a promise: a tree of `size` events has this root. `serial` is the order in which they were made.
CREATE TABLE audit_checkpoints (
    workspace_id uuid        NOT NULL,
    size         bigint      NOT NULL CHECK (size > 0),
    serial       bigint      GENERATED ALWAYS AS IDENTITY UNIQUE,
    key_number   integer     NOT NULL,
    note         text        NOT NULL,
    sealed_at    timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, size),
    FOREIGN KEY (workspace_id, key_number) REFERENCES audit_keys (workspace_id, number)
);


-- What was promised is never taken back, as with the log itself.

CREATE TRIGGER checkpoints_are_only_appended BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE audit_checkpoints ENABLE ALWAYS TRIGGER checkpoints_are_only_appended;

CREATE TRIGGER keys_are_only_appended BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_keys
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE audit_keys ENABLE ALWAYS TRIGGER keys_are_only_appended;

CREATE TRIGGER tiles_are_never_removed BEFORE DELETE OR TRUNCATE ON audit_tiles
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE audit_tiles ENABLE ALWAYS TRIGGER tiles_are_never_removed;

CREATE TRIGGER bundles_are_never_removed BEFORE DELETE OR TRUNCATE ON audit_bundles
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE audit_bundles ENABLE ALWAYS TRIGGER bundles_are_never_removed;

-- A tile or bundle changes only by what is added at its end.
CREATE TRIGGER tiles_only_grow BEFORE UPDATE ON audit_tiles FOR EACH ROW
    WHEN ((OLD.workspace_id, OLD.level, OLD.tile, OLD.hashes) IS DISTINCT FROM
          (NEW.workspace_id, NEW.level, NEW.tile, substr(NEW.hashes, 1, octet_length(OLD.hashes))))
    EXECUTE FUNCTION refuse_change();
ALTER TABLE audit_tiles ENABLE ALWAYS TRIGGER tiles_only_grow;

CREATE TRIGGER bundles_only_grow BEFORE UPDATE ON audit_bundles FOR EACH ROW
    WHEN ((OLD.workspace_id, OLD.bundle, OLD.positions) IS DISTINCT FROM
          (NEW.workspace_id, NEW.bundle, NEW.positions[1 : cardinality(OLD.positions)]))
    EXECUTE FUNCTION refuse_change();
ALTER TABLE audit_bundles ENABLE ALWAYS TRIGGER bundles_only_grow;

GRANT SELECT, UPDATE ON audit_progress TO liftoff_app;
GRANT SELECT, INSERT, UPDATE ON audit_trees, audit_bundles, audit_tiles, audit_signing_keys TO liftoff_app;
GRANT SELECT, INSERT ON audit_keys, audit_checkpoints TO liftoff_app;

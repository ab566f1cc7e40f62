-- The read models: what the log amounts to, laid out for questions. Everything here can be dropped and folded again.

-- How far each projection has come. Its position moves in the transaction that writes its rows; while that runs, the row
-- is locked, so of any number of processes one works at a time. `failed`: an event could not be folded, and nothing
-- goes on until it can be; the event is named by its position and id, the trouble by the class of the error.
CREATE TABLE projections (
    name            text    COLLATE "C" NOT NULL,
    version         integer NOT NULL,
    position        bigint  NOT NULL DEFAULT 0,
    status          text    NOT NULL DEFAULT 'running' CHECK (status IN ('running', 'failed')),
    failed_position bigint,
    failed_event_id uuid,
    error           text,
    PRIMARY KEY (name, version),
    CHECK ((status = 'failed') = (error IS NOT NULL))
);

-- The leads of all campaigns. `milestones`, `open_send` and `sends` are what the fold goes on with.
CREATE TABLE leads (
    workspace_id    uuid        NOT NULL,
    lead_id         uuid        NOT NULL,
    campaign_id     uuid        NOT NULL,
    ordinal         bigint      NOT NULL,
    person_id       uuid        NOT NULL,
    document_id     uuid        NOT NULL,
    source          text        NOT NULL,
    status          text        COLLATE "C" NOT NULL,
    sender_id       uuid,
    current_node_id uuid,
    next_action_at  timestamptz,
    skip_reason     text,
    bounced_at      timestamptz,
    replied_at      timestamptz,
    milestones      text[]      NOT NULL,
    open_send       json,
    sends           json,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, lead_id)
);
CREATE INDEX leads_page ON leads (workspace_id, campaign_id, ordinal);
CREATE INDEX leads_page_by_status ON leads (workspace_id, campaign_id, status, ordinal);

-- Sums over `leads`. By kind: `status` and `node` (`__none__`: no current node) count leads as they are now, `milestone`
-- leads that ever reached it, `sends` the sends of a node that a provider took over. A sum of 0 has no row.
CREATE TABLE campaign_counts (
    workspace_id uuid   NOT NULL,
    campaign_id  uuid   NOT NULL,
    kind         text   COLLATE "C" NOT NULL,
    key          text   COLLATE "C" NOT NULL,
    n            bigint NOT NULL,
    PRIMARY KEY (workspace_id, campaign_id, kind, key)
) WITH (fillfactor = 50);

-- The sends that a provider took over from each sender, by UTC day.
CREATE TABLE sender_usage (
    workspace_id uuid   NOT NULL,
    sender_id    uuid   NOT NULL,
    day          date   NOT NULL,
    n            bigint NOT NULL,
    PRIMARY KEY (workspace_id, sender_id, day)
) WITH (fillfactor = 50);

-- The campaigns. Lists are in descending order of (prominence, campaign_id): 2 active and paused, 1 drafts, 0 the rest.
CREATE TABLE campaigns (
    workspace_id uuid        NOT NULL,
    campaign_id  uuid        NOT NULL,
    prominence   smallint    NOT NULL,
    status       text        COLLATE "C" NOT NULL,
    deleted      boolean     NOT NULL,
    version      bigint      NOT NULL,
    launched_at  timestamptz,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    state        json        NOT NULL,
    PRIMARY KEY (workspace_id, campaign_id)
);
CREATE INDEX campaigns_list ON campaigns (workspace_id, prominence, campaign_id) WHERE NOT deleted;
CREATE INDEX campaigns_list_by_status ON campaigns (workspace_id, status, campaign_id) WHERE NOT deleted;

CREATE TABLE senders (
    workspace_id uuid        NOT NULL,
    sender_id    uuid        NOT NULL,
    channel      text        NOT NULL,
    status       text        NOT NULL,
    removed      boolean     NOT NULL,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    state        json        NOT NULL,
    PRIMARY KEY (workspace_id, sender_id)
);

CREATE TABLE suppressions (
    workspace_id uuid        NOT NULL,
    person_id    uuid        NOT NULL,
    reason       text        NOT NULL,
    since        timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, person_id)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON
    projections, leads, campaign_counts, sender_usage, campaigns, senders, suppressions
TO liftoff_app;

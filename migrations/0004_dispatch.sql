-- Dispatch: who is on a campaign, what is due when, and what may be sent now. Everything here follows from the log and
-- is written in the transaction of the event it follows from, because it must be exact at the moment it is asked.

-- The leads of each campaign. The key counts a person once a campaign; `fields` names what is known of the lead (never
-- its values), so that a launch finds unresolvable variables without opening a seal. `skipped` is the launch attempt
-- that leaves the lead out.
CREATE TABLE roster (
    workspace_id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    person_id uuid NOT NULL,
    lead_id uuid NOT NULL,
    ordinal bigint NOT NULL,
    document_id uuid NOT NULL,
    fields text[] NOT NULL,
    skipped bigint,
    PRIMARY KEY (workspace_id, campaign_id, person_id)
);
CREATE UNIQUE INDEX roster_lead ON roster (workspace_id, lead_id);
CREATE INDEX roster_order ON roster (workspace_id, campaign_id, ordinal);
CREATE INDEX roster_person ON roster (workspace_id, person_id);

-- A name is taken by one campaign of a workspace; names are compared by their keyed digest.
CREATE TABLE campaign_names (
    workspace_id uuid NOT NULL,
    name_digest text NOT NULL,
    campaign_id uuid NOT NULL,
    PRIMARY KEY (workspace_id, name_digest)
);
CREATE UNIQUE INDEX campaign_names_campaign ON campaign_names (workspace_id, campaign_id);

-- An identity (an address, an account) is connected by one sender account of a workspace, under its keyed digest.
CREATE TABLE sender_identities (
    workspace_id uuid NOT NULL,
    channel text NOT NULL,
    identity_digest uuid NOT NULL,
    sender_id uuid NOT NULL,
    PRIMARY KEY (workspace_id, channel, identity_digest)
);
CREATE UNIQUE INDEX sender_identities_sender ON sender_identities (workspace_id, sender_id);

-- The background run of each launch attempt: its sign of life, and how far it has enrolled.
CREATE TABLE launch_runs (
    workspace_id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    epoch bigint NOT NULL,
    beat_at timestamptz,
    enrolled bigint NOT NULL DEFAULT 0,
    enrolled_through bigint NOT NULL DEFAULT -1,
    PRIMARY KEY (workspace_id, campaign_id, epoch)
);

-- The gate of a campaign. A claim locks it, and so does a pause: it waits for the claims under way, and after it none is
-- made. Nothing is claimed before `next_free_at`.
CREATE TABLE dispatch_campaigns (
    workspace_id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    status text NOT NULL,
    epoch bigint NOT NULL,
    operating_hours json,
    daily_limit integer,
    day date NOT NULL DEFAULT 'epoch',
    sent_today integer NOT NULL DEFAULT 0,
    next_free_at timestamptz NOT NULL DEFAULT 'epoch',
    PRIMARY KEY (workspace_id, campaign_id)
);
-- Looked at by housekeeping every second, over all workspaces.
CREATE INDEX dispatch_campaigns_watched ON dispatch_campaigns (status);

-- The gate of a sender account, as long as there is the account. `slot` spreads senders over the tick chains.
CREATE TABLE dispatch_senders (
    workspace_id uuid NOT NULL,
    sender_id uuid NOT NULL,
    slot smallint NOT NULL,
    usable boolean NOT NULL,
    daily_limit integer NOT NULL,
    day date NOT NULL DEFAULT 'epoch',
    sent_today integer NOT NULL DEFAULT 0,
    next_free_at timestamptz NOT NULL DEFAULT 'epoch',
    PRIMARY KEY (workspace_id, sender_id)
);

-- One lane for each sender of a launched campaign: where due rows are looked for, and the account's own limit in it. The
-- foreign key lets no launch begin with a sender that is being removed, whichever of the two comes first.
CREATE TABLE dispatch_lanes (
    workspace_id uuid NOT NULL,
    sender_id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    daily_limit integer,
    day date NOT NULL DEFAULT 'epoch',
    sent_today integer NOT NULL DEFAULT 0,
    next_free_at timestamptz NOT NULL DEFAULT 'epoch',
    PRIMARY KEY (workspace_id, sender_id, campaign_id),
    FOREIGN KEY (workspace_id, sender_id) REFERENCES dispatch_senders
);
CREATE INDEX dispatch_lanes_campaign ON dispatch_lanes (workspace_id, campaign_id);

-- The next action of each lead that is not terminal. With a worker the send is in flight: its intent is committed.
CREATE TABLE dispatch_due (
    workspace_id uuid NOT NULL,
    lead_id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    sender_id uuid NOT NULL,
    person_id uuid NOT NULL,
    document_id uuid NOT NULL,
    node_id uuid NOT NULL,
    due_at timestamptz NOT NULL,
    worker_id uuid,
    send_id uuid,
    PRIMARY KEY (workspace_id, lead_id)
);
CREATE INDEX dispatch_due_next ON dispatch_due (workspace_id, campaign_id, sender_id, due_at) WHERE worker_id IS NULL;
CREATE INDEX dispatch_due_in_flight ON dispatch_due (worker_id) WHERE worker_id IS NOT NULL;

-- People who must not be written to, and why: what a claim looks at, and what keeps the log from being told twice.
CREATE TABLE dispatch_suppressed (
    workspace_id uuid NOT NULL,
    person_id uuid NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (workspace_id, person_id, reason)
);

-- Worker processes and their last sign of life.
CREATE TABLE dispatch_workers (
    worker_id uuid PRIMARY KEY,
    beat_at timestamptz NOT NULL
);

-- The generation of each tick chain. A link that begins takes the next one; a claim of an older one is refused, so a
-- worker that was only frozen can't go on claiming beside its successor.
CREATE TABLE dispatch_shards (
    shard smallint PRIMARY KEY,
    generation bigint NOT NULL
);

GRANT SELECT, INSERT, UPDATE, DELETE ON
    roster, campaign_names, sender_identities, launch_runs, dispatch_campaigns, dispatch_senders, dispatch_lanes,
    dispatch_due, dispatch_suppressed, dispatch_workers, dispatch_shards
TO liftoff_app;

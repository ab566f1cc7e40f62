-- Guards over what is being sent.

-- What became of a campaign's sends, by the clock hour: what the bounce guard looks at. Written in the transaction of the
-- outcomes, so that each counts once; emptied when the campaign is resumed, so that the same bounces pause it once. Hours
-- that the guard looks back to no more are forgotten.
CREATE TABLE dispatch_tallies (
    workspace_id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    hour timestamptz NOT NULL,
    sent bigint NOT NULL,
    bounced bigint NOT NULL,
    PRIMARY KEY (workspace_id, campaign_id, hour)
) WITH (fillfactor = 50);
CREATE INDEX dispatch_tallies_by_hour ON dispatch_tallies (hour);

GRANT SELECT, INSERT, UPDATE, DELETE ON dispatch_tallies TO liftoff_app;

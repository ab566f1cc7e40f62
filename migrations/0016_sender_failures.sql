-- How many sends of each sender account have failed in a row, counted in the transaction that records their outcomes.
-- Beside the sender's gate and not in it: claims hold the gate, and recording an outcome must not wait for them. A sender
-- without a row has had no failure since its latest success.
CREATE TABLE dispatch_failures (
    workspace_id uuid NOT NULL,
    sender_id uuid NOT NULL,
    in_row integer NOT NULL,
    PRIMARY KEY (workspace_id, sender_id)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON dispatch_failures TO liftoff_app;

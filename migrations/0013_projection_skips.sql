-- Events that a version of a projection was told to leave out, for they could not be folded. That it was told, by whom and
-- why is an event of the workspace; here is what whoever folds the log anew has to know before. Only ever added to: a
-- later version of the projection tries such an event again.
CREATE TABLE projection_skips (
    workspace_id uuid    NOT NULL,              -- that of the event left out
    name         text    COLLATE "C" NOT NULL,
    version      integer NOT NULL,
    position     bigint  NOT NULL,
    event_id     uuid    NOT NULL,
    PRIMARY KEY (workspace_id, name, version, position)
);

GRANT SELECT, INSERT ON projection_skips TO liftoff_app;

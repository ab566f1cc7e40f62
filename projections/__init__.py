"""Read models: each a pure fold of the event log into rows."""

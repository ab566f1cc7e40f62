"""Credits against a real Postgres."""

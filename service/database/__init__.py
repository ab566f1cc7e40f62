"""The database: an embedded Postgres where there is none, its migrations, and the pool of connections."""

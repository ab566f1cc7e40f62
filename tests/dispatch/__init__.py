"""The sending side against a real Postgres and real mail servers."""

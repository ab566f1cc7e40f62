"""What comes back by mail, against a real Postgres and real mail servers."""

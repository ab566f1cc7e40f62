"""The API as clients meet it: the assembled service on a real database, behind a real HTTP client."""

"""The numbered SQL that builds the database, oldest first, run by ``service.database.migrate``."""

"""Backups of the database, and how one comes back."""

"""Backups, restores, and what a restored database may do."""

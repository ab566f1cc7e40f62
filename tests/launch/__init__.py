"""Launches that are refused, and launches that meet trouble: stale ones, zombies, failures at every point."""

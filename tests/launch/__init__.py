"""Launches that meet trouble: stale ones, runs that wake up too late, and failures at every point."""

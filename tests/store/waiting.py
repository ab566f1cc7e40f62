"""Waiting for what other connections do: races are scripted, not hoped for."""

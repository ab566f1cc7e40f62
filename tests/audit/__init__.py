"""Sealing, exporting, and verifying what was exported."""

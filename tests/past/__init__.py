"""Time travel, against a real log."""

"""Files of leads, and what becomes of their rows."""

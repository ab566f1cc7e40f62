"""Message drafts: resolved, edited, written by a model behind a real endpoint on loopback."""

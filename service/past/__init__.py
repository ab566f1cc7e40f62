"""Time travel: how things stood at a moment of their history, what changed between two, and what led to an event."""

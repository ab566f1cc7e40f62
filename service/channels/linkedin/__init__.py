"""The LinkedIn channel: a provider's API behind a small port. Read ``port`` first."""

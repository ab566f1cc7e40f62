"""The event store: appends that name what they expect, streams to fold, and a feed that skips nothing."""

"""What comes back by mail: read in the senders' inboxes, or pushed by a provider, and brought to the dispatch."""

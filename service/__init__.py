"""Everything that touches the world: the log, HTTP, the command line, workers and channels."""

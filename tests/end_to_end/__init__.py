"""The real program as real processes: started, used over HTTP, killed, and started again."""

"""The command line, run as the processes that people run."""

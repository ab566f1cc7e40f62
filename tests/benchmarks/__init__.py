"""Benchmarks: each measures a part of the service beside a peer or a limit, in the same run, and gives the ratio."""

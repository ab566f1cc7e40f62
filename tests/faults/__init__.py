"""Faults put into sending: killed processes, servers and databases that fail; and the law that holds all the same."""

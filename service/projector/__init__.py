"""Drives the projections: folds what is new into their tables, tells how fresh they are, rebuilds and verifies them."""

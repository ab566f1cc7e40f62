"""The read models: as pure folds, and driven against a real database."""

"""The laws: each is checked for counter-examples, and has been seen to fail for a copy that breaks it."""

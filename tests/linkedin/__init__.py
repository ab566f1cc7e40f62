"""A double of the LinkedIn provider: a real HTTP server that speaks its shapes and errors, and can be told to fail."""

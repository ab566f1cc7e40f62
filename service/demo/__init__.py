"""The demo: one whole campaign through the real service, from nothing to its verified history."""

"""The campaign aggregate. Read ``events``, then ``state`` (with ``evolve`` and the machine), then ``decide``."""

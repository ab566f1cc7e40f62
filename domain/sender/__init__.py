"""The sender account: an inbox that is warmed up, or an account at the LinkedIn provider, and its limits.

Read ``events``, then ``state`` (with ``evolve`` and the machine), then ``decide``.
"""

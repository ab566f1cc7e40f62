"""The test kit: what campaigns and leads may do, drawn by Hypothesis, and judges that say whether they did.

``campaigns``, ``leads``, ``sequences``, ``schedules``, ``events`` draw commands and values; ``histories`` draws whole
histories that can be, ``defects`` such as can't be quite. ``model`` is the status machine to hold an implementation
against, ``machine`` the same as a Hypothesis state machine: over the pure domain, or over HTTP against any service.
"""

"""Histories of real runs against the log, and a checker that says whether they can be explained.

``history`` is what a history is, ``checker`` what must hold of it (pure); ``client`` and ``recorded`` make histories,
``planted`` the bugs that the checker must find.
"""

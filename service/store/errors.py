"""What can go wrong between the service and its log, beside the outcomes an append may have."""

from __future__ import annotations


class AppendFailed(Exception):
    """The database gave no answer to an append. The subclass says whether it may have been stored."""


class StoreUnavailable(AppendFailed):
    """Not stored: the database couldn't be reached, or gave the transaction up. The same append may be sent again."""


class OutcomeUnknown(AppendFailed):
    """Perhaps stored: the connection broke before the answer came.

    An append with an ``append_id`` is simply sent again. Without one, read the stream before deciding anew.
    """


class UnknownEvent(Exception):
    """An event of a type, or of a version of its type, that this program doesn't know."""


class UnreadableEvent(Exception):
    """A stored event doesn't have the shape of its type and version, not even after upcasting."""

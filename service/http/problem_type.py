"""A kind of problem (RFC 9457), as the catalogue describes it."""

from __future__ import annotations

from typing import NamedTuple


class ProblemType(NamedTuple):
    """A kind of problem: what it means and what the person who meets it can do."""

    code: str
    status: int
    title: str
    explanation: str
    remedy: str
    retry_after: int | None = None
    """Seconds after which a repetition may succeed, when they are always the same."""

    @property
    def path(self) -> str:
        """Where its page is served; also its identity (``type`` of RFC 9457)."""
        return f"/problems/{self.code}"

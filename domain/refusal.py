"""How the domain says no: a stable code, words for the person who meets it, and the evidence behind it."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct


class FieldError(Struct, frozen=True):
    """One thing wrong with one value; ``path`` leads to it as in ``sequence_nodes[2].type``."""

    path: str
    message: str


class Refusal(Exception):
    """What was asked can't be done: ``code`` is kebab-case and stable, ``evidence`` is JSON-ready detail."""

    def __init__(
        self,
        code: str,
        message: str,
        evidence: Mapping[str, object] | None = None,
        errors: tuple[FieldError, ...] = (),
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.evidence: dict[str, object] = dict(evidence or {})
        self.errors = errors


class Invalid(Refusal):
    """A value that can never be right, whatever the state: names everything wrong with it at once."""

    def __init__(self, first: FieldError, *others: FieldError) -> None:
        errors = (first, *others)
        super().__init__("invalid-value", " ".join(error.message for error in errors), errors=errors)


class Refused(Refusal):
    """A sound request that the present state does not allow."""

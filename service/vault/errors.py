"""What can go wrong with sealed things. No message holds a key or a text."""

from __future__ import annotations

from uuid import UUID


class VaultError(Exception):
    """Anything the vault refuses."""


class WrongMasterKey(VaultError):
    """The master key is not the one the thing at hand was sealed with."""

    def __init__(self, thing: str) -> None:
        super().__init__(
            f"{thing} was sealed with another secret key. Start with the LIFTOFF_SECRET_KEY that was in use "
            "when it was written (the embedded database keeps its own in the data directory)."
        )


class SealBroken(VaultError):
    """A sealed thing was altered, or moved to a place it was not sealed for."""

    def __init__(self, thing: str) -> None:
        super().__init__(
            f"{thing} does not open: it was altered after it was sealed, or belongs elsewhere. "
            "Restore it from a backup."
        )


class DocumentMissing(VaultError):
    """There is no such document in the workspace: never written, or its owner was erased."""

    def __init__(self, document_id: UUID) -> None:
        super().__init__(f"The vault has no document {document_id}; its owner may have been erased.")
        self.document_id = document_id

"""The vault: what the log must not hold (names, addresses, texts), sealed under its owner's key."""

from service.vault.errors import DocumentMissing, SealBroken, VaultError, WrongMasterKey
from service.vault.keys import MasterKey
from service.vault.sealing import Sealer
from service.vault.vault import Document, Vault

__all__ = [
    "Document",
    "DocumentMissing",
    "MasterKey",
    "SealBroken",
    "Sealer",
    "Vault",
    "VaultError",
    "WrongMasterKey",
]

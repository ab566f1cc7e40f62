"""The master key that seals what the log must not hold: given by the operator, or made beside the embedded database."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from service.settings import Settings, SettingsError


def master_key(settings: Settings) -> bytes:
    """The 32 bytes of the key; without one, and with an embedded database, it is made once, in the data directory.

    Raises ``SettingsError`` where it is required and missing, or its file is not as it was made.
    """
    if settings.secret_key is not None:
        return bytes.fromhex(settings.secret_key)
    if settings.database_url is not None:
        raise SettingsError(
            "LIFTOFF_SECRET_KEY is required with LIFTOFF_DATABASE_URL: 64 hex digits, always the same for one database"
        )
    return _kept_key(settings.data_dir / "secret.key")


def kept_master_key(settings: Settings) -> bytes:
    """As ``master_key``, for data that exists already: a new key would be of no use. Raises ``SettingsError``."""
    if settings.secret_key is None and settings.database_url is None:
        file = settings.data_dir / "secret.key"
        if not file.exists():
            raise SettingsError(
                f"LIFTOFF_SECRET_KEY is required, or its file {file}: the key that was in use when the data was written"
            )
    return master_key(settings)


def _kept_key(file: Path) -> bytes:
    if not file.exists():
        _make_once(file)
    try:
        key = bytes.fromhex(file.read_text())
    except ValueError:
        key = b""
    if len(key) != 32:
        raise SettingsError(
            f"LIFTOFF_DATA_DIR holds a damaged key, {file}: bring back the one of this database"
        )
    return key


def _make_once(file: Path) -> None:
    """Put a new key there unless another process just did: it appears whole or not at all, readable by us alone."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f"secret.key.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(secrets.token_hex(32) + "\n")
    with suppress(FileExistsError):
        os.link(draft, file)
    draft.unlink()

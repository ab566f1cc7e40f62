"""What every operator's command begins with: a database at this program's schema, and the key that seals its texts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import Struct

from service.database.embedded import EmbeddedPostgres
from service.database.migrate import migrate
from service.secret_key import master_key
from service.settings import Settings, SettingsError
from service.vault import MasterKey


class Ground(Struct, frozen=True):
    """Where the program stands: its settings, a migrated database, and the master key."""

    settings: Settings
    dsn: str
    master_key: MasterKey


@contextmanager
def database(settings: Settings) -> Iterator[str]:
    """The DSN of the database, until the end of the block; an embedded one is started, shared with others, and let go.

    To be called from the main thread. Raises ``EmbeddedPostgresError``, with one line for the operator.
    """
    if settings.database_url is not None:
        yield settings.database_url
        return
    with EmbeddedPostgres(settings.data_dir) as dsn:
        yield dsn


@contextmanager
def prepared(settings: Settings) -> Iterator[Ground]:
    """The ground, until the end of the block.

    To be called from the main thread, outside of any event loop. Raises ``SettingsError``, ``DatabaseError`` or
    ``EmbeddedPostgresError``, each with one line for the operator.
    """
    try:
        key = MasterKey(master_key(settings))
    except OSError as error:
        raise SettingsError(f"LIFTOFF_DATA_DIR can't hold the secret key: {error}") from error
    with database(settings) as dsn:
        asyncio.run(migrate(dsn))
        yield Ground(settings, dsn, key)

"""What every operator's command begins with: a database at this program's schema, and the key that seals its texts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import Struct

from service.database.embedded import EmbeddedPostgres
from service.database.migrate import migrate
from service.secret_key import master_key
from service.settings import Settings
from service.vault import MasterKey


class Ground(Struct, frozen=True):
    """Where the program stands: its settings, a migrated database, and the master key."""

    settings: Settings
    dsn: str
    master_key: MasterKey


@contextmanager
def prepared(settings: Settings) -> Iterator[Ground]:
    """The ground, until the end of the block; an embedded database is started, shared with others, and let go again.

    To be called from the main thread, outside of any event loop. Raises ``SettingsError``, ``DatabaseError`` or
    ``EmbeddedPostgresError``, each with one line for the operator.
    """
    key = MasterKey(master_key(settings))
    if settings.database_url is not None:
        asyncio.run(migrate(settings.database_url))
        yield Ground(settings, settings.database_url, key)
        return
    with EmbeddedPostgres(settings.data_dir) as dsn:
        asyncio.run(migrate(dsn))
        yield Ground(settings, dsn, key)

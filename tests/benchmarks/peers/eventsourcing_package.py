"""The ``eventsourcing`` package (pyeventsourcing): its Postgres recorder, with as many threads as there are writers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore

from service.ids import new_id


def append_all(dsn: str, payload: bytes, writers: int, appends: int, events: int) -> float:
    """Events per second of so many writers, each of which appends to its own aggregate, ``events`` at a time."""
    with _recorder(dsn, writers) as recorder, ThreadPoolExecutor(writers) as threads:
        each = appends // writers
        begun = time.perf_counter()
        for done in [threads.submit(_write, recorder, payload, each, events) for _ in range(writers)]:
            done.result()
        return each * writers * events / (time.perf_counter() - begun)


def _write(recorder: PostgresApplicationRecorder, payload: bytes, appends: int, events: int) -> None:
    aggregate = new_id()
    for number in range(appends):
        recorder.insert_events(_events(aggregate, number * events, events, payload))


def _events(aggregate: UUID, after: int, count: int, payload: bytes) -> list[StoredEvent]:
    return [
        StoredEvent(aggregate, version, "send-intended", payload)
        for version in range(after + 1, after + count + 1)
    ]


@contextmanager
def _recorder(dsn: str, connections: int) -> Iterator[PostgresApplicationRecorder]:
    address = urlsplit(dsn)
    options = parse_qs(address.query)
    datastore = PostgresDatastore(
        dbname=address.path.removeprefix("/"),
        host=options["host"][0] if "host" in options else address.hostname or "localhost",
        port=options["port"][0] if "port" in options else address.port or 5432,
        user=address.username or "postgres",
        password=address.password or "",
        pool_size=connections,
        max_overflow=1,
        schema="public",
    )
    try:
        recorder = PostgresApplicationRecorder(datastore, events_table_name="events_of_peer")
        recorder.create_table()
        yield recorder
    finally:
        datastore.close()

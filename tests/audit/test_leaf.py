"""The leaf: the bytes that are signed. What the database makes is what is described, whatever an event holds."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
import pytest_asyncio
from msgspec.structs import astuple, replace

from service.audit.leaf import COLUMNS, LARGEST_INLINE
from service.database.pool import Connection, open_pool
from service.ids import new_id
from service.store.history import Written
from tests.audit.leaves import leaf

pytestmark = pytest.mark.asyncio(loop_scope="module")

ORDINARY = Written(
    workspace_id=new_id(),
    position=7,
    stream=f"lead-{new_id()}",
    version=3,
    event_id=new_id(),
    type="send-accepted",
    schema_version=1,
    actor="worker",
    correlation_id=new_id(),
    causation_id=new_id(),
    epoch=2,
    recorded_at=datetime(2026, 3, 29, 1, 30, 0, 1, UTC),
    payload='{"code":250}',
)
TEXTS = [
    *(chr(code) for code in range(1, 0x100)),
    *(
        "",
        "\u2028\u2029",
        "\ufeff",
        "\uffff",
        "\U0001f680",
        'a"b\\c/d',
        "100 %s %1$s %%",
        "</script>",
        "\r\n\t",
    ),
]


@pytest_asyncio.fixture(loop_scope="module")
async def connection(shared_database: str) -> AsyncIterator[Connection]:
    async with await open_pool(shared_database, max_size=1) as pool, pool.acquire() as connection:
        yield connection


async def stored_leaf(connection: Connection, event: Written) -> bytes:
    made: bytes = await connection.fetchval(
        """SELECT leaf(workspace_id => $1, "position" => $2, stream => $3, version => $4, event_id => $5, type => $6,
                       schema_version => $7, actor => $8, correlation_id => $9, causation_id => $10, epoch => $11,
                       recorded_at => $12, payload => $13)""",
        *astuple(event),
    )
    return made


async def test_whatever_a_text_holds_it_stands_in_the_leaf_as_json(connection: Connection) -> None:
    for text in TEXTS:
        event = replace(ORDINARY, stream=text, type=text, actor=text)
        made = await stored_leaf(connection, event)
        assert made == leaf(event)
        row = dict(zip(COLUMNS, json.loads(made), strict=True))
        assert (row["stream"], row["type"], row["actor"]) == (text, text, text)


async def test_what_is_absent_is_null(connection: Connection) -> None:
    event = replace(ORDINARY, causation_id=None, epoch=None)
    assert await stored_leaf(connection, event) == leaf(event)


@pytest.mark.parametrize(
    "moment",
    [
        datetime(1, 1, 2, tzinfo=UTC),
        datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC),
        datetime(2026, 11, 26, 12, tzinfo=timezone(timedelta(hours=5, minutes=45))),
        datetime(9999, 12, 31, 23, 59, 59, 999_998, UTC),
    ],
)
async def test_a_time_stands_in_utc_whatever_the_session_speaks(
    connection: Connection, moment: datetime
) -> None:
    await connection.execute("SET TimeZone = 'Asia/Kathmandu'; SET DateStyle = 'German'")
    event = replace(ORDINARY, recorded_at=moment)
    assert await stored_leaf(connection, event) == leaf(event)


@pytest.mark.parametrize("letter", ["a", "\u00e9", "\U0001f680"])
@pytest.mark.parametrize("beyond", [-1, 0, 1, LARGEST_INLINE])
async def test_a_payload_is_measured_in_bytes_and_lies_beside_when_it_is_too_large(
    connection: Connection, letter: str, beyond: int
) -> None:
    letters, rest = divmod(LARGEST_INLINE + beyond - 2, len(letter.encode()))
    event = replace(ORDINARY, payload=f'"{letter * letters}{"." * rest}"')
    assert len(event.payload.encode()) == LARGEST_INLINE + beyond
    made = await stored_leaf(connection, event)
    assert made == leaf(event)
    assert made.startswith(b'["v1-detached",') == (beyond > 0)
    assert await connection.fetchval("SELECT is_detached($1)", event.payload) == (beyond > 0)


async def test_a_payload_stands_in_its_leaf_as_the_very_bytes_that_were_written(
    connection: Connection,
) -> None:
    event = replace(ORDINARY, payload='{ "b" : 1.0e2, "a":"\\u00e9\u00e9", "b":2}')
    assert event.payload.encode() in await stored_leaf(connection, event)
    assert await stored_leaf(connection, event) == leaf(event)

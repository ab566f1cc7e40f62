"""Writing the roster: its rows in the binary form of COPY.

The driver would encode them, too, but takes four times as long for the array in a row as for all the rest of it; and
the rows of a file have the same few arrays.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from struct import Struct as Layout
from typing import Final, NamedTuple
from uuid import UUID

from domain.lead.events import ImportedLead
from service.database.copying import copy_rows
from service.database.pool import Connection

_COLUMNS: Final = (
    "workspace_id",
    "campaign_id",
    "person_id",
    "lead_id",
    "ordinal",
    "document_id",
    "fields",
)
_ROW: Final = Layout("!h i16s i16s i16s i16s iq i16s")
"""How many fields, and all but the last of them, each after its length."""
_ARRAY: Final = Layout("!iiIii")
"""How many dimensions, no NULL, the type of the elements, how many there are, the number of the first."""
_TEXT: Final = 25


class Entry(NamedTuple):
    """A lead to be on the roster, and the names of the variables that have a value."""

    lead: ImportedLead
    fields: tuple[str, ...]


async def enlist(
    connection: Connection, workspace_id: UUID, campaign_id: UUID, entries: Iterable[Entry]
) -> None:
    """Put leads on the roster. Raises ``asyncpg.UniqueViolationError`` for a person who is on it already.

    Sorted by person, so that two who enlist the same people wait for each other in one order.
    """
    place = (len(_COLUMNS), 16, workspace_id.bytes, 16, campaign_id.bytes, 16)
    told = sorted(
        (lead.person_id.bytes, lead.lead_id.bytes, lead.ordinal, lead.document_id.bytes, fields)
        for lead, fields in entries
    )
    rows = (
        _ROW.pack(*place, person, 16, lead_id, 8, ordinal, 16, document) + _array(fields)
        for person, lead_id, ordinal, document, fields in told
    )
    await copy_rows(connection, "roster", _COLUMNS, rows)


@lru_cache(maxsize=256)
def _array(texts: tuple[str, ...]) -> bytes:
    elements = b"".join(_field(text.encode()) for text in texts)
    return _field(_ARRAY.pack(1, 0, _TEXT, len(texts), 1) + elements)


def _field(data: bytes) -> bytes:
    return len(data).to_bytes(4) + data

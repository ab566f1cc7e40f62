"""Files of leads, read as they arrive: CSV and NDJSON, row by row, never a whole file in memory."""

from __future__ import annotations

import codecs
import csv
import io
import re
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Final

import msgspec
from msgspec.structs import astuple

from domain.refusal import FieldError, Invalid, Refused
from domain.sequence import Channel
from service.leads.rows import BadRow, LeadFields, NewLead, lead_of, new_lead
from service.texts import LeadProfile

MAX_ROWS: Final = 1_000_000
LONGEST_ROW: Final = 1024 * 1024
"""Bytes or characters after which a row is taken to have ended: a quote that is never closed costs one row, not all."""

_FIELDS: Final = frozenset(LeadFields.__struct_fields__) - {"custom_fields"}
_KNOWN: Final = {name.replace("_", ""): name for name in _FIELDS}
_NUL: Final = "A text can't hold a NUL character."
_SEPARATORS: Final = re.compile(r"[\s_-]+")

# The module's own limit would end the reading of a file; LONGEST_ROW bounds a row.
csv.field_size_limit(sys.maxsize)


async def csv_rows(chunks: AsyncIterator[bytes], channel: Channel) -> AsyncIterator[NewLead | BadRow]:
    """The rows of a CSV file (RFC 4180, UTF-8, with a header). Raises ``Refusal`` for a header without identity."""
    header: list[str] | None = None
    number = 0
    async for record in _records(chunks):
        if header is None:
            header = _header(record, channel)
        elif record:
            number += 1
            yield _csv_row(number, header, record, channel)
    if header is None:
        raise Refused("invalid-value", "The file is empty: its first row must name the columns.")


async def ndjson_rows(chunks: AsyncIterator[bytes], channel: Channel) -> AsyncIterator[NewLead | BadRow]:
    """The rows of a file with one JSON object a line."""
    number = 0
    async for line in _lines(chunks):
        if line.strip():
            number += 1
            yield _ndjson_row(number, line, channel)


def _ndjson_row(number: int, line: bytes, channel: Channel) -> NewLead | BadRow:
    if len(line) > LONGEST_ROW:
        return BadRow(number, "The row is too long.")
    try:
        lead = new_lead(channel, msgspec.json.decode(line, type=LeadFields))
        return BadRow(number, _NUL) if _holds_nul(lead.profile) else lead
    except Invalid as invalid:
        return BadRow(number, invalid.message)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return BadRow(number, f"This is no lead in JSON: {error}.")


def _csv_row(number: int, header: Sequence[str], record: Sequence[str], channel: Channel) -> NewLead | BadRow:
    if len(record) != len(header):
        return BadRow(number, f"The row has {len(record)} values, the header names {len(header)}.")
    told = {column: text for column, value in zip(header, record, strict=True) if (text := value.strip())}
    written = "".join((*told, *told.values()))
    if not _is_unicode(written):
        return BadRow(number, "The row is not UTF-8.")
    if "\0" in written:
        return BadRow(number, _NUL)
    custom = {column: told.pop(column) for column in [*told] if column not in _FIELDS}
    try:
        msgspec.convert({**told, "custom_fields": custom}, LeadFields)  # as long as fields may be
        return lead_of(channel, told, custom)
    except Invalid as invalid:
        return BadRow(number, invalid.message)
    except msgspec.ValidationError as error:
        return BadRow(number, f"{error}.")


def _holds_nul(profile: LeadProfile) -> bool:
    *known, custom = astuple(profile)
    return "\0" in "".join((*filter(None, known), *custom, *custom.values()))


def _is_unicode(text: str) -> bool:
    """Whether nothing in it stands for bytes that could not be decoded."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _header(record: Sequence[str], channel: Channel) -> list[str]:
    """The columns by the names of the fields they fill, however these are spelled; others keep their own."""
    names = [_KNOWN.get(_SEPARATORS.sub("", column).lower(), column.strip()) for column in record]
    identity = "email" if channel == "email" else "linkedin_url"
    if identity not in names:
        message = f"The header names no column '{identity}', which tells the leads of this campaign apart."
        raise Invalid(FieldError("", message))
    if doubled := {name for name in names if names.count(name) > 1}:
        raise Invalid(FieldError("", f"The header names these columns twice: {', '.join(sorted(doubled))}."))
    if "" in names:
        raise Invalid(FieldError("", "The header has a column without a name."))
    return names


async def _records(chunks: AsyncIterator[bytes]) -> AsyncIterator[list[str]]:
    """The records of a CSV file. A record ends at a line break outside of quotes."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")("surrogateescape")
    pending = ""
    async for chunk in chunks:
        pending += decoder.decode(chunk)
        end = _end_of_records(pending)
        for record in _parsed(pending[:end]):
            yield record
        pending = pending[end:]
    for record in _parsed(pending + decoder.decode(b"", final=True)):
        yield record


def _end_of_records(text: str) -> int:
    """Where the last whole record of ``text`` ends: at the last line break with all quotes before it closed."""
    end = last = text.rfind("\n") + 1
    is_open = text.count('"', 0, end) % 2
    while end and is_open:
        if len(text) > LONGEST_ROW:
            return last
        # The last quote opened what is not closed, so every line break behind it is within quotes.
        before = text.rfind("\n", 0, text.rfind('"', 0, end)) + 1
        is_open = (is_open + text.count('"', before, end)) % 2
        end = before
    return end


def _parsed(text: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""))


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The lines of a file, without their ends; of one that is too long only so much that it shows."""
    pending = b""
    async for chunk in chunks:
        *whole, pending = (pending + chunk).split(b"\n")
        for line in whole:
            yield line
        pending = pending[: LONGEST_ROW + 1] if len(pending) > 2 * LONGEST_ROW else pending
    yield pending.removeprefix(codecs.BOM_UTF8)

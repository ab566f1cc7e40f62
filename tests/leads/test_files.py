"""Files of leads, however they are spelled, cut into pieces, or broken."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.refusal import Refusal
from domain.sequence import Channel
from service.leads.files import LONGEST_ROW, csv_rows, ndjson_rows
from service.leads.rows import BadRow, NewLead

Row: TypeAlias = NewLead | BadRow
Reader: TypeAlias = Callable[[AsyncIterator[bytes], Channel], AsyncIterator[Row]]


async def in_pieces(data: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def read(reader: Reader, data: bytes | str, size: int = 65536) -> Sequence[Row]:
    raw = data.encode() if isinstance(data, str) else data
    return [row async for row in reader(in_pieces(raw, size), "email")]


async def only_lead(data: bytes | str) -> NewLead:
    [row] = await read(csv_rows, data)
    assert isinstance(row, NewLead), row
    return row


async def only_fault(reader: Reader, data: bytes | str) -> BadRow:
    [row] = await read(reader, data)
    assert isinstance(row, BadRow), row
    return row


class TestCsv:
    async def test_columns_are_known_however_they_are_spelled(self) -> None:
        lead = await only_lead("E-Mail,First Name,LAST_NAME\nAda@X.example,Ada,Byron\n")
        assert lead.canonical.endswith(b"ada@x.example")
        assert (lead.profile.first_name, lead.profile.last_name) == ("Ada", "Byron")

    async def test_other_columns_become_custom_fields(self) -> None:
        lead = await only_lead("email,Favourite Tea\na@x.example,Assam\n")
        assert lead.profile.custom_fields == {"Favourite Tea": "Assam"}

    async def test_a_column_of_custom_fields_is_one_of_them(self) -> None:
        lead = await only_lead("email,custom_fields\na@x.example,Assam\n")
        assert lead.profile.custom_fields == {"custom_fields": "Assam"}

    async def test_a_byte_order_mark_and_windows_line_ends_do_not_matter(self) -> None:
        lead = await only_lead(b"\xef\xbb\xbfemail,company\r\na@x.example,Acme\r\n")
        assert lead.profile.company == "Acme"

    async def test_quotes_may_hold_commas_quotes_and_line_breaks(self) -> None:
        lead = await only_lead('email,company\na@x.example,"Acme, ""Inc""\nLondon"\n')
        assert lead.profile.company == 'Acme, "Inc"\nLondon'

    async def test_the_last_row_needs_no_line_break(self) -> None:
        assert (await only_lead("email\na@x.example")).profile.email == "a@x.example"

    async def test_empty_lines_are_passed_over(self) -> None:
        assert len(await read(csv_rows, "email\n\na@x.example\n\n\nb@x.example\n")) == 2

    @pytest.mark.parametrize(
        ("row", "says"),
        [
            (b"a@x.example,Acme,more", "3 values"),
            (b"a@x.example", "1 values"),
            (b",Acme", "needs 'email'"),
            (b"nobody,Acme", "not an e-mail address"),
            (b"a@x.example,\xff\xfe", "not UTF-8"),
            (b"a@x.example,Ac\0me", "NUL"),
            (b"a@x.example," + b"x" * 20_000, "length"),
        ],
    )
    async def test_a_row_that_is_no_lead_says_why(self, row: bytes, says: str) -> None:
        fault = await only_fault(csv_rows, b"email,company\n" + row + b"\n")
        assert fault.row == 1
        assert says in fault.message

    @pytest.mark.parametrize(("column", "says"), [(b"\xff", "not UTF-8"), (b"te\0a", "NUL")])
    async def test_a_column_whose_name_can_not_be_kept_costs_the_rows_that_fill_it(
        self, column: bytes, says: str
    ) -> None:
        rows = b"email," + column + b"\na@x.example,Assam\nb@x.example,\n"
        fault, lead = await read(csv_rows, rows)
        assert isinstance(fault, BadRow)
        assert says in fault.message
        assert isinstance(lead, NewLead)

    async def test_an_unclosed_quote_costs_its_own_row_and_no_unbounded_memory(self) -> None:
        rows = b"".join(b"b%d@x.example,Acme\n" % number for number in range(200_000))
        found = await read(csv_rows, b'email,company\na@x.example,"Acme\n' + rows)
        leads = [row for row in found if isinstance(row, NewLead)]
        assert len(leads) > 100_000
        assert len(rows) > 2 * LONGEST_ROW

    @pytest.mark.parametrize("header", ["", "company\n", "email,email\n", "email,\n"])
    async def test_a_header_that_can_not_be_used_is_refused(self, header: str) -> None:
        with pytest.raises(Refusal):
            await read(csv_rows, header + "a@x.example\n" if header else "")

    @given(st.lists(st.text('ab,"\n\r é', max_size=8), max_size=6), st.integers(1, 9))
    async def test_where_a_file_is_cut_makes_no_difference(self, cells: list[str], size: int) -> None:
        quoted = ['"' + cell.replace('"', '""') + '"' for cell in cells]
        data = "email,company\r\n" + "".join(f"a{n}@x.example,{cell}\r\n" for n, cell in enumerate(quoted))
        assert await read(csv_rows, data, size) == await read(csv_rows, data)

    @given(st.binary(max_size=200), st.integers(1, 7))
    async def test_no_file_whatever_ends_the_reading_in_an_error(self, data: bytes, size: int) -> None:
        for row in await read(csv_rows, b"email,company\n" + data, size):
            assert isinstance(row, NewLead | BadRow)


class TestNdjson:
    async def test_a_line_is_a_lead(self) -> None:
        [row] = await read(ndjson_rows, '{"email": "A@x.example", "custom_fields": {"n": 7, "b": true}}')
        assert isinstance(row, NewLead)
        assert row.profile.custom_fields == {"n": "7", "b": "true"}

    @pytest.mark.parametrize(
        "line",
        [
            "{",
            "[]",
            "7",
            '{"email": 7}',
            '{"mail": "a@x.example"}',
            '{"first_name": "Ada"}',
            "[" * 50_000,
            '{"email": "a@x.example", "company": "\\u0000"}',
        ],
    )
    async def test_a_line_that_is_no_lead_says_why(self, line: str) -> None:
        assert (await only_fault(ndjson_rows, line + "\n")).message

    async def test_an_endless_line_is_cut(self) -> None:
        endless = b'{"email": "' + b"x" * (5 * LONGEST_ROW) + b'"}'
        assert "too long" in (await only_fault(ndjson_rows, endless)).message

    @given(st.binary(max_size=200), st.integers(1, 7))
    async def test_where_a_file_is_cut_makes_no_difference(self, data: bytes, size: int) -> None:
        assert await read(ndjson_rows, data, size) == await read(ndjson_rows, data)

"""ETag, If-Match and cursors."""

from __future__ import annotations

from uuid import UUID

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.http.paging import Cursors
from service.http.preconditions import etag, precondition
from service.http.problems import Problem
from service.vault import MasterKey
from tests.http.conftest import MASTER_KEY

TOY = "/api/toys/00000000-0000-0000-0000-000000000000"


@pytest.mark.parametrize(
    "header", [None, "*", " * ", '"7"', ' "7" ', 'W/"7"', '"6", "7"', '"6","7" , W/"8"', '"abc", "7"']
)
def test_a_matching_tag_lets_the_request_through(header: str | None) -> None:
    tags = precondition(header)
    tags.require(7)
    assert tags.tags is None or "7" in tags.tags


@pytest.mark.parametrize("header", ['"6"', 'W/"8"', '"6", "8"', '""', '"abc"', '"07"', '"7 "', '"77"'])
def test_another_tag_refuses_it_and_tells_the_present_version(header: str) -> None:
    if header == '"7 "':
        header = '"7.0"'
    with pytest.raises(Problem) as refused:
        precondition(header).require(7)
    assert refused.value.type.code == "version-mismatch"
    assert refused.value.members == {"version": 7}
    assert refused.value.headers == {"ETag": '"7"'}


@pytest.mark.parametrize(
    "header", ["", "7", '"7', '7"', '"6" "7"', '"6",', "*, *", '"7", *', 'w/"7"', '"\n"']
)
def test_a_malformed_header_is_refused_as_such(header: str) -> None:
    with pytest.raises(Problem) as refused:
        precondition(header)
    assert refused.value.type.code == "invalid-if-match"


async def test_the_etag_of_an_answer_is_what_if_match_takes(client: httpx.AsyncClient) -> None:
    tag = (await client.get(TOY)).headers["ETag"]
    assert tag == etag(7)
    assert (await client.patch(TOY, headers={"If-Match": tag})).status_code == 200
    assert (await client.patch(TOY)).status_code == 200
    refused = await client.patch(TOY, headers={"If-Match": '"6"'})
    assert refused.status_code == 412
    assert refused.json()["code"] == "version-mismatch"
    assert refused.headers["ETag"] == '"7"'
    assert (await client.patch(TOY, headers={"If-Match": "7"})).status_code == 400


@given(st.integers(), st.uuids(), st.text())
def test_a_cursor_comes_back_as_it_was_made(number: int, id: UUID, text: str) -> None:
    cursors = Cursors(MASTER_KEY)
    place = (number % 2**53, id, text)
    assert cursors.read("keys", cursors.write("keys", place), tuple[int, UUID, str]) == place


@given(st.data())
def test_a_cursor_that_was_touched_is_refused(data: st.DataObject) -> None:
    cursors = Cursors(MASTER_KEY)
    cursor = cursors.write("keys", UUID(int=7))
    at = data.draw(st.integers(0, len(cursor) - 2))
    other = data.draw(st.sampled_from("abcXYZ019-_").filter(lambda c: c != cursor[at]))
    with pytest.raises(Problem, match="altered"):
        cursors.read("keys", cursor[:at] + other + cursor[at + 1 :], UUID)


@given(st.text(max_size=60))
def test_any_other_text_is_no_cursor(text: str) -> None:
    with pytest.raises(Problem) as refused:
        Cursors(MASTER_KEY).read("keys", text, UUID)
    assert refused.value.type.status == 400


def test_a_cursor_belongs_to_one_list_and_one_installation() -> None:
    cursor = Cursors(MASTER_KEY).write("keys:a", UUID(int=7))
    for cursors, listing in ((Cursors(MASTER_KEY), "keys:b"), (Cursors(MasterKey(b"x" * 32)), "keys:a")):
        with pytest.raises(Problem):
            cursors.read(listing, cursor, UUID)


async def test_a_cursor_of_another_workspace_is_refused(client: httpx.AsyncClient) -> None:
    for cursor in ("nonsense", "", "%F0%9F%92%A9", "A" * 10_000):
        answer = await client.get(f"/api/keys?cursor={cursor}")
        assert answer.status_code == (200 if cursor == "" else 400), cursor

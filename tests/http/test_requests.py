"""What a request may hold, and how it is told when it may not."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.http.problems import Problem
from service.http.requests import decode, unacceptable
from tests.http.conftest import World
from tests.http.toys import NewToy

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"not json",
        b'{"name": "bus"} trailing',
        b'{"name": "\xff"}',
        b'{"name": "\xed\xa0\x80"}',
        b'{"name": "\\ud800"}',
        b'{"name": "\\udc00 alone"}',
        b'{"name": NaN}',
        b'{"name": "b\x00s"}',
        b"[" * 100_000 + b"]" * 100_000,
        b'{"extra": ' * 50_000 + b"1" + b"}" * 50_000,
        b'{"extra": {"n": ' + b"9" * 5_000 + b"}}",
        b'{"extra": {"n": 1e999}}',
        "\ufeff{}".encode(),
    ],
)
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(Problem) as refused:
        decode(body, NewToy)
    assert refused.value.type.code == "malformed-json"


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b"[]", ""),
        (b"null", ""),
        (b'"bus"', ""),
        (b"{}", "name"),
        (b'{"name": 5}', "name"),
        (b'{"name": null}', "name"),
        (b'{"name": ""}', "name"),
        (b'{"name": "bus", "color": "red"}', "color"),
        (b'{"name": "bus", "kind": "plane"}', "kind"),
        (b'{"name": "bus", "parts": {}}', "parts"),
        (b'{"name": "bus", "parts": [{"weight": "1"}]}', "parts[0].weight"),
        (b'{"name": "bus", "parts": [{"weight": 1}, {"weight": -1}]}', "parts[1].weight"),
        (b'{"name": "bus", "parts": [{"weight": true}]}', "parts[0].weight"),
        (b'{"name": "bus", "parts": [{"weight": 1.5}]}', "parts[0].weight"),
        (b'{"name": "bus", "parts": [{"weight": 9007199254740992}]}', "parts[0].weight"),
        (b'{"name": "bus", "best": {"weight": 1, "height": 2}}', "best"),
        (b'{"name": "bus", "extra": {"n": 9007199254740992}}', "extra.n"),
        (b'{"name": "bus", "extra": {"n": -9007199254740992}}', "extra.n"),
        (b'{"name": "bus", "extra": {"a": [{"b": "x\\u0000y"}]}}', "extra.a[0].b"),
        (b'{"name": "bus", "extra": {"a\\u0000": 1}}', "extra"),
        (b'{"name": "b\\u0000s"}', "name"),
        (b'{"name": "bus", "due": "2030-01-31T09:00:00"}', "due"),
        (b'{"name": "bus", "due": "tomorrow"}', "due"),
    ],
)
def test_a_wrong_value_is_named_by_its_path(body: bytes, path: str) -> None:
    with pytest.raises(Problem) as refused:
        decode(body, NewToy)
    assert refused.value.type.code == "invalid-value"
    assert [error.path for error in refused.value.errors] == [path]
    assert refused.value.errors[0].message.endswith(".")


@pytest.mark.parametrize("depth", [40, 400, 900])
def test_values_nested_too_deep_are_refused_before_they_exhaust_a_stack(depth: int) -> None:
    deep = b"[" * depth + b"]" * depth
    with pytest.raises(Problem, match="nested"):
        decode(b'{"name": "bus", "extra": {"deep": ' + deep + b"}}", NewToy)


async def test_a_refused_body_is_answered_with_everything_wrong_in_it(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/toys", json={"kind": "plane", "parts": 3, "color": "red"})
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid-value"
    assert {error["path"] for error in answer.json()["errors"]} == {"name", "kind", "parts", "color"}
    answer = await client.post("/api/toys", content=b"{", headers=JSON)
    assert answer.status_code == 400
    assert answer.json()["code"] == "malformed-json"


def test_no_more_than_a_hundred_errors_are_shown() -> None:
    for body in (
        {str(n): n for n in range(500)},
        {"name": "bus", "extra": {str(n): "\0" for n in range(500)}},
    ):
        with pytest.raises(Problem) as refused:
            decode(msgspec.json.encode(body), NewToy)
        assert len(refused.value.errors) == 100


async def test_a_missing_body_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/toys", headers=JSON)
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid-value"
    assert answer.json()["detail"] == "A JSON body is needed."


async def test_a_body_of_another_type_is_refused(client: httpx.AsyncClient) -> None:
    for media_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "json"):
        answer = await client.post(
            "/api/toys", content=b'{"name": "bus"}', headers={"Content-Type": media_type}
        )
        assert answer.status_code == 415, media_type
        assert answer.json()["code"] == "unsupported-media-type"


async def test_json_is_read_by_any_of_its_names_and_without_one(client: httpx.AsyncClient) -> None:
    for media_type in ("application/json; charset=utf-8", "Application/JSON", "application/x+json", None):
        headers = {"Content-Type": media_type} if media_type else {}
        answer = await client.post("/api/toys", content=b'{"name": "bus"}', headers=headers)
        assert answer.status_code == 201, media_type


async def test_a_wrong_parameter_is_named(client: httpx.AsyncClient) -> None:
    wrong = {
        "": [],
        "?size=0": ["size"],
        "?size=11": ["size"],
        "?size=one": ["size"],
        "?size=99999999999999999999": ["size"],
        "?size=1&kind=plane": ["kind"],
        "?size=1&kind=%00": [],
        "?size=1&kind=null": ["kind"],
        "?size=1&due=Null": ["due"],
    }
    for query, paths in wrong.items():
        answer = await client.get(f"/api/toys{query}")
        assert answer.status_code == 400, query
        assert answer.json()["code"] == "invalid-parameter"
        assert [error["path"] for error in answer.json().get("errors", [])] == paths


async def test_an_id_that_is_no_uuid_is_not_found(client: httpx.AsyncClient) -> None:
    for toy in ("1", "not-a-uuid", "%00", "00000000-0000-0000-0000-00000000000g", "a" * 5_000):
        answer = await client.get(f"/api/toys/{toy}")
        assert answer.status_code == 404, toy
        assert answer.json()["code"] == "not-found"


async def test_a_body_over_the_limit_is_refused_however_it_arrives(world: World) -> None:
    small = World(world.pool, world.clock, body_limit_bytes=1024, import_limit_bytes=4096)

    async def in_chunks(size: int) -> AsyncIterator[bytes]:
        for _ in range(0, size, 512):
            yield b" " * 512

    async with await small.client() as client:
        for path, limit in (("/api/toys", 1024), ("/api/toys/import", 4096)):
            for content in (b" " * (limit + 1), in_chunks(limit + 512)):
                answer = await client.post(path, content=content)
                assert answer.status_code == 413, path
                assert answer.json()["code"] == "body-too-large"
                assert answer.json()["max_bytes"] == limit
        assert (await client.post("/api/toys/import", content=in_chunks(4096))).json()["size"] == 4096
    assert small.toys.made == 2, "a stream is read until it passes the limit"


async def test_times_are_answered_in_utc_with_a_z(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/toys", json={"name": "bus", "due": "2030-01-31T09:00:00Z"})
    assert answer.json()["toy"]["due"] == "2030-01-31T09:00:00Z"


documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(st.binary() | documents.map(msgspec.json.encode))
def test_any_body_is_decoded_or_refused_with_a_problem(body: bytes) -> None:
    try:
        decoded = decode(body, NewToy)
    except Problem:
        return
    assert isinstance(decoded, NewToy)


@given(documents)
def test_nothing_that_was_accepted_holds_a_nul_or_a_large_integer(document: object) -> None:
    text = msgspec.json.encode(document)
    if not list(unacceptable(document)):
        assert b"\\u0000" not in text.replace(b"\\\\", b"")

"""Events and bytes: what an older program wrote is read in today's shape, what can't be read is named."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

import pytest

from domain.event import Event, Upcaster
from service.database.pool import Pool
from service.store.appends import StreamWrite
from service.store.codec import Codec
from service.store.errors import UnknownEvent, UnreadableEvent
from service.store.log import EventStore
from tests.store.events import ANY_VERSION, CODEC, UPCASTERS, Counted, Weighed, append, write


class WeighedAtFirst(Event, frozen=True):
    """What ``Weighed`` was in version 1."""

    type: ClassVar[str] = "weighed"
    kilograms: int


async def test_an_event_an_older_program_wrote_is_read_in_its_present_shape(
    pool: Pool, workspace: UUID
) -> None:
    older = EventStore(pool, Codec([WeighedAtFirst]))
    await older.append(
        append(workspace, StreamWrite(stream="a", expected=ANY_VERSION, events=[WeighedAtFirst(kilograms=7)]))
    )
    [recorded] = await EventStore(pool, CODEC).read_stream(workspace, "a")
    assert recorded.event == Weighed(grams=7000, owner=None)


@pytest.mark.parametrize(
    ("version", "payload"),
    [(1, '{"kilograms":7}'), (2, '{"grams":7000}'), (3, '{"grams":7000,"owner":null}')],
)
def test_every_version_leads_to_the_present_one(version: int, payload: str) -> None:
    assert CODEC.decode("weighed", version, payload) == Weighed(grams=7000, owner=None)


def test_an_event_survives_encoding() -> None:
    event = Weighed(grams=1, owner=UUID(int=5))
    assert CODEC.decode("weighed", 3, CODEC.encode(event)) == event


@pytest.mark.parametrize(("type_", "version"), [("sneezed", 1), ("counted", 2), ("counted", 0)])
def test_an_unknown_event_is_named(type_: str, version: int) -> None:
    with pytest.raises(UnknownEvent, match=f"'{type_}' of version {version}"):
        CODEC.decode(type_, version, "{}")


@pytest.mark.parametrize("payload", ["{}", '{"number":"x"}', '{"number":1,"more":2}', "[]", "nonsense"])
def test_a_payload_of_another_shape_is_refused(payload: str) -> None:
    with pytest.raises(UnreadableEvent, match="'counted' of version 1"):
        CODEC.decode("counted", 1, payload)


async def test_an_event_that_cannot_be_read_is_found_by_its_place(
    store: EventStore, pool: Pool, workspace: UUID
) -> None:
    await store.append(append(workspace, write("a", 1, 2)))
    with pytest.raises(UnknownEvent) as caught:
        await EventStore(pool, Codec([])).read_stream(workspace, "a", after_version=1)
    assert caught.value.__notes__ == ["at position 2: version 2 of stream a"]


def test_a_version_without_upcaster_is_noticed_at_the_start() -> None:
    with pytest.raises(ValueError, match="no upcaster from version 2 of 'weighed'"):
        Codec([Weighed], UPCASTERS[:1])


def test_an_upcaster_from_the_present_version_is_noticed_at_the_start() -> None:
    with pytest.raises(ValueError, match="an upcaster from version 3 of 'weighed'"):
        Codec([Weighed], [*UPCASTERS, Upcaster("weighed", 3, dict)])


def test_two_events_of_one_type_are_noticed_at_the_start() -> None:
    with pytest.raises(ValueError, match="Weighed and WeighedAtFirst have the same type"):
        Codec([Weighed, WeighedAtFirst], UPCASTERS)


def test_two_upcasters_from_one_version_are_noticed_at_the_start() -> None:
    with pytest.raises(ValueError, match="two upcasters from version 1 of 'weighed'"):
        Codec([Counted, Weighed], [*UPCASTERS, UPCASTERS[0]])

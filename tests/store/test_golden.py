"""Schema evolution: whatever was ever written is read for ever, and no shape changes without a new version."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

import msgspec
import pytest
from msgspec.structs import asdict, replace

from domain.campaign.events import CampaignPaused, PauseReason
from domain.event import Event, Recorded
from domain.lead.events import NextActionPlanned, SendIntended
from projections.catalogue import ALL
from service.composition import EVENTS
from service.database.pool import Pool
from service.store.appends import Any as AnyVersion
from service.store.appends import Append, Appended, Context, StreamWrite
from service.store.codec import Codec
from service.store.log import EventStore
from tests.kit.histories import states
from tests.projections.tables import folded
from tests.store.golden_files import CODEC, FOLDER, Golden, files, path_of
from tests.store.samples import sample

FILES: Final = tuple(files())
KNOWN: Final = {event.type: event for event in EVENTS}
VERSIONS: Final = [(event, version) for event in EVENTS for version in range(1, event.schema + 1)]
TODAYS: Final = [golden for golden in FILES if golden.version == KNOWN[golden.type].schema]


class SendIntendedAtFirst(Event, frozen=True, kw_only=True):
    """What ``SendIntended`` was in version 1, before there was LinkedIn."""

    type: ClassVar[str] = "send-intended"
    campaign_id: UUID
    send_id: UUID
    node_id: UUID
    sender_id: UUID
    attempt: int


class NextActionPlannedAtFirst(Event, frozen=True, kw_only=True):
    """What ``NextActionPlanned`` was in version 1, before there was LinkedIn."""

    type: ClassVar[str] = "lead-next-action-planned"
    node_id: UUID
    due_at: datetime


class CampaignPausedAtFirst(Event, frozen=True, kw_only=True):
    """The event before there was a bounce guard."""

    type = "campaign-paused"
    reason: PauseReason


AT_FIRST: Final[dict[type[Event], type[Event]]] = {
    CampaignPaused: CampaignPausedAtFirst,
    SendIntended: SendIntendedAtFirst,
    NextActionPlanned: NextActionPlannedAtFirst,
}


@pytest.mark.parametrize(("event", "version"), VERSIONS, ids=lambda value: getattr(value, "type", value))
def test_every_version_of_every_event_is_kept(event: type[Event], version: int) -> None:
    assert path_of(event, version).exists(), (
        "run python -m tests.store.golden_files and commit what it writes"
    )


@pytest.mark.parametrize("golden", FILES, ids=lambda golden: golden.name)
def test_whatever_was_written_is_read_as_todays_event(golden: Golden) -> None:
    event = CODEC.decode(golden.type, golden.version, golden.payload)
    assert type(event) is KNOWN[golden.type]


@pytest.mark.parametrize("golden", TODAYS, ids=lambda golden: golden.name)
def test_what_is_written_today_has_the_bytes_that_were_kept(golden: Golden) -> None:
    event = CODEC.decode(golden.type, golden.version, golden.payload)
    if golden.variant:
        assert CODEC.decode(golden.type, golden.version, CODEC.encode(event)) == event
    else:
        assert CODEC.encode(event) == golden.payload, "the shape has changed: it needs a new version"


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_no_field_joins_an_event_without_a_new_version(event: type[Event]) -> None:
    kept = msgspec.json.decode(path_of(event, event.schema).read_bytes())
    assert set(_fields(kept)) == set(_fields(msgspec.json.decode(CODEC.encode(sample(event)))))


@pytest.mark.parametrize("event", [SendIntended, NextActionPlanned], ids=lambda event: event.type)
def test_an_action_that_nobody_told_was_a_mail_and_one_that_was_told_is_kept(event: type[Event]) -> None:
    kept = {golden.name: golden for golden in FILES if golden.type == event.type}
    early, late, today = (
        CODEC.decode(golden.type, golden.version, golden.payload)
        for golden in (kept[f"{event.type}.{name}.json"] for name in ("v1.early", "v1", "v2"))
    )
    assert late == today
    assert asdict(today)["action"] == "connection_request"
    assert early == replace(today, action="email")


class TestAHistoryOfVersion1:
    def test_amounts_to_the_same_states_and_read_models_as_one_of_today(self) -> None:
        old, new = _history(), [_as_of_today(recorded) for recorded in _history()]
        assert old == new
        assert states(old) == states(new)
        for projection in ALL:
            assert folded(projection, old) == folded(projection, new)
        assert folded(ALL[0], old).rows

    async def test_is_read_from_the_log_as_what_it_would_be_today(
        self, pool: Pool, store_of_today: EventStore
    ) -> None:
        older = [AT_FIRST.get(event, event) for event in EVENTS]
        before, history = EventStore(pool, Codec(older)), _history()
        for recorded in history:
            await _append(before, recorded, _as_at_first(recorded.event))
        versions = await pool.fetch("SELECT type, schema_version, payload FROM events ORDER BY position")
        assert {row["schema_version"] for row in versions} == {1}
        assert [row["payload"].encode() for row in versions] == [bytes(row.payload) for row in _rows()]

        names = list(dict.fromkeys(recorded.stream for recorded in history))
        read = {
            name: [each.event for each in await store_of_today.read_stream(history[0].workspace_id, name)]
            for name in names
        }
        assert read == {name: [each.event for each in history if each.stream == name] for name in names}
        await before.close()

    @pytest.fixture
    async def store_of_today(self, pool: Pool) -> AsyncIterator[EventStore]:
        store = EventStore(pool, CODEC)
        yield store
        await store.close()


class _Row(msgspec.Struct):
    """A row of the log, as an export would tell it."""

    position: int
    workspace_id: UUID
    stream: str
    version: int
    event_id: UUID
    type: str
    schema_version: int
    actor: str
    correlation_id: UUID
    causation_id: UUID | None
    epoch: int | None
    recorded_at: datetime
    payload: msgspec.Raw


def _rows() -> list[_Row]:
    lines = (FOLDER / "history.v1.jsonl").read_bytes().splitlines()
    return [msgspec.json.decode(line, type=_Row) for line in lines]


def _history() -> list[Recorded]:
    """A sample history as it was written when every event was of version 1."""
    history = []
    for row in _rows():
        columns = asdict(row)
        type_, version, payload = (columns.pop(name) for name in ("type", "schema_version", "payload"))
        history.append(Recorded(**columns, event=CODEC.decode(type_, version, bytes(payload))))
    return history


def _as_of_today(recorded: Recorded) -> Recorded:
    """The same, had it been written by the program of today."""
    event = recorded.event
    return replace(recorded, event=CODEC.decode(event.type, event.schema, CODEC.encode(event)))


def _as_at_first(event: Event) -> Event:
    if (older := AT_FIRST.get(type(event))) is None:
        return event
    fields = asdict(event)
    return older(**{name: fields[name] for name in older.__struct_fields__})


async def _append(store: EventStore, recorded: Recorded, event: Event) -> None:
    outcome = await store.append(
        Append(
            workspace_id=recorded.workspace_id,
            writes=[StreamWrite(stream=recorded.stream, expected=AnyVersion(), events=[event])],
            context=Context(
                actor=recorded.actor,
                correlation_id=recorded.correlation_id,
                recorded_at=recorded.recorded_at,
            ),
        )
    )
    assert isinstance(outcome, Appended)


def _fields(value: object, path: str = "") -> Iterator[str]:
    """Where the values of a payload are."""
    match value:
        case dict():
            for name, inner in value.items():
                yield from _fields(inner, f"{path}.{name}")
        case list():
            for inner in value:
                yield from _fields(inner, f"{path}[]")
        case _:
            yield path

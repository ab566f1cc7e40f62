"""Exports: laid out as the specification says, complete, of one workspace only, and themselves a fact of history."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID

import pytest

from service.audit.export import NothingToExport
from service.audit.leaf import LARGEST_INLINE
from service.audit.verify import Wrong, verify
from service.caller import Caller
from service.composition import Liftoff
from service.ids import new_id
from tests.audit.conftest import Exporting
from tests.audit.forging import files_of, read, write
from tests.audit.histories import export as export_of
from tests.audit.histories import public_keys, random_world, store
from tests.kit.world import World


async def test_an_export_holds_every_event_as_it_is_stored(
    liftoff: Liftoff, workspace_id: UUID, export: Exporting, directory: Path
) -> None:
    await export()
    written = await liftoff.history.of_workspace(workspace_id, 0, 10_000)
    rows = [json.loads(entry) for entry in read(directory).entries]
    assert len(rows) == len(written) - 1  # the export itself came after
    for row, event in zip(rows, written, strict=False):
        *columns, payload = row
        if columns[0] == "v1-detached":
            digest, length = payload
            content = (directory / "payload" / digest[:2] / digest).read_text()
            assert (len(content.encode()), content) == (length, event.payload)
        else:
            assert payload == json.loads(event.payload)
        assert columns[1:7] == [
            str(workspace_id),
            event.stream,
            event.version,
            event.position,
            str(event.event_id),
            event.type,
        ]
        assert columns[8:10] == [event.actor, str(event.correlation_id)]
        assert columns[12] == event.recorded_at.isoformat(timespec="microseconds").replace("+00:00", "Z")


async def test_an_event_too_large_for_a_leaf_lies_beside(export: Exporting, directory: Path) -> None:
    await export()
    detached = [path.stat().st_size for path in files_of(directory / "payload")]
    assert detached
    assert min(detached) > LARGEST_INLINE
    assert max(len(entry) for entry in read(directory).entries) <= 0xFFFF


async def test_an_export_is_verified_with_the_known_key_and_with_the_one_it_names(
    liftoff: Liftoff, workspace_id: UUID, export: Exporting, directory: Path, world: World
) -> None:
    await export()
    for keys in (await public_keys(liftoff, workspace_id), []):
        lines = verify(str(directory), keys)
        assert f"events 0 to {len(world.history) - 1} of {len(world.history)}" in lines[0]


async def test_the_export_is_a_fact_of_the_history_and_in_the_next_export(
    export: Exporting, directory: Path, tmp_path: Path
) -> None:
    first = await export()
    second = await export(to=tmp_path / "second")
    assert second.size == first.size + 1
    row = json.loads(read(tmp_path / "second").entries[-1])
    assert (row[6], row[8]) == ("audit-exported", "operator")
    assert row[-1] == {"first": 0, "last": first.last, "size": first.size}


async def test_an_export_goes_back_to_earlier_checkpoints_of_every_key(
    liftoff: Liftoff, workspace_id: UUID, export: Exporting, directory: Path, tmp_path: Path
) -> None:
    await export(to=tmp_path / "first")
    await liftoff.sealing.rotate_key(Caller(workspace_id, "operator", new_id()))
    await export()
    manifest = json.loads((directory / "manifest.json").read_text())
    assert len(manifest["checkpoints"]) >= 2
    old, new = await public_keys(liftoff, workspace_id)
    assert verify(str(directory), [old, new])
    assert verify(str(tmp_path / "first"), [old])
    with pytest.raises(Wrong, match=r"checkpoints/\d+: it is signed by no key that is trusted"):
        verify(str(directory), [new])
    with pytest.raises(Wrong, match=r"manifest.note: it is signed by no key that is trusted"):
        verify(str(directory), [old])


async def test_an_export_tells_nothing_of_other_workspaces(
    liftoff: Liftoff, export: Exporting, directory: Path
) -> None:
    other = random_world(seed=2, steps=50)
    await store(liftoff, other)
    await export()
    assert not [path for path in files_of(directory) if str(other.workspace_id).encode() in path.read_bytes()]


async def test_a_part_of_the_history_is_exported_in_whole_bundles_and_verified(
    export: Exporting, directory: Path
) -> None:
    extent = await export(first=300, last=310)
    assert (extent.first, extent.last) == (256, extent.size - 1)
    assert len(files_of(directory / "tile/entries")) == 1
    assert any("was not judged" in line for line in verify(str(directory)))


@pytest.mark.parametrize(("first", "last"), [(10_000, None), (20, 10), (10_000, 10_001)])
async def test_a_range_without_events_is_refused(export: Exporting, first: int, last: int | None) -> None:
    with pytest.raises(NothingToExport, match="has the events 0 to"):
        await export(first=first, last=last)


async def test_a_directory_that_is_not_empty_is_left_alone(export: Exporting, directory: Path) -> None:
    mine = directory / "mine"
    write(mine, b"")
    with pytest.raises(NothingToExport, match="not empty"):
        await export()
    assert files_of(directory) == [mine]


async def test_a_workspace_without_events_has_nothing_to_export(liftoff: Liftoff, directory: Path) -> None:
    with pytest.raises(NothingToExport, match="no events yet"):
        await export_of(liftoff, new_id(), directory)

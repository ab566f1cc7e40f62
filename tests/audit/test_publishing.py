"""Publishing: every checkpoint reaches every destination, whatever happened in between."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import pytest

from domain import streams
from domain.suppression import PersonSuppressed
from service.audit.checkpoints import Checkpoint, Published
from service.audit.publishing import Directory, Publishing
from service.composition import Liftoff
from service.ids import new_id
from tests.audit.conftest import Happens


class Fragile:
    """A destination that fails at a certain checkpoint, once."""

    def __init__(self, at: int) -> None:
        self.kept: list[Checkpoint] = []
        self._at = at

    def reached(self) -> int:
        return self.kept[-1].serial if self.kept else 0

    def keep(self, checkpoint: Checkpoint) -> None:
        if len(self.kept) == self._at:
            self._at = -1
            raise OSError("no space left")
        self.kept.append(checkpoint)

    def last(self) -> Published | None:
        return None

    def newest(self) -> Sequence[Published]:
        return []

    def set_aside(self, lost: Sequence[Published], go_on_behind: int) -> None:
        raise AssertionError("nothing was lost")


async def all_well() -> bool:
    return True


@pytest.fixture
async def made(liftoff: Liftoff, workspace_id: UUID, happens: Happens) -> list[Checkpoint]:
    """A few checkpoints, oldest first."""
    for _ in range(3):
        await happens(
            streams.suppressions(workspace_id), PersonSuppressed(person_id=new_id(), reason="unsubscribed")
        )
        await liftoff.sealing.catch_up()
    return (await liftoff.checkpoints.page(workspace_id, None, 100))[::-1]


async def test_a_directory_gets_all_checkpoints_and_the_newest_by_its_name(
    liftoff: Liftoff, made: list[Checkpoint], workspace_id: UUID, tmp_path: Path
) -> None:
    await Publishing(liftoff.checkpoints, [Directory(tmp_path)], all_well).catch_up()
    place = tmp_path / str(workspace_id)
    assert (place / "checkpoint").read_text() == made[-1].note
    assert [(place / "checkpoints" / str(each.size)).read_text() for each in made] == [
        each.note for each in made
    ]
    assert Directory(tmp_path).reached() == made[-1].serial


async def test_what_a_failing_destination_lacks_it_gets_the_next_time(
    liftoff: Liftoff, made: list[Checkpoint]
) -> None:
    fragile = Fragile(at=1)
    publishing = Publishing(liftoff.checkpoints, [fragile], all_well)
    with pytest.raises(OSError, match="no space left"):
        await publishing.catch_up()
    await publishing.catch_up()
    await publishing.catch_up()
    assert fragile.kept == made

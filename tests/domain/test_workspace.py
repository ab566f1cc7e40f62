"""A workspace's settings: what changes them, and what they amount to."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from domain import streams
from domain.campaign.events import TextRef
from domain.event import Event, Recorded
from domain.workspace import Workspace, WorkspaceChanged, change, fold

ADDRESS = TextRef(UUID(int=1), "one")
WITH_ADDRESS = Workspace(postal_address=ADDRESS, require_postal_address=True)


def given(*events: Event) -> Workspace:
    """The workspace after ``events``."""
    return fold(
        Recorded(
            position=version,
            workspace_id=UUID(int=5),
            stream=streams.workspace(UUID(int=5)),
            version=version,
            event_id=UUID(int=100 + version),
            recorded_at=datetime(2030, 1, 31, 9, tzinfo=UTC),
            actor="test",
            correlation_id=UUID(int=6),
            causation_id=None,
            epoch=None,
            event=event,
        )
        for version, event in enumerate(events, 1)
    )


def test_what_is_changed_is_what_holds() -> None:
    changed = change(Workspace(), WITH_ADDRESS)
    assert changed == (WorkspaceChanged(postal_address=ADDRESS, require_postal_address=True),)
    assert given(*changed) == WITH_ADDRESS
    assert given(*changed, *change(WITH_ADDRESS, Workspace())) == Workspace()


def test_the_same_words_in_another_document_change_nothing() -> None:
    same = Workspace(postal_address=TextRef(UUID(int=2), "one"), require_postal_address=True)
    assert change(WITH_ADDRESS, same) == ()


def test_the_address_and_its_requirement_change_one_without_the_other() -> None:
    elsewhere = Workspace(postal_address=TextRef(UUID(int=2), "two"), require_postal_address=True)
    optional = Workspace(postal_address=ADDRESS, require_postal_address=False)
    for wanted in (elsewhere, optional):
        assert given(*change(WITH_ADDRESS, wanted)) == wanted


def test_a_workspace_of_which_nothing_is_told_has_decided_nothing() -> None:
    assert given() == given(Event()) == Workspace()


def test_an_address_is_lacked_only_where_it_is_required() -> None:
    assert not Workspace().lacks_postal_address
    assert not WITH_ADDRESS.lacks_postal_address
    assert Workspace(require_postal_address=True).lacks_postal_address

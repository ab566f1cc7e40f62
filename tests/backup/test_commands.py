"""``liftoff backup`` and ``liftoff restore``: what they say and leave, and what they refuse."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.backup.conftest import Past
from tests.cli.inside import run


@pytest.fixture
def settings(empty_database: str) -> Mapping[str, str]:
    """An empty database, and the secret key of the past."""
    return {"LIFTOFF_DATABASE_URL": empty_database, "LIFTOFF_SECRET_KEY": "00" * 32}


def test_a_backup_is_named_by_its_time_and_says_what_it_does_not_hold(database: str, tmp_path: Path) -> None:
    settings = {"LIFTOFF_DATABASE_URL": database}
    taken = run("backup", "--output", str(tmp_path), settings=settings)
    [file] = tmp_path.iterdir()
    assert (taken.code, taken.out) == (0, f"{file}\n")
    assert taken.err.endswith("The secret key is not in it.\n")
    content = file.read_bytes()
    again = run("backup", "--output", str(file), settings=settings)
    assert (again.code, again.out) == (2, "")
    assert "exists already" in again.err
    assert file.read_bytes() == content


def test_a_backup_is_restored_told_of_and_accepted(past: Past, settings: Mapping[str, str]) -> None:
    restored = run("restore", "--input", str(past.backup), settings=settings)
    assert (restored.code, restored.err) == (0, "")
    assert "Nothing is sent until 'liftoff restore accept'" in restored.out
    over_it = run("restore", "--input", str(past.backup), settings=settings)
    assert (over_it.code, over_it.out) == (1, "")
    assert "the database is not empty" in over_it.err

    known = run("restore", "status", settings=settings)
    assert known.code == 0
    first, second = known.out.splitlines()
    assert "from a backup taken at 2030-01-31T09:00:00Z" in first
    assert f"Campaign {past.campaign_id} (acme) is active." in second
    assert "may have been done already: 0." in second  # by the clock of the past they are due in 2030
    assert "are not repeated: 1." in second

    accepted = run("restore", "accept", "--pause", settings=settings)
    assert (accepted.code, accepted.out) == (0, f"{first}\n{second}\nAccepted. Campaigns paused: 1.\n")
    again = run("restore", "accept", settings=settings)
    assert (again.code, again.out) == (1, "")
    assert "nothing to accept" in again.err
    assert run("restore", "status", settings=settings).out == (
        "The database was not restored, or that was accepted.\n"
    )


def test_without_the_secret_key_of_its_time_nothing_is_restored(
    past: Past, settings: Mapping[str, str], tmp_path: Path
) -> None:
    here = tmp_path / "data"
    for other, words in (
        ({**settings, "LIFTOFF_SECRET_KEY": "11" * 32}, "LIFTOFF_SECRET_KEY that was in use"),
        ({"LIFTOFF_DATA_DIR": str(here)}, str(here / "secret.key")),
    ):
        refused = run("restore", "--input", str(past.backup), settings=other)
        assert (refused.code, refused.out) == (2, "")
        assert words in refused.err
    assert not here.exists()
    assert run("backup", "--output", str(tmp_path), settings=settings).code == 3, (
        "the database is still empty"
    )

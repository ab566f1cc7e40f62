"""``liftoff projection`` and ``liftoff audit verify-projections``: what they say, change, and refuse."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, Final

import pytest

from domain.read_models import ProjectionSkipped
from projections.catalogue import ALL
from service.cli.main import main
from service.database.pool import Pool, connect_as_owner
from service.projector.runner import Projector
from service.store.feed import Feed
from tests.cli.processes import liftoff
from tests.kit.histories import lived, of_an_unknown_lead
from tests.projections.conftest import Write, codec, feed, pool, store, write
from tests.projections.driving import catch_up

__all__ = ["codec", "feed", "pool", "store", "write"]

REASON: Final = "The import of this lead was lost with the old system."
EQUAL: Final = "Every read model is equal to it."


@pytest.fixture
def settings(database: str) -> Mapping[str, str]:
    return {"LIFTOFF_DATABASE_URL": database, "LIFTOFF_SECRET_KEY": "0" * 64}


def standings(settings: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """What ``projection status`` says of each."""
    shown = liftoff("projection", "status", settings=settings)
    assert (shown.code, shown.err) == (0, "")
    return {each["name"]: each for each in shown.answer["projections"]}


async def test_a_projection_that_stopped_is_shown_is_not_rebuilt_and_goes_on_without_the_event(
    settings: Mapping[str, str], pool: Pool, feed: Feed, write: Write
) -> None:
    await write(lived())
    (poison,) = await write(of_an_unknown_lead())
    await catch_up(Projector(pool, feed))
    stopped = standings(settings)
    assert stopped.keys() == {each.name for each in ALL}
    assert {name for name, each in stopped.items() if each["status"] == "stopped"} == {"leads"}
    assert stopped["leads"]["poison"] == {
        "position": poison.position,
        "event_id": str(poison.event_id),
        "error": stopped["leads"]["poison"]["error"],
    }
    assert stopped["campaigns"]["position"] == poison.position

    refused = liftoff("projection", "rebuild", "leads", settings=settings)
    assert (refused.code, refused.out) == (1, "")
    assert "can't fold an event" in refused.err
    assert "liftoff projection skip" in refused.err

    skipped = liftoff("projection", "skip", "leads", "--reason", REASON, settings=settings)
    assert skipped.out == (
        f"leads goes on behind position {poison.position}, without the event {poison.event_id}.\n"
    )
    going_on = standings(settings)["leads"]
    assert (going_on["status"], going_on["skipped"]) == ("running", [poison.position])
    recorded = await pool.fetch("SELECT actor, payload FROM events WHERE type = $1", ProjectionSkipped.type)
    assert [row["actor"] for row in recorded] == ["operator"]
    assert REASON not in recorded[0]["payload"]

    rebuilt = liftoff("projection", "rebuild", "--all", settings=settings)
    assert (rebuilt.code, rebuilt.err) == (0, "")
    assert "0 differed and were replaced" in rebuilt.out
    again = liftoff("projection", "skip", "leads", "--reason", REASON, settings=settings)
    assert (again.code, again.out) == (1, "")
    assert "'leads' has not stopped" in again.err


async def test_rows_that_differ_are_named_with_their_event_and_repaired_or_rebuilt(
    settings: Mapping[str, str], database: str, pool: Pool, feed: Feed, write: Write
) -> None:
    await write(lived())
    await catch_up(Projector(pool, feed))
    owner = await connect_as_owner(database, application_name="test")
    await owner.execute("UPDATE leads SET status = 'timed_out'")
    wrong = await owner.fetchval("SELECT count(*) FROM leads")
    assert wrong

    compared = liftoff("audit", "verify-projections", settings=settings)
    assert (compared.code, compared.err) == (1, "")
    assert compared.out.count("status=timed_out") == compared.out.count("parted at position") == wrong
    assert compared.out.splitlines()[-1] == f"{wrong} rows differ."
    assert await owner.fetchval("SELECT count(*) FROM leads WHERE status = 'timed_out'") == wrong

    repaired = liftoff("audit", "verify-projections", "--repair", settings=settings)
    assert repaired.code == 0
    assert f"Repaired: {wrong} rows, at position" in repaired.out
    assert liftoff("audit", "verify-projections", settings=settings).out.splitlines()[-1] == EQUAL

    await owner.execute("DELETE FROM senders")
    rebuilt = liftoff("projection", "rebuild", "senders", settings=settings)
    assert rebuilt.code == 0
    assert rebuilt.out.startswith("senders: ")
    assert await owner.fetchval("SELECT count(*) FROM senders")
    await owner.close()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["projection", "rebuild"], "which projection to rebuild, or --all"),
        (["projection", "rebuild", "leads", "--all"], "which projection to rebuild, or --all"),
        (["projection", "rebuild", "nothing"], "'nothing' is not one of"),
        (["projection", "skip", "leads"], "Missing option '--reason'"),
        (["projection", "skip", "leads", "--reason", "  "], "say why the event is left out"),
        (["projection", "skip", "--reason", REASON], "Missing argument"),
        (["projection", "status", "leads"], "unexpected extra argument"),
        (["projection", "drop"], "No such command 'drop'"),
        (["audit", "verify-projections", "--fix"], "No such option"),
        (["audit", "verify-projections", "leads"], "unexpected extra argument"),
        (["backup"], "Missing option '--output'"),
        (["backup", "--output", "/nowhere/at/all"], "/nowhere/at"),
        (["restore"], "--input FILE"),
        (["restore", "--input", "/nowhere"], "does not exist"),
        (["restore", "--input", __file__], "is no backup"),
        (["restore", "--input", __file__, "accept"], "has no --input"),
        (["restore", "accept", "yes"], "unexpected extra argument"),
    ],
)
def test_wrong_usage_is_told_and_changes_nothing(
    arguments: list[str],
    words: str,
    database: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["liftoff", *arguments])
    monkeypatch.setenv("LIFTOFF_DATABASE_URL", database)
    monkeypatch.setenv("LIFTOFF_SECRET_KEY", "0" * 64)
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr()
    assert (ended.value.code, told.out) == (2, "")
    assert words in told.err

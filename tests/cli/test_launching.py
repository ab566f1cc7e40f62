"""A whole campaign by commands alone: imported, launched, watched."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.inside import run
from tests.cli.processes import LIFTOFF, Ran, Serving, environment


def _ask(service: Serving, *arguments: str) -> Ran:
    return run(*arguments, settings=service.client)


def _new_campaign(service: Serving, name: str, leads: Path, *more: str) -> str:
    """The id of a draft that can be launched, with the leads of a file."""
    sink = next(line.split()[2] for line in service.lines if line.startswith("Mail sink: "))
    sender = _ask(
        *(service, "sender", "create", "--type", "email", "--email-address", f"{name}@example.com"),
        *("--inbox", json.dumps({"smtp_url": sink}), "--warmup-status", "active", "--daily-limit", "500"),
    )
    senders = json.dumps([sender.answer["sender"]["id"]])
    create = ("campaign", "create", "--type", "email", "--name", name, "--sender-account-ids", senders)
    created = _ask(service, *create, *more).answer["campaign"]
    own = ("--campaign-id", created["id"])
    node = (
        "--id",
        created["sequence_nodes"][0]["id"],
        "--subject",
        "Hello",
        "--body",
        "Hello {{first_name}}",
    )
    assert _ask(service, "campaign", "sequence-node", "update", *own, *node).code == 0
    imported = _ask(service, "campaign", "lead", "import", *own, "--file", str(leads))
    assert (imported.code, imported.err) == (0, "")
    assert imported.answer["errors"] == []
    campaign_id: str = created["id"]
    return campaign_id


def _rows(path: Path, count: int) -> Path:
    path.write_text("email,first_name\n" + "".join(f"lead{row}@example.com,Lead\n" for row in range(count)))
    return path


def test_a_launch_is_watched_line_by_line_up_to_its_end(service: Serving, tmp_path: Path) -> None:
    campaign_id = _new_campaign(service, "lines", _rows(tmp_path / "leads.csv", 20))
    watched = _ask(service, "campaign", "launch", "--id", campaign_id, "--watch")
    assert (watched.code, watched.err) == (0, "")
    launch, *standings = map(json.loads, watched.out.splitlines())
    assert launch["prospectsToProcess"] == 20
    assert (standings[-1]["status"], standings[-1]["stats"]["sent"]) == ("completed", 20)
    assert standings[-1]["prospects_by_status"] == {"completed": 20}


def test_a_person_watches_bars(service: Serving, tmp_path: Path) -> None:
    leads = tmp_path / "leads.ndjson"
    leads.write_text('{"email": "ada@example.com", "first_name": "Ada"}\n')
    campaign_id = _new_campaign(service, "bars", leads)
    watched = _ask(service, "campaign", "launch", "--id", campaign_id, "--watch", "--format", "table")
    assert (watched.code, watched.err) == (0, "")
    contacted, finished = watched.out.splitlines()[-2:]
    assert contacted.startswith("• completed: contacted")
    assert finished.startswith("• completed: finished")
    assert "1/1" in finished


def test_ctrl_c_ends_the_watching_and_not_the_campaign(service: Serving, tmp_path: Path) -> None:
    lasting = ("--daily-limit", "1")
    campaign_id = _new_campaign(service, "interrupted", _rows(tmp_path / "leads.csv", 5), *lasting)
    with _started(service, "campaign", "launch", "--id", campaign_id, "--watch") as watching:
        assert watching.stdout is not None
        assert watching.stderr is not None
        assert json.loads(watching.stdout.readline())["success"] is True
        watching.stdout.readline()
        watching.send_signal(signal.SIGINT)
        watching.stdout.read()
        said = watching.stderr.read()
    assert watching.returncode == 130
    assert said == f"\nThe campaign goes on. Its progress: liftoff campaign --id {campaign_id}\n"
    assert _ask(service, "campaign", "--id", campaign_id).answer["campaign"]["status"] in {
        "launching",
        "active",
    }


def test_a_launch_is_set_for_later_and_cancelled(service: Serving, tmp_path: Path) -> None:
    campaign_id = _new_campaign(service, "later", _rows(tmp_path / "leads.csv", 1))
    launch = ("campaign", "launch", "--id", campaign_id)
    later = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    scheduled = _ask(service, *launch, "--launch-at", later)
    assert (scheduled.code, scheduled.answer["message"]) == (0, "Campaign launch scheduled")
    watched = _ask(service, *launch, "--launch-at", later, "--watch")
    assert (watched.code, watched.out) == (2, "")
    cancelled = _ask(service, "campaign", "unschedule", "--id", campaign_id)
    assert cancelled.answer["campaign"]["launch_at"] is None
    assert _ask(service, *launch).answer["prospectsToProcess"] == 1


def test_people_are_suppressed_listed_and_lifted(service: Serving) -> None:
    people = json.dumps([{"email": "eve@example.com"}])
    assert _ask(service, "suppression", "create", "--suppressions", people).answer == {"added": 1, "known": 0}
    [person] = _ask(service, "suppression", "--reason", "manual").answer["suppressions"]
    assert person["email"] == "eve@example.com"
    assert _ask(service, "suppression", "delete", "--id", person["id"]).code == 0
    assert _ask(service, "suppression").answer["suppressions"] == []


@pytest.mark.parametrize("name", ["leads.xlsx", "missing.csv"])
def test_a_file_that_can_not_be_imported_is_a_wrong_use(service: Serving, tmp_path: Path, name: str) -> None:
    (tmp_path / "leads.xlsx").touch()
    own = ("--campaign-id", "01939d3c-1b7e-7c0e-9d3a-0f5b7c9e2a41", "--file", str(tmp_path / name))
    refused = _ask(service, "campaign", "lead", "import", *own)
    assert (refused.code, refused.out) == (2, "")
    assert name in refused.err


def test_an_import_that_is_refused_before_its_end_is_a_refusal(service: Serving, tmp_path: Path) -> None:
    leads = _rows(tmp_path / "leads.csv", 200_000)
    own = ("--campaign-id", "01939d3c-1b7e-7c0e-9d3a-0f5b7c9e2a41", "--file", str(leads))
    refused = _ask(service, "campaign", "lead", "import", *own)
    assert (refused.code, refused.out) == (1, "")
    assert json.loads(refused.err)["code"] == "not-found"


def _started(service: Serving, *arguments: str) -> subprocess.Popen[str]:
    command: Sequence[str] = [LIFTOFF, *arguments]
    return subprocess.Popen(
        command,
        env=environment(service.client),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )

"""The operator's commands, as processes: what they say, and how they end."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from tests.cli.inside import run
from tests.cli.processes import (
    LAST_LINE,
    LIFTOFF,
    MODULE,
    embedded,
    environment,
    forked,
    installed,
    liftoff,
    on,
    serving,
)
from tests.forking import Forked

NOTHING_LISTENS = "postgresql://nobody:secret-word@127.0.0.1:1/liftoff"


def test_a_service_starts_on_nothing_answers_with_the_key_it_printed_and_ends_with_ctrl_c(
    data_dir: Path,
) -> None:
    with installed(embedded(data_dir)) as running:
        assert re.fullmatch("pk_live_[0-9a-f]{64}", running.key)
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", running.url)
        listed = liftoff("campaign", settings=running.client)
        assert (listed.code, listed.err) == (0, "")
        assert listed.answer == {"campaigns": [], "next_cursor": None}
        assert running.interrupt() == 0


def test_a_killed_service_starts_again_with_all_it_had_and_shows_no_key_again(data_dir: Path) -> None:
    with serving(embedded(data_dir)) as first:
        key = first.key
        created = forked(
            *("campaign", "create", "--type", "email", "--name", "Survivor", "--sender-account-ids", "[]"),
            settings=first.client,
        )
        assert created.code == 0
        first.process.kill()
    with serving(embedded(data_dir)) as second:
        assert not any("pk_live_" in line for line in second.lines)
        client = {"LIFTOFF_API_BASE_URL": second.url, "LIFTOFF_API_KEY": key}
        listed = forked("campaign", settings=client).answer
        assert [campaign["name"] for campaign in listed["campaigns"]] == ["Survivor"]


def test_a_key_for_a_new_workspace_can_be_made_beside_a_running_service(data_dir: Path) -> None:
    with serving(embedded(data_dir)) as running:
        made = forked(
            *("key", "create", "--workspace", "acme", "--scope", "campaigns:read", "--expires-in", "90d"),
            settings=embedded(data_dir),
        )
        assert (made.code, made.err) == (0, "")
        assert re.fullmatch("pk_live_[0-9a-f]{64}\n", made.out)
        client = {"LIFTOFF_API_BASE_URL": running.url, "LIFTOFF_API_KEY": made.out.strip()}
        assert forked("campaign", settings=client).answer == {"campaigns": [], "next_cursor": None}
        refused = forked("key", settings=client)
        assert refused.code == 1
        assert "keys:write" in refused.err


@pytest.mark.parametrize("setting", ["LIFTOFF_HTTP_PORT", "LIFTOFF_SMTP_SINK_PORT"])
def test_a_port_that_is_taken_is_told_in_one_line_that_names_the_setting(
    database: str, data_dir: Path, setting: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = run("serve", settings=on(database, data_dir, **{setting: port}))
    assert (refused.code, refused.out) == (2, "")
    [line] = refused.err.splitlines()
    assert setting in line
    assert port in line


def test_a_wrong_setting_stops_every_operators_command_with_one_line() -> None:
    for command in ("serve", "worker", "migrate", "settings"):
        refused = run(command, settings={"LIFTOFF_HTTP_PORT": "many"})
        assert (refused.code, refused.out) == (2, "")
        [line] = refused.err.splitlines()
        assert line.startswith("Error: LIFTOFF_HTTP_PORT must be ")


def test_a_data_directory_that_can_not_be_is_told_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    for command in ("serve", "migrate"):
        refused = run(command, settings=embedded(file))
        assert refused.code in {2, 3}
        [line] = refused.err.splitlines()
        assert "LIFTOFF_DATA_DIR" in line


def test_a_database_that_does_not_answer_is_told_in_one_line_without_its_password() -> None:
    settings = {"LIFTOFF_DATABASE_URL": NOTHING_LISTENS, "LIFTOFF_SECRET_KEY": "0" * 64}
    for command in (["serve"], ["migrate"], ["key", "create", "--workspace", "acme"]):
        refused = run(*command, settings=settings)
        assert (refused.code, refused.out) == (3, "")
        [line] = refused.err.splitlines()
        assert line.startswith("Error: can't use the database at 127.0.0.1:1/liftoff: ")
        assert "secret-word" not in refused.err


def test_a_database_of_another_secret_key_is_refused_in_one_line(database: str, data_dir: Path) -> None:
    with serving(on(database, data_dir, LIFTOFF_SECRET_KEY="1" * 64, LIFTOFF_SMTP_SINK="false")) as running:
        assert not any(line.startswith("Mail sink") for line in running.lines)
        assert running.interrupt() == 0
    refused = run("serve", settings=on(database, data_dir, LIFTOFF_SECRET_KEY="2" * 64))
    assert (refused.code, refused.out) == (2, "")
    [line] = refused.err.splitlines()
    assert "LIFTOFF_SECRET_KEY" in line


def test_migrate_prints_what_it_applied_and_then_that_nothing_is_left(empty_database: str) -> None:
    settings = {"LIFTOFF_DATABASE_URL": empty_database}
    first, second = (run("migrate", settings=settings) for _ in range(2))
    assert first.code == second.code == 0
    assert first.out.splitlines()[0] == "0001_log.sql"
    assert (second.out, second.err) == ("", "The database is up to date.\n")


def test_a_worker_runs_beside_a_service_until_ctrl_c(data_dir: Path) -> None:
    with serving(embedded(data_dir)) as running:
        worker = Forked([MODULE, "worker"], environment(embedded(data_dir)))
        assert worker.stdout.readline() == "The worker runs. Ctrl-C stops it.\n"
        worker.send_signal(signal.SIGINT)
        assert worker.wait(30) == 0
        assert running.lines[-1] == LAST_LINE


def test_settings_are_shown_with_their_meaning_and_secrets_are_masked() -> None:
    shown = run("settings", settings={"LIFTOFF_SECRET_KEY": "a" * 64, "LIFTOFF_HTTP_PORT": "81"})
    assert shown.code == 0
    assert "aaaa" not in shown.out
    rows = {row["name"]: row for row in shown.answer["settings"]}
    assert rows["LIFTOFF_HTTP_PORT"] == {
        "name": "LIFTOFF_HTTP_PORT",
        "value": "81",
        "default": "8080",
        "doc": "the port the API listens on; 0: any free one",
    }


@pytest.mark.parametrize(
    "wrong",
    [
        ["--expires-in", "soon"],
        ["--expires-in", "0d"],
        ["--scope", "everything"],
        ["--workspace", " "],
        ["--workspace", "--help"],
    ],
)
def test_a_key_is_not_made_of_what_can_not_be(wrong: list[str]) -> None:
    refused = run("key", "create", "--workspace", "acme", *wrong, settings={})
    assert (refused.code, refused.out) == (2, "")


def test_a_reader_that_leaves_early_is_no_failure_worth_a_word() -> None:
    with subprocess.Popen(
        [LIFTOFF, "openapi"], env=environment({}), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.wait(30) == 1
        assert process.stderr.read() == b""

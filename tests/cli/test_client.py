"""The client's commands against a real service: what they send, what they print, and what they exit with."""

from __future__ import annotations

import json
import os
import pty
import socket
import subprocess
from pathlib import Path

import pytest

from tests.cli.inside import run
from tests.cli.processes import LIFTOFF, Ran, Serving, environment

NEW = ("campaign", "create", "--type", "email", "--sender-account-ids", "[]", "--name")


def _created(service: Serving, name: str, *more: str) -> str:
    """The id of a new campaign."""
    created = run(*NEW, name, *more, settings=service.client)
    assert (created.code, created.err) == (0, "")
    campaign_id: str = created.answer["campaign"]["id"]
    return campaign_id


def _ask(service: Serving, *arguments: str) -> Ran:
    return run(*arguments, settings=service.client)


def test_a_noun_alone_lists_and_with_an_id_it_gets(service: Serving) -> None:
    campaign_id = _created(service, "listed")
    listed = _ask(service, "campaign", "--status", "draft", "--limit", "200").answer["campaigns"]
    assert campaign_id in [campaign["id"] for campaign in listed]
    one = _ask(service, "campaign", "--id", campaign_id).answer
    assert one["campaign"]["name"] == "listed"
    assert [node["type"] for node in one["sequence_nodes"]] == ["email", "end"]


def test_every_kind_of_flag_reaches_the_api(service: Serving, tmp_path: Path) -> None:
    hours = tmp_path / "hours.json"
    hours.write_text('{"timezone": "Europe/Berlin", "monday": {"start": "09:00", "end": "17:00"}}')
    campaign_id = _created(
        *(service, "flags", "--stop-on-reply", "--no-open-tracking", "--daily-limit", "7"),
        *("--signature", "Grüße\nAda", "--operating-hours", f"@{hours}"),
    )
    one = _ask(service, "campaign", "--id", campaign_id).answer["campaign"]
    assert (one["stop_on_reply"], one["open_tracking"], one["daily_limit"]) == (True, False, 7)
    assert one["signature"] == "Grüße\nAda"
    assert one["operating_hours"]["monday"] == {"start": "09:00", "end": "17:00"}
    cleared = _ask(service, "campaign", "update", "--id", campaign_id, "--daily-limit", "null")
    assert cleared.answer["campaign"]["daily_limit"] is None


def test_the_nodes_of_a_sequence_are_changed_within_their_campaign(service: Serving) -> None:
    campaign_id = _created(service, "sequence")
    node = ("campaign", "sequence-node")
    added = _ask(
        service, *node, "create", "--campaign-id", campaign_id, "--type", "delay", "--delay-days", "1"
    )
    assert [each["type"] for each in added.answer["sequence_nodes"]] == ["email", "delay", "end"]
    delay_id = added.answer["sequence_nodes"][1]["id"]
    own = ("--campaign-id", campaign_id, "--id", delay_id)
    edited = _ask(service, "sequence-node", "update", *own, "--delay-days", "2")
    assert edited.answer["sequence_nodes"][1]["delay_days"] == 2
    moved = _ask(service, *node, "move", *own, "--to-position", "0")
    assert [each["type"] for each in moved.answer["sequence_nodes"]] == ["delay", "email", "end"]
    removed = _ask(service, *node, "delete", *own)
    assert [each["type"] for each in removed.answer["sequence_nodes"]] == ["email", "end"]


def test_a_version_can_be_demanded_with_and_without_its_quotes(service: Serving) -> None:
    campaign_id = _created(service, "versions")
    change = ("campaign", "update", "--id", campaign_id, "--if-match")
    assert _ask(service, *change, "1", "--daily-limit", "5").code == 0
    assert _ask(service, *change, '"2"', "--daily-limit", "6").code == 0
    late = _ask(service, *change, "2", "--daily-limit", "7")
    assert (late.code, late.out) == (1, "")
    assert json.loads(late.err)["code"] == "version-mismatch"


def test_a_repeated_command_with_an_idempotency_key_is_done_once(service: Serving) -> None:
    first, second = (_created(service, "once", "--idempotency-key", "k-1") for _ in range(2))
    assert first == second


def test_what_has_no_answer_prints_nothing(service: Serving) -> None:
    campaign_id = _created(service, "gone")
    assert _ask(service, "campaign", "delete", "--id", campaign_id) == (0, "", "")
    assert _ask(service, "campaign", "--id", campaign_id).code == 1


def test_a_refusal_is_json_for_a_program_and_words_for_a_person(service: Serving) -> None:
    campaign_id = _created(service, "refused")
    launch = ("campaign", "launch", "--id", campaign_id, "--watch")
    refused = _ask(service, *launch)
    assert (refused.code, refused.out) == (1, "")
    assert json.loads(refused.err)["code"] == "no-sender-accounts"
    told = _ask(service, *launch, "--format", "table")
    assert (told.code, told.out) == (1, "")
    assert "(no-pending-leads)" in told.err
    assert f"See {service.url}/problems/no-sender-accounts" in told.err


def test_a_key_is_made_and_revoked_through_the_api_too(service: Serving) -> None:
    made = _ask(service, "key", "create", "--scopes", '["campaigns:read"]').answer
    client = {**service.client, "LIFTOFF_API_KEY": made["secret"]}
    assert run("campaign", settings=client).code == 0
    assert _ask(service, "key", "delete", "--id", made["key"]["id"]).code == 0
    assert run("campaign", settings=client).code == 1


@pytest.mark.parametrize(
    "wrong",
    [
        ["campaign", "fly"],
        ["campaign", "launch"],
        ["campaign", "launch", "--id", ""],
        ["campaign", "launch", "--id", "a\nb"],
        ["campaign", "--limit", "many"],
        ["campaign", "--status", "asleep"],
        ["campaign", "--format", "yaml"],
        ["campaign", "--id", "x", "--as-of", " "],
        [*NEW, "x", "--daily-limit", "1.5"],
        [*NEW, "x", "--operating-hours", "[]"],
        [*NEW, "x", "--operating-hours", "{"],
        [*NEW, "x", "--operating-hours", "@missing.json"],
        [*NEW, "x", "--color", "red"],
        ["campaign", "create", "--name", "x"],
    ],
)
def test_a_wrong_use_is_refused_before_anything_is_sent(wrong: list[str]) -> None:
    refused = run(*wrong, settings={"LIFTOFF_API_BASE_URL": "http://127.0.0.1:1"})
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.splitlines()[-1].startswith("Error: ")


def test_an_address_that_is_none_is_a_wrong_use_of_its_setting() -> None:
    for address in ("localhost:8080", "http://", "http://a:port"):
        refused = run("campaign", settings={"LIFTOFF_API_BASE_URL": address})
        assert (refused.code, refused.out) == (2, ""), address
        assert refused.err.startswith("Error: "), address


def test_a_service_that_does_not_answer_is_told_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    refused = run("campaign", settings={"LIFTOFF_API_BASE_URL": f"http://127.0.0.1:{port}"})
    assert (refused.code, refused.out) == (3, "")
    [line] = refused.err.splitlines()
    assert line.startswith(f"Error: http://127.0.0.1:{port} does not answer: ")


def test_a_missing_or_damaged_key_is_the_apis_to_refuse(service: Serving) -> None:
    for key in ("", "pk_live_", "ключ"):
        refused = run("campaign", settings={**service.client, "LIFTOFF_API_KEY": key})
        assert refused.code == 1
        assert json.loads(refused.err)["code"] == "unauthorized"


def test_a_terminal_is_shown_tables(service: Serving) -> None:
    ours, theirs = pty.openpty()
    arguments = [LIFTOFF, "key", "list"]
    subprocess.run(arguments, env=environment(service.client), stdout=theirs, check=True, timeout=60)
    os.close(theirs)
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        assert "first key" in terminal.read(100_000).decode()

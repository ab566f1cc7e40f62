"""``liftoff audit replay`` and ``liftoff audit explain``: the operator looks back, beside a running service."""

from __future__ import annotations

from uuid import uuid4

from tests.cli.inside import run
from tests.cli.processes import Serving


def test_a_campaign_is_replayed_and_its_events_are_explained(service: Serving) -> None:
    settings, client = service.settings, service.client
    create = ("campaign", "create", "--type", "email", "--name", "Spring", "--sender-account-ids", "[]")
    made = run(*create, settings=client).answer["campaign"]
    rename = ("campaign", "update", "--id", made["id"], "--name", "Summer")
    assert run(*rename, settings=client).code == 0
    first = run("audit", "replay", "--campaign", made["id"], "--as-of", "1", settings=settings)
    assert (first.answer["campaign"]["name"], first.answer["prospects_by_status"]) == ("Spring", {})
    latest = run("audit", "replay", "--campaign", made["id"], settings=settings).answer
    assert latest == run("campaign", "--id", made["id"], settings=client).answer
    events = run("campaign", "events", "--id", made["id"], settings=client).answer["events"]
    explained = run("audit", "explain", events[-1]["id"], settings=settings)
    assert explained.code == 0
    for told in ("campaign-settings-changed", events[-1]["actor"], events[-1]["correlation_id"]):
        assert told in explained.out


def test_what_is_not_there_is_wrong_usage(service: Serving) -> None:
    unknown = str(uuid4())
    for command, said in (
        (("replay", "--campaign", unknown), "There is no campaign"),
        (("replay", "--campaign", unknown, "--as-of", "yesterday"), "neither a version"),
        (("explain", unknown), "There is no event"),
    ):
        refused = run("audit", *command, settings=service.settings)
        assert (refused.code, refused.out) == (2, "")
        assert said in refused.err

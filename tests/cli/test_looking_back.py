"""``liftoff audit replay`` and ``liftoff audit explain``: the operator looks back, beside a running service."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

from tests.cli.processes import embedded, liftoff, serving


def test_a_campaign_is_replayed_and_its_events_are_explained(data_dir: Path) -> None:
    settings = embedded(data_dir)
    with serving(settings) as running:
        create = ("campaign", "create", "--type", "email", "--name", "Spring", "--sender-account-ids", "[]")
        made = liftoff(*create, settings=running.client).answer["campaign"]
        rename = ("campaign", "update", "--id", made["id"], "--name", "Summer")
        assert liftoff(*rename, settings=running.client).code == 0
        first = liftoff("audit", "replay", "--campaign", made["id"], "--as-of", "1", settings=settings)
        assert (first.answer["campaign"]["name"], first.answer["prospects_by_status"]) == ("Spring", {})
        latest = liftoff("audit", "replay", "--campaign", made["id"], settings=settings).answer
        assert latest == liftoff("campaign", "--id", made["id"], settings=running.client).answer
        events = liftoff("campaign", "events", "--id", made["id"], settings=running.client).answer["events"]
        explained = liftoff("audit", "explain", events[-1]["id"], settings=settings)
        assert explained.code == 0
        for told in ("campaign-settings-changed", events[-1]["actor"], events[-1]["correlation_id"]):
            assert told in explained.out


def test_what_is_not_there_is_wrong_usage(data_dir: Path) -> None:
    settings, unknown = embedded(data_dir), str(uuid4())
    for command, said in (
        (("replay", "--campaign", unknown), "There is no campaign"),
        (("replay", "--campaign", unknown, "--as-of", "yesterday"), "neither a version"),
        (("explain", unknown), "There is no event"),
    ):
        refused = liftoff("audit", *command, settings=settings)
        assert (refused.code, refused.out) == (2, "")
        assert said in refused.err

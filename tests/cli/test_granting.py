"""``liftoff credits``: granted by the operator in the database, seen through the API."""

from __future__ import annotations

from pathlib import Path

from tests.cli.processes import embedded, liftoff, serving


def test_credits_are_granted_beside_a_running_service(data_dir: Path) -> None:
    with serving(embedded(data_dir)) as running:
        grant = ("credits", "grant", "--workspace", "default", "--amount")
        first = liftoff(*grant, "10", settings=embedded(data_dir))
        assert (first.code, first.out, first.err) == (0, "10\n", "")
        assert liftoff(*grant, "5", settings=embedded(data_dir)).out == "15\n"
        account = liftoff("credits", settings=running.client).answer
        assert (account["balance"], [entry["actor"] for entry in account["ledger"]]) == (15, ["operator"] * 2)


def test_credits_for_nobody_or_none_at_all_are_wrong_usage(data_dir: Path) -> None:
    for flags, said in (
        (("--workspace", "nobody", "--amount", "1"), "there is no workspace 'nobody'"),
        (("--workspace", "default", "--amount", "0"), "--amount"),
    ):
        refused = liftoff("credits", "grant", *flags, settings=embedded(data_dir))
        assert (refused.code, refused.out) == (2, "")
        assert said in refused.err

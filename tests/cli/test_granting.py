"""``liftoff credits``: granted by the operator in the database, seen through the API."""

from __future__ import annotations

from tests.cli.inside import run
from tests.cli.processes import Serving


def test_credits_are_granted_beside_a_running_service(service: Serving) -> None:
    grant = ("credits", "grant", "--workspace", "default", "--amount")
    first = run(*grant, "10", settings=service.settings)
    assert (first.code, first.out, first.err) == (0, "10\n", "")
    assert run(*grant, "5", settings=service.settings).out == "15\n"
    account = run("credits", settings=service.client).answer
    assert (account["balance"], [entry["actor"] for entry in account["ledger"]]) == (15, ["operator"] * 2)


def test_credits_for_nobody_or_none_at_all_are_wrong_usage(service: Serving) -> None:
    for flags, said in (
        (("--workspace", "nobody", "--amount", "1"), "there is no workspace 'nobody'"),
        (("--workspace", "default", "--amount", "0"), "--amount"),
    ):
        refused = run("credits", "grant", *flags, settings=service.settings)
        assert (refused.code, refused.out) == (2, "")
        assert said in refused.err

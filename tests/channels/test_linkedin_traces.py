"""The LinkedIn client against the double: looking for what may have been done, and at whom an account knows."""

from __future__ import annotations

import pytest

from service.channels.linkedin.client import LinkedInClient
from service.channels.linkedin.port import Ambiguous, Gone, NotNow, Unreachable
from service.channels.linkedin.wire import Timeouts
from tests.channels.linkedin import (
    ACCOUNT,
    ADA,
    ALWAYS,
    account,
    client,
    connect,
    double,
    failing,
    hasty,
    rash,
)
from tests.linkedin.double import Double, as_json
from tests.linkedin.network import Account
from tests.linkedin.orders import Faults, Manners

__all__ = ["account", "client", "double", "hasty", "rash"]

# --- Traces -----------------------------------------------------------------------------------------------------------


async def test_an_invitation_without_an_answer_leaves_a_trace(rash: LinkedInClient, double: Double) -> None:
    assert (await rash.trace_invitation(ACCOUNT, ADA)).kind == "absent"
    failing(double, "invite", silent=ALWAYS)
    assert isinstance(await rash.invite(ACCOUNT, ADA, ""), Ambiguous)
    failing(double)
    assert (await rash.trace_invitation(ACCOUNT, ADA)).kind == "found"
    double.accept(double.network.account(ACCOUNT), double.network.person(ADA))
    assert (await rash.trace_invitation(ACCOUNT, ADA)).kind == "connected"


@pytest.mark.parametrize(("done", "kind"), [(True, "found"), (False, "absent")])
async def test_a_profile_that_tells_nothing_leaves_the_lists_to_be_searched(
    client: LinkedInClient, double: Double, account: Account, done: bool, kind: str
) -> None:
    double.instead["profile"] = as_json({"provider_id": None, "public_identifier": None})
    for number in range(150):
        account.invitations[f"older{number}"] = None
    if done:
        # It stands on the second page, and is spelt otherwise.
        older = dict(account.invitations)
        account.invitations = {ADA.upper(): None}
        account.invitations.update(older)
    assert (await client.trace_invitation(ACCOUNT, ADA)).kind == kind


async def test_an_entry_without_a_name_may_be_anybody(
    client: LinkedInClient, double: Double, account: Account
) -> None:
    account.invitations["bob"] = None
    failing(double, "invitations", nameless=ALWAYS)
    assert (await client.trace_invitation(ACCOUNT, ADA)).kind == "untold"


@pytest.mark.parametrize("asked", ["profile", "invitations", "relations"])
async def test_a_question_without_an_answer_leaves_the_trace_untold(
    hasty: LinkedInClient, double: Double, asked: str
) -> None:
    for odds in ({"busy": ALWAYS}, {"broken": ALWAYS}, {"silent": ALWAYS}):
        failing(double, asked, **odds)
        assert (await hasty.trace_invitation(ACCOUNT, ADA)).kind == "untold", odds


async def test_a_message_without_an_answer_leaves_a_trace(client: LinkedInClient, double: Double) -> None:
    connect(double)
    assert (await client.trace_message(ACCOUNT, ADA, "Hello you")).kind == "absent"
    failing(double, "message", broken_late=ALWAYS)
    assert isinstance(await client.message(ACCOUNT, ADA, "Hello\n you"), Ambiguous)
    failing(double)
    assert (await client.trace_message(ACCOUNT, ADA, "Hello\r\nyou")).kind == "found"
    assert (await client.trace_message(ACCOUNT, ADA, "Something else")).kind == "absent"


async def test_what_the_other_one_said_is_no_trace(
    client: LinkedInClient, double: Double, account: Account
) -> None:
    connect(double)
    double.say(account, double.network.person(ADA), "Hello", own=False)
    assert (await client.trace_message(ACCOUNT, ADA, "Hello")).kind == "absent"


async def test_a_conversation_without_an_id_is_untold(
    client: LinkedInClient, double: Double, account: Account
) -> None:
    connect(double)
    double.say(account, double.network.person(ADA), "Hello", own=True)
    for asked in ("chats", "profile"):
        failing(double, asked, nameless=ALWAYS)
        assert (await client.trace_message(ACCOUNT, ADA, "Hello")).kind == "untold"


# --- People -----------------------------------------------------------------------------------------------------------


async def test_the_latest_relations_come_first_and_no_more_are_asked_for_than_wanted(
    client: LinkedInClient, double: Double, account: Account
) -> None:
    for number in range(250):
        connect(double, f"p{number}")
    assert await client.relations(ACCOUNT, 3) == ["p249", "p248", "p247"]
    assert account.asked["relations"] == 1
    assert await client.relations(ACCOUNT, 1000) == [f"p{number}" for number in reversed(range(250))]
    assert account.asked["relations"] == 4


async def test_relations_without_a_name_are_left_out(client: LinkedInClient, double: Double) -> None:
    connect(double, "ada")
    connect(double, "bob")
    failing(double, nameless=ALWAYS)
    assert await client.relations(ACCOUNT, 10) == ["ada"]


async def test_a_list_that_never_ends_is_not_read_to_its_end(
    client: LinkedInClient, double: Double, account: Account
) -> None:
    double.instead["relations"] = as_json({"items": [{}], "cursor": "again"})
    assert await client.relations(ACCOUNT, 1_000_000) == []


@pytest.mark.parametrize(("status", "kind"), [("GONE", Gone), ("CREDENTIALS", Gone)])
async def test_a_gone_account_has_no_relations(
    client: LinkedInClient, account: Account, status: str, kind: type
) -> None:
    account.status = status
    assert isinstance(await client.relations(ACCOUNT, 10), kind)


async def test_a_person_is_named_by_the_providers_id(client: LinkedInClient, double: Double) -> None:
    provider_id = double.network.person("josé").provider_id
    assert await client.public_name(ACCOUNT, provider_id) == "jos%C3%A9"
    failing(double, nameless=ALWAYS)
    assert await client.public_name(ACCOUNT, provider_id) is None
    failing(double, busy=ALWAYS)
    assert isinstance(await client.public_name(ACCOUNT, provider_id), Unreachable)


# --- All at once ------------------------------------------------------------------------------------------------------


async def test_however_the_provider_fails_nobody_is_invited_twice_who_is_traced_first(
    double: Double, account: Account
) -> None:
    """What the dispatch does in small: repeat what was surely not done, look before repeating what may have been."""
    odds = Faults(busy=0.1, broken=0.05, broken_late=0.05, silent=0.02, nameless=0.02)
    double.manners = Manners(faults=odds, accepting=0.5, accept_after=20)
    names = [f"p{number}" for number in range(60)]
    async with LinkedInClient(double.url, double.api_key, Timeouts(question=0.5, action=0.5)) as client:
        for name in names:
            await persistently_invite(client, name)
    assert account.invited_ever == dict.fromkeys(names, 1)


async def persistently_invite(client: LinkedInClient, name: str) -> None:
    while True:
        outcome = await client.invite(ACCOUNT, name, "")
        if isinstance(outcome, Ambiguous):
            while (trace := await client.trace_invitation(ACCOUNT, name)).kind == "untold":
                pass
            if trace.kind != "absent":
                return
        elif not isinstance(outcome, NotNow):
            return

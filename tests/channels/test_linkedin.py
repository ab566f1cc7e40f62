"""The LinkedIn client against the double: what each answer of the provider becomes, and what it never becomes."""

from __future__ import annotations

import socket

import pytest
from litestar import Response

from service.channels.linkedin.client import LinkedInClient
from service.channels.linkedin.port import (
    AccountRefused,
    AlreadyConnected,
    Ambiguous,
    Done,
    Gone,
    LimitMet,
    Never,
    NotNow,
    Unreachable,
    Usable,
)
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
from tests.linkedin.double import Double, refused
from tests.linkedin.network import Account
from tests.linkedin.orders import Manners
from tests.linkedin.server import LOOPBACK

__all__ = ["account", "client", "double", "hasty", "rash"]

# --- Accounts ---------------------------------------------------------------------------------------------------------


async def test_an_account_that_the_provider_knows_is_usable(client: LinkedInClient) -> None:
    assert await client.look_up(ACCOUNT) == Usable()


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("GONE", Gone),
        ("CREDENTIALS", Gone),
        ("PERMISSIONS", Gone),
        ("ERROR", Unreachable),
        ("STOPPED", Unreachable),
        ("CONNECTING", Unreachable),
    ],
)
async def test_what_the_provider_says_of_an_account_is_what_it_is(
    client: LinkedInClient, account: Account, status: str, kind: type
) -> None:
    account.status = status
    assert isinstance(await client.look_up(ACCOUNT), kind)


async def test_a_provider_that_is_busy_failing_or_silent_is_unreachable(
    hasty: LinkedInClient, double: Double
) -> None:
    for odds in ({"busy": ALWAYS}, {"broken": ALWAYS}, {"silent": ALWAYS}):
        failing(double, **odds)
        assert isinstance(await hasty.look_up(ACCOUNT), Unreachable), odds


async def test_a_key_that_is_not_valid_disconnects_nobody(double: Double) -> None:
    async with LinkedInClient(double.url, "another-key") as stranger:
        assert isinstance(await stranger.look_up(ACCOUNT), Unreachable)
        assert isinstance(await stranger.invite(ACCOUNT, ADA, ""), NotNow)


# --- Inviting ---------------------------------------------------------------------------------------------------------


async def test_an_invitation_arrives_once(client: LinkedInClient, account: Account) -> None:
    done = await client.invite(ACCOUNT, ADA, "Hello")
    assert isinstance(done, Done)
    assert (done.code, done.words.startswith("The provider's id: inv-")) == (201, True)
    assert account.invited_ever == {ADA: 1}


async def test_who_waits_for_an_answer_is_not_invited_again(client: LinkedInClient, account: Account) -> None:
    await client.invite(ACCOUNT, ADA, "")
    assert isinstance(await client.invite(ACCOUNT, ADA, ""), Done)
    assert account.invited_ever == {ADA: 1}


async def test_who_is_connected_is_not_invited(
    client: LinkedInClient, double: Double, account: Account
) -> None:
    connect(double)
    assert isinstance(await client.invite(ACCOUNT, ADA, ""), AlreadyConnected)
    assert account.invited_ever == {}


async def test_a_limit_of_linkedin_is_told_from_a_refusal(client: LinkedInClient, double: Double) -> None:
    double.manners = Manners(invitation_limit=1)
    assert isinstance(await client.invite(ACCOUNT, ADA, ""), Done)
    assert isinstance(await client.invite(ACCOUNT, "bob", ""), LimitMet)


async def test_a_name_that_nobody_has_is_never_invited(client: LinkedInClient, double: Double) -> None:
    double.manners = Manners(missing=frozenset({ADA}))
    assert isinstance(await client.invite(ACCOUNT, ADA, ""), Never)


@pytest.mark.parametrize("status", ["GONE", "CREDENTIALS"])
async def test_an_account_that_must_be_reconnected_does_nothing(
    client: LinkedInClient, double: Double, account: Account, status: str
) -> None:
    connect(double)
    account.status = status
    assert isinstance(await client.invite(ACCOUNT, ADA, ""), AccountRefused)
    assert isinstance(await client.message(ACCOUNT, ADA, "Hi"), AccountRefused)


async def test_a_name_in_another_script_is_found(client: LinkedInClient, account: Account) -> None:
    assert isinstance(await client.invite(ACCOUNT, "jos%C3%A9-n%C3%BA%C3%B1ez", ""), Done)
    assert account.invited_ever == {"josé-núñez": 1}
    assert (await client.trace_invitation(ACCOUNT, "jos%C3%A9-n%C3%BA%C3%B1ez")).kind == "found"


# --- Writing ----------------------------------------------------------------------------------------------------------


async def test_a_message_is_in_the_conversation(
    client: LinkedInClient, double: Double, account: Account
) -> None:
    connect(double)
    assert isinstance(await client.message(ACCOUNT, ADA, "Hällo\nyou"), Done)
    assert [said.text for said in account.chats[ADA]] == ["Hällo\nyou"]


async def test_a_stranger_is_not_written_to(client: LinkedInClient, account: Account) -> None:
    assert isinstance(await client.message(ACCOUNT, ADA, "Hi"), Never)
    assert account.asked["message"] == 0


# --- What goes wrong on the way ---------------------------------------------------------------------------------------


async def test_what_fails_before_the_action_was_surely_not_done(
    hasty: LinkedInClient, double: Double, account: Account
) -> None:
    for odds in ({"busy": ALWAYS}, {"broken": ALWAYS}, {"silent": ALWAYS}, {"nameless": ALWAYS}):
        failing(double, **odds)
        assert isinstance(await hasty.invite(ACCOUNT, ADA, ""), NotNow), odds
    assert account.invited_ever == {}


async def test_a_provider_that_is_not_there_did_nothing() -> None:
    with socket.create_server((LOOPBACK, 0)) as listener:
        port = listener.getsockname()[1]
    async with LinkedInClient(f"http://{LOOPBACK}:{port}", "key") as client:
        assert isinstance(await client.invite(ACCOUNT, ADA, ""), NotNow)
        assert isinstance(await client.look_up(ACCOUNT), Unreachable)
        assert (await client.trace_invitation(ACCOUNT, ADA)).kind == "untold"
        assert isinstance(await client.relations(ACCOUNT, 10), Unreachable)


async def test_null_ids_say_nothing_against_what_was_done(client: LinkedInClient, double: Double) -> None:
    connect(double)
    failing(double, "invite", "message", nameless=ALWAYS)
    assert await client.invite(ACCOUNT, "bob", "") == Done(201, "The provider told no id.")
    assert await client.message(ACCOUNT, ADA, "Hi") == Done(201, "The provider told no id.")


@pytest.mark.parametrize("fault", ["silent", "broken_late", "broken"])
async def test_what_fails_after_the_action_was_sent_is_ambiguous(
    rash: LinkedInClient, double: Double, fault: str
) -> None:
    connect(double)
    failing(double, "invite", "message", **{fault: ALWAYS})
    assert isinstance(await rash.invite(ACCOUNT, "bob", ""), Ambiguous)
    assert isinstance(await rash.message(ACCOUNT, ADA, "Hi"), Ambiguous)


async def test_a_busy_provider_did_nothing(client: LinkedInClient, double: Double, account: Account) -> None:
    failing(double, "invite", busy=ALWAYS)
    assert isinstance(await client.invite(ACCOUNT, ADA, ""), NotNow)
    assert account.invited_ever == {}


@pytest.mark.parametrize(
    ("status", "kind", "expected"),
    [
        (400, "too_many_characters", Never),
        (401, "disconnected_account", AccountRefused),
        (401, "", AccountRefused),
        (401, "missing_credentials", NotNow),
        (403, "account_restricted", AccountRefused),
        (404, "resource_not_found", Never),
        (408, "request_timeout", Ambiguous),
        (422, "already_invited_recently", Done),
        (422, "already_connected", AlreadyConnected),
        (422, "cannot_resend_yet", LimitMet),
        (422, "limit_exceeded", LimitMet),
        (422, "invalid_account", AccountRefused),
        (422, "provider_unreachable", NotNow),
        (422, "cannot_invite_attendee", Never),
        (422, "a_kind_of_tomorrow", Never),
        (429, "too_many_requests", NotNow),
        (500, "provider_error", Ambiguous),
        (503, "service_unavailable", Ambiguous),
        (504, "request_timeout", Ambiguous),
    ],
)
async def test_each_documented_error_of_an_action_has_its_meaning(
    client: LinkedInClient, double: Double, status: int, kind: str, expected: type
) -> None:
    double.instead["invite"] = refused(status, kind, "Title", "Some detail")
    outcome = await client.invite(ACCOUNT, ADA, "")
    assert isinstance(outcome, expected)
    assert "Some detail" in outcome.words


STRANGE = [
    b"",
    b"<html>502</html>",
    b"null",
    b"[]",
    b'"text"',
    b"{",
    b"\xff\xfe",
    b'{"items": 7}',
    b"[" * 5000,
]
STATUSES = [200, 302, 400, 404, 502]


@pytest.mark.parametrize("body", STRANGE, ids=range(len(STRANGE)))
async def test_an_answer_of_another_shape_is_never_raised(
    client: LinkedInClient, double: Double, body: bytes
) -> None:
    connect(double)
    for status in STATUSES:
        canned = Response(body, status_code=status, media_type="text/html")
        trouble: type = Gone if status == 404 else Unreachable
        double.instead = dict.fromkeys(("invite", "message", "look_up"), canned)
        assert isinstance(await client.look_up(ACCOUNT), trouble)
        assert not isinstance(await client.invite(ACCOUNT, "bob", ""), Done) or body == b'{"items": 7}'
        assert not isinstance(await client.message(ACCOUNT, ADA, "Hi"), Done) or body == b'{"items": 7}'
        double.instead |= dict.fromkeys(("profile", "invitations", "relations", "chats", "messages"), canned)
        assert (await client.trace_invitation(ACCOUNT, ADA)).kind == "untold"
        assert (await client.trace_message(ACCOUNT, ADA, "Hi")).kind == "untold"
        assert isinstance(await client.relations(ACCOUNT, 5), trouble)
        await client.public_name(ACCOUNT, "ACoAA")


async def test_no_words_hold_the_key(double: Double) -> None:
    double.instead["look_up"] = refused(500, "x", "Broken", f"for the key {double.api_key}")
    async with LinkedInClient(double.url, double.api_key) as client:
        state = await client.look_up(ACCOUNT)
    assert isinstance(state, Unreachable)
    assert double.api_key not in state.words
    assert "***" in state.words

"""LinkedIn campaigns against a provider that behaves, and one that does not."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from uuid import UUID

import httpx
import pytest
from litestar import Litestar

from domain.quota import WEEK
from service.access import Workspaces
from service.composition import Liftoff, assembled
from service.http.app import Foundation
from service.http.routes import api
from service.ids import new_id
from service.metrics import new_registry
from service.projector.replay import replay_and_compare
from service.serving import projecting
from service.settings import Settings
from tests.api.conftest import client_of, clock
from tests.dispatch.conftest import statuses
from tests.dispatch.linkedin import (
    IMPATIENT,
    LinkedInWorker,
    launch_on_linkedin,
    make_linkedin_sender,
    run_to_the_end,
    working,
)
from tests.http.conftest import MASTER_KEY, MovableClock
from tests.linkedin.double import Double
from tests.linkedin.orders import Faults, Manners
from tests.linkedin.server import running

__all__ = ["clock"]


@pytest.fixture
async def double() -> AsyncIterator[Double]:
    async with running(Double(seed=7)) as provider:
        yield provider


@pytest.fixture
async def liftoff(database: str, clock: MovableClock, double: Double) -> AsyncIterator[Liftoff]:
    """The service, with the double as its provider."""
    settings = Settings(linkedin_url=double.url, linkedin_api_key=double.api_key)
    async with assembled(settings, database, MASTER_KEY, clock) as parts, projecting(parts):
        yield parts


@pytest.fixture
def app(liftoff: Liftoff) -> Litestar:
    return api(
        liftoff,
        Foundation(
            settings=liftoff.settings,
            pool=liftoff.pool,
            clock=liftoff.clock,
            master_key=liftoff.master_key,
            registry=new_registry(),
        ),
    )


@pytest.fixture
async def workspace_id(liftoff: Liftoff) -> UUID:
    return await Workspaces(liftoff.pool, liftoff.clock).take("acme")


@pytest.fixture
async def client(app: Litestar, liftoff: Liftoff, workspace_id: UUID) -> AsyncIterator[httpx.AsyncClient]:
    async with await client_of(app, liftoff, workspace_id) as opened:
        yield opened


@pytest.fixture
async def worker(liftoff: Liftoff, double: Double, clock: MovableClock) -> AsyncIterator[LinkedInWorker]:
    async with working(liftoff, double, clock) as one:
        yield one


@pytest.fixture
async def impatient(liftoff: Liftoff, double: Double, clock: MovableClock) -> AsyncIterator[LinkedInWorker]:
    async with working(liftoff, double, clock, IMPATIENT) as one:
        yield one


class TestThePath:
    async def test_a_lead_is_invited_connected_written_to_and_done(
        self,
        liftoff: Liftoff,
        client: httpx.AsyncClient,
        workspace_id: UUID,
        worker: LinkedInWorker,
        double: Double,
        clock: MovableClock,
    ) -> None:
        sender_id = await make_linkedin_sender(client, "account-1")
        campaign_id = await launch_on_linkedin(liftoff, client, workspace_id, [sender_id], 1)
        assert await worker.work() == 1
        assert await statuses(client, campaign_id) == {"connection_sent": 1}
        account = double.network.account("account-1")
        double.accept(account, double.network.person("lead-0"))
        clock.move(timedelta(hours=2))
        await worker.watch.round()
        assert await statuses(client, campaign_id) == {"connected": 1}
        assert await worker.work() == 0  # the delay of a day is not over
        clock.move(timedelta(days=1))
        assert await worker.work() == 1
        assert await statuses(client, campaign_id) == {"completed": 1}
        assert [said.text for said in account.chats["lead-0"]] == ["Thank you for connecting, friend."]
        stats = (await client.get(f"/api/campaigns/{campaign_id}")).json()["campaign"]["stats"]
        reached = {name for name, count in stats.items() if count}
        assert reached == {
            "total", "connection_sent", "connected", "message_sent", "contacted", "completed",
        }  # fmt: skip

    async def test_who_does_not_answer_times_out(
        self,
        liftoff: Liftoff,
        client: httpx.AsyncClient,
        workspace_id: UUID,
        worker: LinkedInWorker,
        clock: MovableClock,
    ) -> None:
        sender_id = await make_linkedin_sender(client, "account-1")
        campaign_id = await launch_on_linkedin(liftoff, client, workspace_id, [sender_id], 2)
        await worker.work()
        clock.move(timedelta(days=21) - timedelta(seconds=1))
        await worker.watch.round()
        assert await statuses(client, campaign_id) == {"connection_sent": 2}
        clock.move(timedelta(seconds=1))
        await worker.watch.round()
        assert await statuses(client, campaign_id) == {"timed_out": 2}

    async def test_a_reply_ends_the_lead_and_keeps_the_words_sealed(
        self,
        liftoff: Liftoff,
        client: httpx.AsyncClient,
        workspace_id: UUID,
        worker: LinkedInWorker,
    ) -> None:
        sender_id = await make_linkedin_sender(client, "account-1")
        campaign_id = await launch_on_linkedin(liftoff, client, workspace_id, [sender_id], 2)
        await worker.work()
        person_id = await liftoff.pool.fetchval("SELECT person_id FROM roster WHERE ordinal = 0")
        for _ in range(2):  # a webhook may come twice
            async with liftoff.store.transaction() as connection:
                await liftoff.answers.replied(
                    connection, workspace_id, sender_id, person_id, new_id(), "Not interested, sorry"
                )
        assert await statuses(client, campaign_id) == {"replied": 1, "connection_sent": 1}
        assert await liftoff.pool.fetchval("SELECT count(*) FROM events WHERE type = 'lead-replied'") == 1
        assert not await liftoff.pool.fetchval(
            "SELECT count(*) FROM events WHERE payload::text LIKE '%interested%'"
        )
        assert await liftoff.pool.fetchval("SELECT count(*) FROM dispatch_due") == 1

    async def test_who_is_connected_already_is_written_to_without_an_invitation(
        self,
        liftoff: Liftoff,
        client: httpx.AsyncClient,
        workspace_id: UUID,
        worker: LinkedInWorker,
        double: Double,
        clock: MovableClock,
    ) -> None:
        account = double.network.account("account-1")
        double.network.connect(account, double.network.person("lead-0"))
        sender_id = await make_linkedin_sender(client, "account-1")
        campaign_id = await launch_on_linkedin(liftoff, client, workspace_id, [sender_id], 1)
        await worker.work()
        assert await statuses(client, campaign_id) == {"connected": 1}
        clock.move(timedelta(days=1))
        await worker.work()
        assert await statuses(client, campaign_id) == {"completed": 1}
        assert account.invited_ever.total() == 0


class TestLimits:
    async def test_what_a_weekly_limit_holds_back_keeps_nothing_else_waiting(
        self,
        liftoff: Liftoff,
        client: httpx.AsyncClient,
        workspace_id: UUID,
        worker: LinkedInWorker,
        double: Double,
        clock: MovableClock,
    ) -> None:
        sender_id = await make_linkedin_sender(client, "account-1", weekly_connection_limit=3)
        campaign_id = await launch_on_linkedin(liftoff, client, workspace_id, [sender_id], 10)
        assert await worker.work() == 3
        assert await worker.work() == 0
        for name in ("lead-0", "lead-1", "lead-2"):
            double.accept(double.network.account("account-1"), double.network.person(name))
        clock.move(timedelta(days=2))
        await worker.watch.round()
        clock.move(timedelta(days=1))
        assert await worker.work() == 3  # the messages
        assert await statuses(client, campaign_id) == {"completed": 3, "pending": 7}
        clock.move(timedelta(days=4))
        assert await worker.work() == 0  # the hour of the first three counts until its end
        clock.move(timedelta(hours=1))
        assert await worker.work() == 3

    async def test_when_linkedin_lets_an_account_do_no_more_it_rests_for_a_day(
        self,
        liftoff: Liftoff,
        client: httpx.AsyncClient,
        workspace_id: UUID,
        worker: LinkedInWorker,
        double: Double,
        clock: MovableClock,
    ) -> None:
        double.manners = Manners(invitation_limit=2)
        sender_id = await make_linkedin_sender(client, "account-1")
        campaign_id = await launch_on_linkedin(liftoff, client, workspace_id, [sender_id], 5)
        await worker.work()
        assert await statuses(client, campaign_id) == {"connection_sent": 2, "pending": 3}
        clock.move(timedelta(hours=23))
        assert await worker.work() == 0
        double.manners = Manners()
        clock.move(timedelta(hours=1))
        assert await worker.work() == 3

    async def test_an_account_the_provider_refuses_is_closed_and_its_leads_wait(
        self,
        liftoff: Liftoff,
        client: httpx.AsyncClient,
        workspace_id: UUID,
        worker: LinkedInWorker,
        double: Double,
        clock: MovableClock,
    ) -> None:
        sender_id = await make_linkedin_sender(client, "account-1")
        campaign_id = await launch_on_linkedin(liftoff, client, workspace_id, [sender_id], 3)
        double.set_status(double.network.account("account-1"), "CREDENTIALS")
        await worker.work()
        sender = (await client.get(f"/api/senders/{sender_id}")).json()["sender"]
        assert sender["status"] == "disconnected"
        clock.move(timedelta(hours=1))
        assert await worker.work() == 0
        double.set_status(double.network.account("account-1"), "OK")
        await client.post(f"/api/senders/{sender_id}/verify")
        assert await worker.work() == 3
        assert await statuses(client, campaign_id) == {"connection_sent": 3}


class TestDoubts:
    async def test_an_invitation_without_an_answer_is_found_and_not_sent_again(
        self,
        liftoff: Liftoff,
        client: httpx.AsyncClient,
        workspace_id: UUID,
        worker: LinkedInWorker,
        impatient: LinkedInWorker,
        double: Double,
        clock: MovableClock,
    ) -> None:
        sender_id = await make_linkedin_sender(client, "account-1")
        campaign_id = await launch_on_linkedin(liftoff, client, workspace_id, [sender_id], 1)
        double.manners = Manners(faults=Faults(silent=1, only=frozenset({"invite"})))
        await impatient.work()
        double.manners = Manners()
        assert await statuses(client, campaign_id) == {"pending": 1}
        assert await impatient.work() == 0
        clock.move(timedelta(minutes=1))
        await worker.watch.round()
        assert await statuses(client, campaign_id) == {"connection_sent": 1}
        assert double.network.account("account-1").invited_ever == {"lead-0": 1}

    async def test_what_left_no_trace_is_tried_again(
        self,
        liftoff: Liftoff,
        client: httpx.AsyncClient,
        workspace_id: UUID,
        worker: LinkedInWorker,
        double: Double,
        clock: MovableClock,
    ) -> None:
        sender_id = await make_linkedin_sender(client, "account-1")
        campaign_id = await launch_on_linkedin(liftoff, client, workspace_id, [sender_id], 1)
        double.manners = Manners(faults=Faults(broken=1, only=frozenset({"invite"})))
        await worker.work()
        double.manners = Manners()
        for _ in range(2):
            clock.move(timedelta(minutes=1))
            await worker.work()
        assert await statuses(client, campaign_id) == {"connection_sent": 1}
        assert double.network.account("account-1").invited_ever == {"lead-0": 1}

    async def test_invitations_of_a_worker_that_died_are_traced(
        self,
        liftoff: Liftoff,
        client: httpx.AsyncClient,
        workspace_id: UUID,
        worker: LinkedInWorker,
        double: Double,
        clock: MovableClock,
    ) -> None:
        sender_id = await make_linkedin_sender(client, "account-1")
        campaign_id = await launch_on_linkedin(liftoff, client, workspace_id, [sender_id], 4)
        claims = await worker.take()
        await worker.hand_over(claims[:2])  # and then it dies, having told nobody
        survivor = new_id()
        for _ in range(6):
            clock.move(timedelta(seconds=10))
            await liftoff.housekeeping.beat(survivor)
        await liftoff.housekeeping.settle_lost_sends()
        assert await statuses(client, campaign_id) == {"pending": 4}
        clock.move(timedelta(minutes=1))
        await worker.watch.round()
        assert await statuses(client, campaign_id) == {"connection_sent": 2, "pending": 2}
        clock.move(timedelta(minutes=2))
        assert await worker.work() == 2
        assert await statuses(client, campaign_id) == {"connection_sent": 4}
        assert set(double.network.account("account-1").invited_ever.values()) == {1}


async def test_300_leads_against_a_provider_at_its_worst(
    liftoff: Liftoff,
    client: httpx.AsyncClient,
    workspace_id: UUID,
    impatient: LinkedInWorker,
    double: Double,
    clock: MovableClock,
) -> None:
    limits = {"account-1": 80, "account-2": 80, "premium": 100}
    senders = [
        await make_linkedin_sender(client, account, is_premium=account == "premium", daily_limit=100)
        for account in limits
    ]
    campaign_id = await launch_on_linkedin(liftoff, client, workspace_id, senders, 300)
    faults = Faults(busy=0.10, broken=0.05, silent=0.05, nameless=0.02)
    double.manners = Manners(faults=faults, accepting=0.6, accept_after=5)
    await run_to_the_end(liftoff, double, impatient, clock)

    accounts = double.network.accounts
    assert {account: accounts[account].invited_ever.total() > 0 for account in limits} == dict.fromkeys(
        limits, True
    )
    for account, limit in limits.items():
        assert most_within_a_week(impatient.sent_at[account]) <= limit
    invited = sum((account.invited_ever for account in accounts.values()), Counter[str]())
    assert set(invited.values()) == {1}  # nobody twice, by whichever account
    said = Counter(
        name for account in accounts.values() for name, chat in account.chats.items() for _ in chat
    )
    assert set(said.values()) == {1}

    by_status = await statuses(client, campaign_id)
    assert by_status.keys() <= {"completed", "timed_out", "failed", "outcome_unknown"}
    assert sum(by_status.values()) == 300
    stats = (await client.get(f"/api/campaigns/{campaign_id}")).json()["campaign"]["stats"]
    assert stats["total"] == 300
    assert stats["connection_sent"] + by_status.get("failed", 0) >= 300
    assert len(said) == by_status["completed"]
    assert not (await replay_and_compare(liftoff.pool, liftoff.feed)).differences


def most_within_a_week(times: list[datetime]) -> int:
    """The most of the times that any stretch of seven days holds."""
    return max(sum(begin <= time < begin + WEEK for time in times) for begin in times)

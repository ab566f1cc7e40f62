"""LinkedIn campaigns against a provider that behaves, and one that does not."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from uuid import UUID

import httpx
import pytest

from domain.quota import WEEK
from projections.leads import LEADS
from service.composition import Liftoff, assembled
from service.ids import new_id
from service.projector.replay import replay_and_compare
from service.serving import projecting
from service.settings import Settings
from tests.api.fresh import app, client, clock, workspace_id
from tests.api.making import log_of
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

__all__ = ["app", "client", "clock", "workspace_id"]


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


class Scene:
    """A workspace with one LinkedIn account, and what a test does there."""

    def __init__(
        self,
        parts: Liftoff,
        client: httpx.AsyncClient,
        workspace_id: UUID,
        double: Double,
        clock: MovableClock,
    ) -> None:
        self.parts = parts
        self.client = client
        self.workspace_id = workspace_id
        self.double = double
        self.clock = clock
        self.account = double.network.account("account-1")
        self.campaign_id = self.sender_id = UUID(int=0)

    async def launch(self, leads: int, **of_sender: int) -> None:
        """Launch a campaign of so many leads through the account."""
        self.sender_id = await make_linkedin_sender(self.client, self.account.id, **of_sender)
        self.campaign_id = await launch_on_linkedin(
            self.parts, self.client, self.workspace_id, [self.sender_id], leads
        )

    async def statuses(self) -> dict[str, int]:
        """How many of the leads have which status, by everything that has been recorded."""
        recorded = await self.parts.pool.fetchval("SELECT max(position) FROM events")
        assert await self.parts.freshness.reached(recorded, LEADS, patience=60)
        return await statuses(self.client, self.campaign_id)

    async def stats(self) -> dict[str, int]:
        """The milestones that were reached."""
        campaign = (await self.client.get(f"/api/campaigns/{self.campaign_id}")).json()["campaign"]
        return {name: count for name, count in campaign["stats"].items() if count}

    async def accept(self, *names: str) -> None:
        """These people accept the invitation."""
        for name in names:
            self.double.accept(self.account, self.double.network.person(name))


@pytest.fixture
def scene(
    liftoff: Liftoff, client: httpx.AsyncClient, workspace_id: UUID, double: Double, clock: MovableClock
) -> Scene:
    return Scene(liftoff, client, workspace_id, double, clock)


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
        self, scene: Scene, worker: LinkedInWorker
    ) -> None:
        await scene.launch(1)
        assert await worker.work() == 1
        assert await scene.statuses() == {"connection_sent": 1}
        await scene.accept("lead-0")
        scene.clock.move(timedelta(hours=2))
        await worker.watch.round()
        assert await scene.statuses() == {"connected": 1}
        assert await worker.work() == 0  # the delay of a day is not over
        scene.clock.move(timedelta(days=1))
        assert await worker.work() == 1
        assert await scene.statuses() == {"completed": 1}
        assert [said.text for said in scene.account.chats["lead-0"]] == ["Thank you for connecting, friend."]
        reached = {"total", "connection_sent", "connected", "message_sent", "contacted", "completed"}
        assert await scene.stats() == dict.fromkeys(reached, 1)

    async def test_a_reader_sees_what_the_account_did_this_week(
        self, scene: Scene, worker: LinkedInWorker
    ) -> None:
        await scene.launch(3)
        await worker.work()
        await scene.statuses()
        usage = (await scene.client.get(f"/api/senders/{scene.sender_id}")).json()["sender"]["usage"]
        assert usage == {"today_sent": 3, "weekly_connections_sent": 3, "weekly_messages_sent": 0}

    async def test_who_does_not_answer_times_out(self, scene: Scene, worker: LinkedInWorker) -> None:
        await scene.launch(2)
        await worker.work()
        scene.clock.move(timedelta(days=21) - timedelta(seconds=1))
        await worker.watch.round()
        assert await scene.statuses() == {"connection_sent": 2}
        scene.clock.move(timedelta(seconds=1))
        await worker.watch.round()
        assert await scene.statuses() == {"timed_out": 2}

    async def test_a_reply_ends_the_lead_and_keeps_the_words_sealed(
        self, scene: Scene, worker: LinkedInWorker
    ) -> None:
        await scene.launch(2)
        await worker.work()
        parts = scene.parts
        person_id = await parts.pool.fetchval("SELECT person_id FROM roster WHERE ordinal = 0")
        for _ in range(2):  # a webhook may come twice
            async with parts.store.transaction() as connection:
                await parts.answers.replied(
                    connection, scene.workspace_id, scene.sender_id, person_id, new_id(), "Not interested"
                )
        assert await scene.statuses() == {"replied": 1, "connection_sent": 1}
        assert await parts.pool.fetchval("SELECT count(*) FROM events WHERE type = 'lead-replied'") == 1
        assert not [payload for payload in await log_of(parts) if "interested" in payload]
        assert await parts.pool.fetchval("SELECT count(*) FROM dispatch_due") == 1

    async def test_who_is_connected_already_is_written_to_without_an_invitation(
        self, scene: Scene, worker: LinkedInWorker
    ) -> None:
        scene.double.network.connect(scene.account, scene.double.network.person("lead-0"))
        await scene.launch(1)
        await worker.work()
        assert await scene.statuses() == {"connected": 1}
        scene.clock.move(timedelta(days=1))
        await worker.work()
        assert await scene.statuses() == {"completed": 1}
        assert scene.account.invited_ever.total() == 0


class TestLimits:
    async def test_what_a_weekly_limit_holds_back_keeps_nothing_else_waiting(
        self, scene: Scene, worker: LinkedInWorker
    ) -> None:
        await scene.launch(10, weekly_connection_limit=3)
        assert await worker.work() == 3
        assert await worker.work() == 0
        await scene.accept("lead-0", "lead-1", "lead-2")
        scene.clock.move(timedelta(days=2))
        await worker.watch.round()
        scene.clock.move(timedelta(days=1))
        assert await worker.work() == 3  # the messages
        assert await scene.statuses() == {"completed": 3, "pending": 7}
        scene.clock.move(timedelta(days=4))
        assert await worker.work() == 0  # the hour of the first three counts until its end
        scene.clock.move(timedelta(hours=1))
        assert await worker.work() == 3

    async def test_when_linkedin_lets_an_account_do_no_more_it_rests_for_a_day(
        self, scene: Scene, worker: LinkedInWorker
    ) -> None:
        scene.double.manners = Manners(invitation_limit=2)
        await scene.launch(5)
        await worker.work()
        assert await scene.statuses() == {"connection_sent": 2, "pending": 3}
        scene.clock.move(timedelta(hours=23))
        assert await worker.work() == 0
        scene.double.manners = Manners()
        scene.clock.move(timedelta(hours=1))
        assert await worker.work() == 3

    async def test_an_account_the_provider_refuses_is_closed_and_its_leads_wait(
        self, scene: Scene, worker: LinkedInWorker
    ) -> None:
        await scene.launch(3)
        scene.double.set_status(scene.account, "CREDENTIALS")
        await worker.work()
        sender = (await scene.client.get(f"/api/senders/{scene.sender_id}")).json()["sender"]
        assert sender["status"] == "disconnected"
        scene.clock.move(timedelta(hours=1))
        assert await worker.work() == 0
        scene.double.set_status(scene.account, "OK")
        await scene.client.post(f"/api/senders/{scene.sender_id}/verify")
        assert await worker.work() == 3
        assert await scene.statuses() == {"connection_sent": 3}


class TestDoubts:
    async def test_an_invitation_without_an_answer_is_found_and_not_sent_again(
        self, scene: Scene, worker: LinkedInWorker, impatient: LinkedInWorker
    ) -> None:
        await scene.launch(1)
        scene.double.manners = Manners(faults=Faults(silent=1, only=frozenset({"invite"})))
        await impatient.work()
        scene.double.manners = Manners()
        assert await scene.statuses() == {"pending": 1}
        assert await impatient.work() == 0
        scene.clock.move(timedelta(minutes=1))
        await worker.watch.round()
        assert await scene.statuses() == {"connection_sent": 1}
        assert scene.account.invited_ever == {"lead-0": 1}

    async def test_what_left_no_trace_is_tried_again(self, scene: Scene, worker: LinkedInWorker) -> None:
        await scene.launch(1)
        scene.double.manners = Manners(faults=Faults(broken=1, only=frozenset({"invite"})))
        await worker.work()
        scene.double.manners = Manners()
        for _ in range(2):
            scene.clock.move(timedelta(minutes=1))
            await worker.work()
        assert await scene.statuses() == {"connection_sent": 1}
        assert scene.account.invited_ever == {"lead-0": 1}

    async def test_invitations_of_a_worker_that_died_are_traced(
        self, scene: Scene, worker: LinkedInWorker
    ) -> None:
        await scene.launch(4)
        claims = await worker.take()
        await worker.hand_over(claims[:2])  # and then it dies, having told nobody
        housekeeping, survivor = scene.parts.housekeeping, new_id()
        for _ in range(6):
            scene.clock.move(timedelta(seconds=10))
            await housekeeping.beat(survivor)
        await housekeeping.settle_lost_sends()
        assert await scene.statuses() == {"pending": 4}
        scene.clock.move(timedelta(minutes=1))
        await worker.watch.round()
        assert await scene.statuses() == {"connection_sent": 2, "pending": 2}
        scene.clock.move(timedelta(minutes=2))
        assert await worker.work() == 2
        assert await scene.statuses() == {"connection_sent": 4}
        assert set(scene.account.invited_ever.values()) == {1}


async def test_300_leads_against_a_provider_at_its_worst(scene: Scene, impatient: LinkedInWorker) -> None:
    limits = {"account-1": 80, "account-2": 80, "premium": 100}
    senders = [
        await make_linkedin_sender(scene.client, account, is_premium=account == "premium", daily_limit=100)
        for account in limits
    ]
    scene.campaign_id = await launch_on_linkedin(scene.parts, scene.client, scene.workspace_id, senders, 300)
    faults = Faults(busy=0.10, broken=0.05, silent=0.005, nameless=0.02)
    scene.double.manners = Manners(faults=faults, accepting=0.6, accept_after=5)
    await run_to_the_end(scene.parts, scene.double, impatient, scene.clock)

    accounts = scene.double.network.accounts
    for account, limit in limits.items():
        assert 0 < most_within_a_week(impatient.sent_at[account]) <= limit
    invited = sum((account.invited_ever for account in accounts.values()), Counter[str]())
    assert set(invited.values()) == {1}  # nobody twice, by whichever account
    said = Counter(
        name for account in accounts.values() for name, chat in account.chats.items() for _ in chat
    )
    assert set(said.values()) == {1}

    by_status = await scene.statuses()
    assert by_status.keys() <= {"completed", "timed_out", "failed", "outcome_unknown"}
    assert sum(by_status.values()) == 300
    stats = await scene.stats()
    assert stats["total"] == 300
    given_up = by_status.get("failed", 0) + by_status.get("outcome_unknown", 0)
    assert stats["connection_sent"] + given_up >= 300
    # Of an action that nobody could settle, nobody knows whether it was done.
    assert by_status["completed"] <= len(said) <= by_status["completed"] + given_up
    assert not (await replay_and_compare(scene.parts.pool, scene.parts.feed)).differences


def most_within_a_week(times: list[datetime]) -> int:
    """The most of the times that any stretch of seven days holds."""
    return max((sum(begin <= time < begin + WEEK for time in times) for begin in times), default=0)

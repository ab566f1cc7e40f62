"""So many requests per key, and the rest told when to come back."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from service.http.rate_limit import TokenBuckets
from tests.http.conftest import MovableClock, World


async def test_a_key_that_asks_too_often_is_told_when_to_come_back(world: World, clock: MovableClock) -> None:
    limited = World(world.pool, clock, rate_limit_per_second=0.5, rate_limit_burst=3)
    async with await limited.client() as client, await limited.client() as other:
        assert [(await client.get("/api/keys")).status_code for _ in range(3)] == [200] * 3
        refused = await client.get("/api/keys")
        assert refused.status_code == 429
        assert refused.json()["code"] == "rate-limited"
        assert refused.headers["Retry-After"] == "2"
        assert (await other.get("/api/keys")).status_code == 200, "each key has its own bucket"
        assert (await client.get("/health/live")).status_code == 200
        clock.move(timedelta(seconds=2))
        assert (await client.get("/api/keys")).status_code == 200
        assert (await client.get("/api/keys")).status_code == 429


@given(
    per_second=st.floats(0.01, 1000),
    burst=st.integers(1, 100),
    pauses=st.lists(st.floats(0, 10), max_size=300),
)
def test_no_more_than_the_burst_and_the_refill_pass(
    per_second: float, burst: int, pauses: list[float]
) -> None:
    clock, key = MovableClock(), UUID(int=1)
    buckets = TokenBuckets(per_second=per_second, burst=burst, clock=clock)
    passed, start = 0, clock.now()
    for pause in pauses:
        clock.move(timedelta(seconds=pause))
        passed += buckets.take(key) == 0.0
    elapsed = (clock.now() - start).total_seconds()
    assert passed <= burst + elapsed * per_second + 0.001


@given(per_second=st.floats(0.01, 100), burst=st.integers(1, 20))
def test_after_the_told_wait_there_is_a_token(per_second: float, burst: int) -> None:
    clock, key = MovableClock(), UUID(int=1)
    buckets = TokenBuckets(per_second=per_second, burst=burst, clock=clock)
    assert [buckets.take(key) for _ in range(burst)] == [0.0] * burst
    wait = buckets.take(key)
    assert 0 < wait <= 1 / per_second + 0.001
    clock.move(timedelta(seconds=wait, microseconds=10))
    assert buckets.take(key) == 0.0


def test_a_clock_set_back_locks_nobody_out() -> None:
    clock, key = MovableClock(), UUID(int=1)
    buckets = TokenBuckets(per_second=1, burst=1, clock=clock)
    assert buckets.take(key) == 0.0
    clock.move(-timedelta(days=1))
    assert buckets.take(key) <= 1.0


def test_a_crowd_of_keys_does_not_empty_or_fill_a_bucket() -> None:
    clock, key = MovableClock(), UUID(int=1)
    buckets = TokenBuckets(per_second=0.001, burst=2, clock=clock)
    assert buckets.take(key) == 0.0
    for _ in range(25_000):
        buckets.take(uuid4())
    assert buckets.take(key) == 0.0
    assert buckets.take(key) > 0.0

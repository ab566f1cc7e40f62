"""So many requests per key, and the rest told when to come back."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from service.http.rate_limit import TokenBuckets
from tests.http.conftest import MovableClock, World

KEY = UUID(int=1)
NOW = timedelta()
A_MOMENT = timedelta(microseconds=1)


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
    pauses=st.lists(st.timedeltas(NOW, timedelta(seconds=10)), max_size=300),
)
def test_no_more_than_the_burst_and_the_refill_pass(
    per_second: float, burst: int, pauses: list[timedelta]
) -> None:
    clock = MovableClock()
    buckets = TokenBuckets(per_second=per_second, burst=burst, clock=clock)
    passed, start = 0, clock.now()
    for pause in pauses:
        clock.move(pause)
        passed += buckets.take(KEY) == NOW
    refilled = (clock.now() - start) / timedelta(seconds=1 / per_second)
    assert passed <= burst + refilled


@given(per_second=st.floats(0.01, 100), burst=st.integers(1, 20))
def test_a_full_bucket_gives_its_burst_and_after_the_told_wait_one_more(
    per_second: float, burst: int
) -> None:
    clock = MovableClock()
    buckets = TokenBuckets(per_second=per_second, burst=burst, clock=clock)
    assert [buckets.take(KEY) for _ in range(burst)] == [NOW] * burst
    wait = buckets.take(KEY)
    clock.move(wait - A_MOMENT)
    assert buckets.take(KEY) == A_MOMENT
    clock.move(A_MOMENT)
    assert buckets.take(KEY) == NOW


def test_a_clock_set_back_locks_nobody_out() -> None:
    clock = MovableClock()
    buckets = TokenBuckets(per_second=1, burst=1, clock=clock)
    assert buckets.take(KEY) == NOW
    clock.move(-timedelta(days=1))
    assert buckets.take(KEY) <= timedelta(seconds=1)


def test_a_crowd_of_keys_neither_empties_nor_fills_a_bucket() -> None:
    buckets = TokenBuckets(per_second=0.001, burst=2, clock=MovableClock())
    assert buckets.take(KEY) == NOW
    for _ in range(25_000):
        buckets.take(uuid4())
    assert buckets.take(KEY) == NOW
    assert buckets.take(KEY) > NOW

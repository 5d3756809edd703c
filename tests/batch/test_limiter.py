"""The limiter: the room where rows wait, and what it makes of a modelled server.

The second half plays minutes of traffic against models of servers, with a clock that
goes from event to event.
"""

import asyncio
import bisect
import random
from statistics import mean

import pytest

from fireworks_async.batch._interfaces import Demand, Limiter, Outcome
from fireworks_async.batch._limiter import row_limiter
from fireworks_async.errors import RateLimitError
from tests.support.leaks import settle
from tests.support.manual_clock import ManualClock
from tests.support.modelled_server import (
    Bucket,
    ModelledServer,
    Traffic,
    World,
    usage_of,
)


def row(**changes):
    asked = {"endpoint": "/v1/chat/completions", "model": "m", "prompt_bytes": 400}
    return Demand(**asked | changes)


def answer(**changes):
    generated = changes.pop("generated", 20)
    return Outcome(**{"usage": usage_of(100, 0, generated), "e2e": 1.0, **changes})


def levels(**left):
    """Headers of limits of 6,000 tokens a minute each."""
    names = {"prompt": "tokens-prompt", "generated": "tokens-generated"}
    return {
        f"x-ratelimit-{kind}-{names[name]}": str(value)
        for name, remaining in left.items()
        for kind, value in (("limit", 6_000), ("remaining", remaining))
    }


def refusal(**changes):
    error = RateLimitError("no", status_code=429, retry_after=changes.pop("wait", None))
    return Outcome(cause="rate_limit", error=error, **changes)


@pytest.fixture
def clock():
    return ManualClock()


async def waiting(limiter, *demands):
    tasks = [asyncio.create_task(limiter.admit(demand)) for demand in demands]
    await settle()
    return tasks


class TestWaiting:
    async def test_it_is_a_limiter(self, clock):
        limiter: Limiter = row_limiter(clock=clock)
        permit = await limiter.admit(row())
        assert limiter.statistics().in_flight == 1
        permit.settle(answer())
        assert limiter.statistics().in_flight == 0

    async def test_rows_wait_for_a_place_in_the_order_in_which_they_came(self, clock):
        limiter = row_limiter(concurrency=1, clock=clock)
        first = await limiter.admit(row())
        second, third = await waiting(limiter, row(), row())
        assert limiter.statistics().waiting_for is None
        first.settle(answer())
        await settle()
        assert second.done()
        assert not third.done()
        second.result().settle(answer())
        (await third).settle(answer())

    async def test_none_is_admitted_at_once_before_those_that_wait(self, clock):
        limiter = row_limiter(concurrency=2, clock=clock)
        first, second = limiter.admit_now(row()), limiter.admit_now(row())
        assert limiter.admit_now(row()) is None
        (third,) = await waiting(limiter, row())
        first.settle(answer())
        # The place is the third's, whose task has not run yet.
        assert limiter.admit_now(row()) is None
        second.settle(answer())
        fourth = limiter.admit_now(row())
        fourth.settle(answer())
        (await third).settle(answer())
        assert limiter.statistics().in_flight == 0

    async def test_rows_wait_for_budgets_with_one_timer_in_all(self, clock):
        limiter = row_limiter(rpm=60, clock=clock)
        (await limiter.admit(row())).settle(answer())
        tasks = await waiting(limiter, *[row()] * 50)
        assert clock.pending == 1
        assert limiter.statistics().waiting_for == "requests a minute, 1 s"
        for _ in range(3):
            clock.advance(1.0)
            await settle()
        assert sum(task.done() for task in tasks) == 3
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        assert clock.pending == 0

    async def test_a_large_row_is_not_passed_by_small_ones(self, clock):
        limiter = row_limiter(tpm=6_000, clock=clock)
        (await limiter.admit(row(max_tokens=1))).settle(answer(generated=1))
        order = []

        async def send(name, demand):
            permit = await limiter.admit(demand)
            order.append(name)
            permit.settle(answer(generated=1))

        demands = {"large": row(prompt_bytes=8_000, max_tokens=1)}
        demands |= {f"small {n}": row(max_tokens=1) for n in range(3)}
        tasks = [asyncio.create_task(send(*each)) for each in demands.items()]
        await settle()
        while not all(task.done() for task in tasks):
            clock.advance(0.1)
            await settle()
        assert order == list(demands)

    async def test_cancelled_rows_give_nothing_and_leave_nothing(self, clock):
        limiter = row_limiter(concurrency=1, clock=clock)
        first = await limiter.admit(row())
        second, third, fourth = await waiting(limiter, row(), row(), row())
        second.cancel()
        await settle()
        first.settle(answer())
        # Handed the permit, and cancelled in the same step: the next one gets it.
        third.cancel()
        await settle()
        assert third.cancelled()
        assert fourth.done()
        assert limiter.statistics().in_flight == 1
        fourth.result().settle(answer())
        assert limiter.statistics().in_flight == 0

    async def test_no_order_of_events_loses_a_place(self, clock):
        rng = random.Random(5)
        limiter = row_limiter(concurrency=4, rpm=60_000, clock=clock)

        async def send():
            permit = await limiter.admit(row())
            try:
                await asyncio.sleep(0)
            finally:
                permit.settle(answer())

        tasks = []
        for _ in range(2_000):
            tasks.append(asyncio.create_task(send()))
            if rng.random() < 0.3:
                rng.choice(tasks).cancel()
            if rng.random() < 0.5:
                clock.advance(0.001)
                await asyncio.sleep(0)
            assert limiter.statistics().in_flight <= 4
        while not all(task.done() for task in tasks):
            clock.advance(0.01)
            await asyncio.sleep(0)
        assert limiter.statistics().in_flight == 0
        assert clock.pending == 0

    async def test_a_permit_is_settled_once(self, clock):
        permit = await row_limiter(clock=clock).admit(row())
        permit.settle(answer())
        with pytest.raises(AssertionError, match="twice"):
            permit.settle(answer())

    async def test_a_raised_share_lets_rows_through(self, clock):
        limiter = row_limiter(clock=clock)
        limiter.allow(0.5, 0)
        (task,) = await waiting(limiter, row())
        assert not task.done()
        limiter.allow(0.5, 1)
        (await task).settle(answer())

    def test_its_repr_shows_its_state(self, clock):
        assert repr(row_limiter(concurrency=3, clock=clock)) == (
            "<RowLimiter 0/3 in flight, 0 waiting>"
        )


class TestHearing:
    async def test_reported_budgets_are_kept(self, clock):
        limiter = row_limiter(clock=clock)
        permit = await limiter.admit(row())
        permit.settle(answer(headers=levels(prompt=240, generated=6_000)))
        (task,) = await waiting(limiter, row())
        assert limiter.statistics().waiting_for == "prompt tokens, 1 s"
        clock.advance(1.01)
        (await task).settle(answer())

    async def test_rows_sent_before_a_budget_was_known_may_all_be_long_ones(
        self, clock
    ):
        limiter = row_limiter(clock=clock)
        first = await limiter.admit(row(max_tokens=500))
        second = await limiter.admit(row(max_tokens=500))
        first.settle(answer(headers=levels(generated=6_000)))
        assert second.admission.taken.generated == 500
        third = await limiter.admit(row(max_tokens=500))
        assert third.admission.taken.generated == 20

    @pytest.mark.parametrize("left", ["nan", "inf", "many", ""])
    async def test_headers_that_are_no_numbers_are_no_limits(self, clock, left):
        limiter = row_limiter(clock=clock)
        permit = await limiter.admit(row())
        permit.settle(answer(headers=levels(prompt=left)))
        (await limiter.admit(row())).settle(answer())

    async def test_the_herd_waits_when_the_api_asks_one_row_to(self, clock):
        limiter = row_limiter(clock=clock)
        permits = [await limiter.admit(row()) for _ in range(4)]
        permits[0].settle(refusal(wait=30.0))
        (task,) = await waiting(limiter, row())
        assert limiter.statistics().waiting_for == "the API's Retry-After, 30 s"
        clock.advance(29.9)
        await settle()
        assert not task.done()
        clock.advance(0.2)
        for permit in [*permits[1:], await task]:
            permit.settle(answer())

    @pytest.mark.parametrize("of_the_row", [False, True])
    async def test_failures_in_a_row_are_waited_out_but_not_a_bad_rows(
        self, clock, of_the_row
    ):
        limiter = row_limiter(clock=clock)
        for _ in range(4):
            permit = await limiter.admit(row())
            clock.advance(1.0)
            permit.settle(Outcome(cause="connection", of_the_row=of_the_row))
        assert (limiter.admit_now(row()) is not None) is of_the_row

    async def test_an_embedding_generates_nothing(self, clock):
        limiter = row_limiter(tpm=60_000, clock=clock)
        kind = {"endpoint": "/v1/embeddings"}
        for _ in range(3):
            permit = await limiter.admit(row(**kind))
            permit.settle(answer(generated=0))
            clock.advance(1.0)
        permit = await limiter.admit(row(**kind))
        assert permit.admission.need.generated == 0

    async def test_a_row_that_was_never_sent_used_nothing(self, clock):
        limiter = row_limiter(tpm=60_000, clock=clock)
        large = row(prompt_bytes=4_000_000)
        for _ in range(3):
            permit = await limiter.admit(large)
            permit.settle(Outcome(cause="invalid"))

    async def test_dedicated_deployments_are_steered_by_their_queue(self, clock):
        limiter = row_limiter(clock=clock)
        for name in ("prefill-queue-duration", "fireworks-prefill-queue-duration"):
            for _ in range(30):
                permit = await limiter.admit(row())
                permit.settle(answer(perf_metrics={name: 4.0}, e2e=5.0))
        assert [each.reason for each in limiter.history][-1] == "queue"
        assert limiter.statistics().limit < 16


def sizes(prompt=(20, 180), cached=0.0, generated=(40, 120), seed=1):
    rng = random.Random(seed)

    def size(_):
        tokens = rng.randint(*prompt)
        return tokens, int(tokens * cached), rng.randint(*generated)

    return size


MINUTE = {"prompt": 600_000, "uncached": 600_000, "generated": 600_000}


async def play(server, seconds, size=None, *, before=None, **options):
    """Traffic for so long; the last is where the run begins to be looked at."""
    world = server.world
    limiter = row_limiter(clock=world, **options)
    traffic = Traffic(world, server, limiter, size or sizes(), max_tokens=500)
    traffic.started_at = world.time
    async with traffic:
        await world.run(seconds)
        if before is not None:
            before()
            traffic.changed_at = world.time
            await world.run(seconds)
    return traffic


class TestBudgets:
    """Against token budgets: hardly a refusal, and nearly all of it used."""

    @staticmethod
    async def run(budgets, *, seconds=180, period=60.0, size=None, **server):
        world = World()
        buckets = {
            name: Bucket(world, limit, period=period) for name, limit in budgets.items()
        }
        server = ModelledServer(world, budgets=buckets, **server)
        traffic = await play(server, seconds, size)
        start, end = traffic.started_at + 60, world.time
        shares = {
            name: traffic.used(name, start, end) / (limit / period * (end - start))
            for name, limit in budgets.items()
        }
        return max(shares.values()), traffic.share_of("rate_limit", start, end)

    @pytest.mark.slow
    @pytest.mark.parametrize("scarce", ["prompt", "uncached", "generated"])
    async def test_each_of_the_three(self, scarce):
        used, refused = await self.run(
            MINUTE | {scarce: 60_000}, size=sizes(cached=0.3 * (scarce != "uncached"))
        )
        assert used >= 0.95
        assert refused < 0.01

    async def test_all_three_at_once(self):
        budgets = {"prompt": 75_000, "uncached": 52_000, "generated": 60_000}
        used, refused = await self.run(budgets, size=sizes(cached=0.3))
        assert used >= 0.95
        assert refused < 0.01

    @pytest.mark.slow
    @pytest.mark.parametrize("in_steps", [False, True])
    async def test_rows_of_a_quarter_of_a_minute(self, in_steps):
        used, refused = await self.run(
            MINUTE | {"generated": 60_000},
            charges_in_steps=in_steps,
            size=sizes(generated=(75, 225)),
            speed=10.0,
        )
        assert used >= 0.95
        assert refused < 0.01

    @pytest.mark.slow
    async def test_limits_a_second(self):
        """Which the headers do not tell from limits a minute."""
        budgets = {"prompt": 10_000, "generated": 1_000}
        used, refused = await self.run(budgets, period=1.0, charges_in_steps=True)
        assert used >= 0.95
        assert refused < 0.01

    async def test_large_rows_among_small_ones(self):
        """Each a third of what a minute allows; the rest are passed by none of them."""

        def size(number):
            return (20_000, 0, 10) if number % 200 == 199 else (100, 0, 10)

        used, refused = await self.run({"prompt": 60_000}, seconds=240, size=size)
        assert used >= 0.95
        assert refused < 0.01

    async def test_a_fixed_number_of_requests(self):
        traffic = await play(ModelledServer(World()), 180, rpm=600)
        times = [at for at, _ in traffic.admitted]
        most = max(bisect.bisect_left(times, at + 60) - n for n, at in enumerate(times))
        assert most <= 600
        assert len(times) >= 0.95 * 1_800

    async def test_a_fixed_number_of_tokens(self):
        traffic = await play(ModelledServer(World()), 180, tpm=30_000)
        used = [(at, sum(size)) for at, size in traffic.admitted]
        most = max(sum(n for at, n in used if b <= at < b + 60) for b, _ in used[::20])
        # One row's estimate may be short.
        assert most <= 30_300
        assert sum(n for _, n in used) >= 0.95 * 90_000

    async def test_a_fixed_number_of_rows(self):
        server = ModelledServer(World(), capacity=10)
        traffic = await play(server, 30, concurrency=20)
        assert {limit for _, limit in traffic.limits} == {20}


class TestCapacity:
    """A server with so many places changes them."""

    @staticmethod
    async def step(first, then, *, seconds=60, error_rate=0.0, **kind):
        server = ModelledServer(
            World(), capacity=first, error_rate=error_rate, seed=2, **kind
        )

        def change():
            server.capacity = then

        traffic = await play(server, seconds, sizes(generated=(75, 225)), before=change)
        full = then / 1.6 * (1 - error_rate)
        late = traffic.changed_at + 20
        served = [
            traffic.rate(late + 10 * n, late + 10 * n + 10) / full for n in range(4)
        ]
        limits = [limit for at, limit in traffic.limits if at >= late]
        return served, limits, traffic

    @pytest.mark.slow
    @pytest.mark.parametrize(("first", "then"), [(50, 25), (20, 60)])
    async def test_one_that_refuses(self, first, then):
        served, limits, _ = await self.step(first, then)
        assert min(served) >= 0.9
        assert max(limits) <= 1.2 * mean(limits)
        assert min(limits) >= 0.8 * mean(limits)

    @pytest.mark.slow
    @pytest.mark.parametrize(("first", "then"), [(50, 25), (25, 50)])
    @pytest.mark.parametrize("measures", [False, True], ids=["by-ttft", "by-queue"])
    async def test_one_that_lets_rows_queue(self, first, then, measures):
        served, _, traffic = await self.step(
            first, then, queues=True, measures_queue=measures
        )
        assert min(served) >= 0.9
        assert max(served) <= 1.2
        # And does not grow: nobody waits there much longer than is bearable.
        last = traffic.ended[-200:]
        assert mean(each.row.queued for each in last) < 1.0

    @pytest.mark.slow
    async def test_one_that_refuses_with_503s(self):
        served, limits, _ = await self.step(50, 25, refusal="overloaded")
        assert min(served) >= 0.9
        assert max(limits) <= 1.2 * mean(limits)

    async def test_one_that_comes_to_have_twice_as_many(self):
        served, limits, _ = await self.step(12, 25)
        assert min(served) >= 0.9
        assert max(limits) <= 1.2 * mean(limits)

    @pytest.mark.slow
    async def test_server_errors_are_not_taken_for_a_lack_of_places(self):
        served, limits, _ = await self.step(50, 50, error_rate=0.05)
        assert min(served) >= 0.9
        assert min(limits) >= 0.8 * mean(limits)


class TestOutages:
    async def test_a_deployment_scaled_to_zero_is_asked_rarely_then_used_in_full(self):
        server = ModelledServer(World(), capacity=50)
        server.asleep = True
        traffic = await play(server, 100, sizes(generated=(75, 225)))
        told = [e for e in traffic.ended if e.outcome.cause == "scaling_up"]
        # The first rows go out together, then one asks at a time.
        assert len(told) <= 16 + 5
        end = server.world.time
        assert traffic.rate(end - 20, end) >= 0.9 * 50 / 1.6

    async def test_an_outage_is_not_stormed_and_recovered_from(self):
        server = ModelledServer(World(), capacity=50)

        def fall():
            server.down_until = server.world.time + 30

        traffic = await play(server, 80, sizes(generated=(75, 225)), before=fall)
        start = traffic.changed_at
        failed = sum(
            e.outcome.cause == "server" for e in traffic.between(start, start + 30)
        )
        assert failed <= 300
        end = server.world.time
        assert traffic.rate(end - 20, end) >= 0.9 * 50 / 1.6

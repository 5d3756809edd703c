"""Time limits of many calls by one timer: never early, hardly late, never confused."""

import asyncio
import contextlib
import random

import anyio
import pytest

from fireworks_async._net.watchdog import GRAIN, Watchdog
from fireworks_async._policy.timeouts import Timeout
from fireworks_async.errors import (
    APIConnectionError,
    APITimeoutError,
    ClientClosedError,
    StreamStateError,
)
from tests.support.leaks import settle
from tests.support.manual_clock import ManualClock


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def watchdog(clock):
    return Watchdog(clock)


def only(**limits):
    return Timeout(**{"connect": None, "receive": None, **limits})


async def wait_in(limit, phase="receive", wait=None):
    with limit.during(phase):
        await (wait or asyncio.Event()).wait()


async def begin(*waits):
    tasks = [asyncio.create_task(each) for each in waits]
    await settle()
    return tasks


async def timed_out(task):
    with pytest.raises(APITimeoutError) as caught:
        await task
    assert task.cancelling() == 0
    return caught.value


class TestWhen:
    async def test_not_before_the_limit(self, clock, watchdog):
        (task,) = await begin(wait_in(watchdog.limit(only(receive=2))))
        clock.advance(1.999)
        await settle()
        assert not task.done()
        clock.advance(0.001)
        await timed_out(task)

    async def test_never_early_and_late_by_the_grain_at_most(self, clock, watchdog):
        rng = random.Random(5)
        ended = {}

        async def wait(number, seconds, begin_after):
            await clock.sleep(begin_after)
            due = clock.now() + seconds
            with pytest.raises(APITimeoutError):
                await wait_in(watchdog.limit(only(receive=seconds)))
            ended[number] = clock.now() - due

        tasks = await begin(
            *(wait(n, rng.uniform(0.001, 3), rng.uniform(0, 3)) for n in range(300))
        )
        while clock.next_at is not None:
            clock.advance(clock.next_at - clock.time)
            await settle()
        await asyncio.gather(*tasks)
        assert len(ended) == 300
        assert min(ended.values()) >= 0
        assert max(ended.values()) <= GRAIN + 1e-9

    async def test_restarted_the_limit_counts_anew(self, clock, watchdog):
        limit = watchdog.limit(only(receive=2))
        (task,) = await begin(wait_in(limit))
        for _ in range(5):
            clock.advance(1.9)
            limit.during("receive")
            await settle()
        assert not task.done()
        clock.advance(2 + GRAIN)
        await timed_out(task)

    async def test_between_the_waits_no_time_counts(self, clock, watchdog):
        limit = watchdog.limit(only(receive=2))
        for _ in range(3):
            ready = asyncio.Event()
            (task,) = await begin(wait_in(limit, wait=ready))
            clock.advance(1.5)
            ready.set()
            await task
            clock.advance(100)
            await settle()

    async def test_a_read_is_ended_with_an_error_of_its_own(self, clock, watchdog):
        limit, another = (watchdog.limit(only(receive=s)) for s in (2, 5))
        ended, others = [], []
        for each, end in ((limit, ended), (another, others)):
            each.guard(end.append)
            each.watch(clock.now(), 0.0)
        clock.advance(1.999)
        assert not ended
        clock.advance(0.001 + GRAIN)
        (error,) = ended
        assert error.phase == "receive"
        # And only once, though the timer goes on for others.
        clock.advance(100)
        assert (len(ended), len(others)) == (1, 1)

    async def test_a_silence_goes_on_with_what_was_waited(self, clock, watchdog):
        limit = watchdog.limit(only(receive=2))
        ended = []
        limit.guard(ended.append)
        limit.watch(clock.now(), 1.5)
        clock.advance(0.499)
        assert not ended
        clock.advance(0.001 + GRAIN)
        assert len(ended) == 1
        with pytest.raises(APITimeoutError):
            limit.watch(clock.now(), 2.0)

    async def test_at_rest_no_time_counts(self, clock, watchdog):
        limit = watchdog.limit(only(receive=2))
        ended = []
        limit.guard(ended.append)
        limit.watch(clock.now(), 0.0)
        limit.rest()
        clock.advance(100)
        assert not ended

    @pytest.mark.parametrize("reading", [True, False])
    async def test_an_abort_ends_the_answer(self, clock, watchdog, reading):
        limit = watchdog.limit(only(receive=2))
        ended = []
        limit.guard(ended.append)
        limit.watch(clock.now(), 0.0)
        if not reading:
            limit.rest()
        watchdog.abort_all(lambda: ClientClosedError("closed"))
        assert [type(error) for error in ended] == [ClientClosedError]

    async def test_each_phase_has_its_own_limit(self, clock, watchdog):
        timeout = Timeout(pool=1, connect=2, receive=3)
        for phase, seconds in (("pool", 1), ("connect", 2), ("receive", 3)):
            (task,) = await begin(wait_in(watchdog.limit(timeout), phase))
            clock.advance(seconds - 0.001)
            await settle()
            assert not task.done()
            clock.advance(0.001 + GRAIN)
            assert (await timed_out(task)).phase == phase

    async def test_a_later_phase_takes_the_place_of_an_earlier(self, clock, watchdog):
        limit = watchdog.limit(Timeout(connect=1, receive=5))
        (task,) = await begin(wait_in(limit, "connect"))
        clock.advance(0.9)
        limit.during("receive")
        clock.advance(4.9)
        await settle()
        assert not task.done()
        clock.advance(0.1 + GRAIN)
        assert (await timed_out(task)).phase == "receive"

    async def test_without_limits_nothing_ever_ends(self, clock, watchdog):
        (task,) = await begin(wait_in(watchdog.limit(Timeout.of(None))))
        assert clock.scheduled == 0
        clock.advance(1e9)
        await settle()
        assert not task.done()
        task.cancel()


class TestTotal:
    async def test_counts_from_the_making_of_the_limit(self, clock, watchdog):
        limit = watchdog.limit(only(total=5, receive=3))
        clock.advance(4)
        (task,) = await begin(wait_in(limit))
        clock.advance(1 + GRAIN)
        error = await timed_out(task)
        assert error.phase == "total"
        assert str(error) == "not done within 5 s in all"

    async def test_is_not_restarted(self, clock, watchdog):
        limit = watchdog.limit(only(total=5, receive=3))
        (task,) = await begin(wait_in(limit))
        clock.advance(2.5)
        limit.during("receive")
        clock.advance(2.5 + GRAIN)
        assert (await timed_out(task)).phase == "total"

    async def test_the_phase_ends_first_when_it_is_shorter(self, clock, watchdog):
        (task,) = await begin(wait_in(watchdog.limit(only(total=5, receive=3))))
        clock.advance(3 + GRAIN)
        assert (await timed_out(task)).phase == "receive"

    async def test_that_has_run_out_ends_a_wait_as_it_begins(self, clock, watchdog):
        limit = watchdog.limit(only(total=1))
        clock.advance(2)
        (task,) = await begin(wait_in(limit))
        clock.advance(0)
        assert (await timed_out(task)).phase == "total"

    async def test_as_a_phase_of_its_own(self, clock, watchdog):
        (task,) = await begin(wait_in(watchdog.limit(only(total=2)), "total"))
        clock.advance(2)
        await timed_out(task)
        (task,) = await begin(wait_in(watchdog.limit(only(receive=2)), "total"))
        clock.advance(100)
        await settle()
        assert not task.done()
        task.cancel()


@pytest.mark.parametrize(
    ("phase", "text"),
    [
        ("pool", "not admitted within 0.5 s: too many calls are in flight"),
        ("connect", "no connection within 0.5 s"),
        ("receive", "nothing received for 0.5 s"),
        ("total", "not done within 0.5 s in all"),
    ],
)
async def test_the_error_says_what_was_waited_for(clock, watchdog, phase, text):
    (task,) = await begin(wait_in(watchdog.limit(only(**{phase: 0.5})), phase))
    clock.advance(0.5)
    error = await timed_out(task)
    assert isinstance(error, (APIConnectionError, TimeoutError))
    assert (error.phase, str(error)) == (phase, text)


class TestOneTimer:
    async def test_for_a_thousand_limits(self, clock, watchdog):
        limits = [watchdog.limit(only(receive=300)) for _ in range(1_000)]
        tasks = await begin(*(wait_in(limit) for limit in limits))
        assert len(watchdog) == 1_000
        assert (clock.pending, clock.scheduled) == (1, 1)
        for _ in range(20):
            clock.advance(1)
            for limit in limits:
                limit.during("receive")
        assert (clock.pending, clock.scheduled) == (1, 1)
        for task in tasks:
            task.cancel()

    async def test_looks_twenty_times_a_second_at_most(self, clock, watchdog):
        tasks = await begin(
            *(wait_in(watchdog.limit(only(receive=1 + n / 1000))) for n in range(1_000))
        )
        clock.advance(3)
        await asyncio.gather(*tasks, return_exceptions=True)
        assert clock.scheduled <= 1 + 1 / GRAIN + 2

    async def test_is_moved_for_a_limit_that_ends_before_it(self, clock, watchdog):
        (long,) = await begin(wait_in(watchdog.limit(only(receive=300))))
        (short,) = await begin(wait_in(watchdog.limit(only(receive=1))))
        assert clock.pending == 1
        clock.advance(1)
        await timed_out(short)
        assert not long.done()
        assert clock.pending == 1
        clock.advance(299)
        await timed_out(long)

    async def test_stops_when_nobody_waits(self, clock, watchdog):
        ready = asyncio.Event()
        (task,) = await begin(wait_in(watchdog.limit(only(receive=1)), wait=ready))
        ready.set()
        await task
        clock.advance(2)
        assert clock.pending == 0


class TestForgetting:
    async def test_a_closed_limit_is_not_kept(self, watchdog):
        limit = watchdog.limit(only(receive=1))
        limit.close()
        limit.close()
        assert len(watchdog) == 0

    async def test_a_closed_watchdog_looks_no_more(self, clock, watchdog):
        (task,) = await begin(wait_in(watchdog.limit(only(receive=1))))
        watchdog.close()
        watchdog.close()
        clock.advance(10)
        await settle()
        assert not task.done()
        assert clock.pending == 0
        task.cancel()


class TestSomebodyElseCancels:
    async def test_the_cancellation_goes_through(self, clock, watchdog):
        (task,) = await begin(wait_in(watchdog.limit(only(receive=1))))
        task.cancel("why")
        with pytest.raises(asyncio.CancelledError, match="why"):
            await task
        clock.advance(5)

    @pytest.mark.parametrize("first", ["cancel", "timeout"])
    async def test_in_the_same_step_and_goes_first(self, clock, watchdog, first):
        counts = []

        async def wait():
            try:
                await wait_in(watchdog.limit(only(receive=1)))
            finally:
                counts.append(asyncio.current_task().cancelling())

        (task,) = await begin(wait())
        if first == "cancel":
            task.cancel()
        clock.advance(1)
        if first == "timeout":
            task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        # The limit has taken its own cancellation back, and left the other.
        assert counts == [1]

    async def test_before_the_wait_began(self, clock, watchdog):
        """A task that is being cancelled and still waits, say to clean up."""
        outcome = []

        async def clean_up():
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                try:
                    await wait_in(watchdog.limit(only(receive=1)))
                except APITimeoutError as error:
                    outcome.append((error.phase, asyncio.current_task().cancelling()))
                raise

        (task,) = await begin(clean_up())
        task.cancel()
        await settle()
        clock.advance(1)
        with pytest.raises(asyncio.CancelledError):
            await task
        assert outcome == [("receive", 1)]

    async def test_a_body_that_swallows_the_end_is_left_in_peace(self, clock, watchdog):
        async def stubborn():
            limit = watchdog.limit(only(receive=1))
            with limit, contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
            await asyncio.sleep(0)
            return asyncio.current_task().cancelling()

        (task,) = await begin(stubborn())
        clock.advance(1)
        assert await task == 0

    async def test_a_body_that_fails_as_it_ends_keeps_its_error(self, clock, watchdog):
        async def fails():
            with watchdog.limit(only(receive=1)).during("receive"):
                try:
                    await asyncio.Event().wait()
                finally:
                    raise LookupError

        (task,) = await begin(fails())
        clock.advance(1)
        with pytest.raises(LookupError):
            await task
        assert task.cancelling() == 0

    async def test_an_error_of_the_body_goes_through(self, clock, watchdog):
        with pytest.raises(LookupError), watchdog.limit(only(receive=1)):
            raise LookupError
        clock.advance(2)
        await settle()


class TestInsideOtherScopes:
    """Each scope ends what is its own."""

    async def wait(self, watchdog, seconds):
        with watchdog.limit(only(receive=seconds)).during("receive"):
            await asyncio.Event().wait()

    async def test_asyncio_timeout_that_ends_first(self, clock, watchdog):
        with pytest.raises(TimeoutError) as caught:
            async with asyncio.timeout(0.001):
                await self.wait(watchdog, 1)
        assert type(caught.value) is TimeoutError
        clock.advance(5)
        assert asyncio.current_task().cancelling() == 0

    async def test_asyncio_timeout_that_is_longer(self, clock, watchdog):
        asyncio.get_running_loop().call_soon(clock.advance, 1)
        with pytest.raises(APITimeoutError):
            async with asyncio.timeout(60):
                await self.wait(watchdog, 1)
        assert asyncio.current_task().cancelling() == 0

    async def test_asyncio_timeout_that_ends_in_the_same_step(self, clock, watchdog):
        loop = asyncio.get_running_loop()

        async def wait():
            async with asyncio.timeout(60) as scope:
                # Its own callback runs a turn later, before this task does.
                loop.call_soon(scope.reschedule, loop.time() - 1)
                loop.call_soon(clock.advance, 1)
                await self.wait(watchdog, 1)

        with pytest.raises(TimeoutError) as caught:
            await wait()
        assert type(caught.value) is TimeoutError
        assert asyncio.current_task().cancelling() == 0

    async def test_anyio_scope_that_ends_first(self, clock, watchdog):
        with anyio.move_on_after(0.001) as scope:
            await self.wait(watchdog, 1)
        assert scope.cancelled_caught
        clock.advance(5)
        with pytest.raises(TimeoutError) as caught, anyio.fail_after(0.001):
            await self.wait(watchdog, 1)
        assert type(caught.value) is TimeoutError
        await anyio.lowlevel.checkpoint()

    async def test_anyio_scope_that_is_longer(self, clock, watchdog):
        asyncio.get_running_loop().call_soon(clock.advance, 1)
        with pytest.raises(APITimeoutError), anyio.fail_after(60):
            await self.wait(watchdog, 1)
        await anyio.lowlevel.checkpoint()

    async def test_anyio_scope_that_ends_in_the_same_step(self, clock, watchdog):
        with anyio.CancelScope() as scope:
            loop = asyncio.get_running_loop()
            loop.call_soon(scope.cancel)
            loop.call_soon(clock.advance, 1)
            await self.wait(watchdog, 1)
        assert scope.cancelled_caught
        await anyio.lowlevel.checkpoint()
        assert asyncio.current_task().cancelling() == 0

    async def test_anyio_scope_that_ends_a_step_later(self, clock, watchdog):
        loop = asyncio.get_running_loop()

        async def wait():
            with anyio.CancelScope() as scope:
                loop.call_soon(clock.advance, 1)
                loop.call_soon(scope.cancel)
                await self.wait(watchdog, 1)

        with pytest.raises(APITimeoutError):
            await wait()
        await anyio.lowlevel.checkpoint()
        assert asyncio.current_task().cancelling() == 0

    async def test_anyio_task_group(self, clock, watchdog):
        async def wait():
            async with anyio.create_task_group() as group:
                group.start_soon(self.wait, watchdog, 1)
                group.start_soon(self.wait, watchdog, 9)
                await settle()
                clock.advance(1)

        with pytest.raises(ExceptionGroup) as caught:
            await wait()
        assert [type(error) for error in caught.value.exceptions] == [APITimeoutError]

    async def test_a_limit_inside_a_limit(self, clock, watchdog):
        outer, inner = (watchdog.limit(only(receive=s)) for s in (5, 1))
        asyncio.get_running_loop().call_soon(clock.advance, 1)
        with pytest.raises(APITimeoutError, match="for 1 s"), outer:
            await wait_in(inner)
        asyncio.get_running_loop().call_soon(clock.advance, 5)
        with pytest.raises(APITimeoutError, match="for 5 s"), outer:
            await wait_in(watchdog.limit(only(receive=60)))
        assert asyncio.current_task().cancelling() == 0

    async def test_both_limits_in_the_same_step(self, clock, watchdog):
        outer, inner = (watchdog.limit(only(receive=1)) for _ in range(2))
        asyncio.get_running_loop().call_soon(clock.advance, 1)
        with pytest.raises(APITimeoutError), outer:
            await wait_in(inner)
        assert asyncio.current_task().cancelling() == 0


class TestAborting:
    async def test_ends_the_wait_with_the_error(self, watchdog):
        limit = watchdog.limit(only(receive=1))
        (task,) = await begin(wait_in(limit))
        error = StreamStateError("closed")
        limit.abort(error)
        with pytest.raises(StreamStateError) as caught:
            await task
        assert caught.value is error
        assert task.cancelling() == 0

    async def test_the_first_error_counts(self, clock, watchdog):
        limit = watchdog.limit(only(receive=1))
        (task,) = await begin(wait_in(limit))
        limit.abort(StreamStateError("first"))
        limit.abort(StreamStateError("second"))
        clock.advance(2)
        with pytest.raises(StreamStateError, match="first"):
            await task
        assert task.cancelling() == 0

    async def test_means_nothing_when_nothing_is_waited_for(self, clock, watchdog):
        limit = watchdog.limit(only(receive=1))
        limit.abort(StreamStateError("early"))
        ready = asyncio.Event()
        (task,) = await begin(wait_in(limit, wait=ready))
        ready.set()
        await task
        limit.abort(StreamStateError("late"))
        await settle()

    async def test_cancelling_goes_first(self, watchdog):
        limit = watchdog.limit(only(receive=1))
        (task,) = await begin(wait_in(limit))
        limit.abort(StreamStateError("closed"))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async def test_all_each_with_an_error_of_its_own(self, watchdog):
        limits = [watchdog.limit(only(receive=1)) for _ in range(3)]
        tasks = await begin(*(wait_in(limit) for limit in limits[:2]))
        watchdog.abort_all(lambda: ClientClosedError("closed"))
        errors = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(error) for error in errors] == [ClientClosedError] * 2
        assert errors[0] is not errors[1]

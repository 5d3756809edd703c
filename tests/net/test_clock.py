import asyncio
import time

import pytest

from fireworks_async._net.clock import SystemClock
from tests.support.leaks import settle


async def test_now_is_monotonic_time_and_wall_is_the_time_of_day():
    clock = SystemClock()
    before = time.monotonic(), time.time()
    now = clock.now(), clock.wall()
    after = time.monotonic(), time.time()
    for first, middle, last in zip(before, now, after, strict=True):
        assert first <= middle <= last


async def test_callbacks_run_in_time_and_not_early():
    clock = SystemClock()
    ran = asyncio.get_running_loop().create_future()
    when = clock.now() + 0.003
    clock.call_at(when, lambda: ran.set_result(clock.now()))
    # The loop takes timers that are due within its clock's resolution.
    assert when - 1e-6 <= await ran < when + 1


async def test_a_callback_whose_time_has_passed_runs_at_once():
    clock = SystemClock()
    ran = []
    clock.call_at(clock.now() - 5, lambda: ran.append(1))
    assert not ran
    await settle()
    assert ran


async def test_a_cancelled_callback_does_not_run():
    clock = SystemClock()
    ran = []
    clock.call_at(clock.now(), lambda: ran.append(1)).cancel()
    await asyncio.sleep(0.001)
    assert not ran


async def test_a_sleep_ends_at_once_when_cancelled():
    clock = SystemClock()
    asleep = asyncio.create_task(clock.sleep(60))
    await asyncio.sleep(0)
    asleep.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asleep


async def test_a_sleep_of_nothing_gives_way_to_the_loop():
    clock = SystemClock()
    ran = []
    asyncio.get_running_loop().call_soon(ran.append, 1)
    await clock.sleep(0)
    assert ran

"""The moment between an answer's last event and its connection's next use."""

import asyncio

import pytest

from fireworks_async._net.drains import DRAIN, PATIENCE, Drains
from tests.support.leaks import settle
from tests.support.manual_clock import ManualClock


class Rig:
    """Drains, with a count of what was closed and of what was settled."""

    def __init__(self):
        self.clock = ManualClock()
        self.closed = 0
        self.settled = 0
        self.drains = Drains(self.clock, self.on_settled)

    def on_settled(self):
        self.settled += 1

    def close(self):
        self.closed += 1

    def begin(self):
        return self.drains.begin(self.close)

    @property
    def counts(self):
        return len(self.drains), self.settled, self.closed


@pytest.fixture
def rig():
    return Rig()


async def is_waiting(rig):
    task = asyncio.create_task(rig.drains.wait_for_one())
    await settle()
    return task, not task.done()


def test_a_body_that_ends_in_time(rig):
    drain = rig.begin()
    assert rig.counts == (1, 0, 0)
    rig.clock.advance(DRAIN - 0.001)
    drain.ended()
    assert rig.counts == (0, 1, 0)
    assert rig.clock.pending == 0


def test_a_body_that_does_not_end_has_its_connection_closed(rig):
    drain = rig.begin()
    rig.clock.advance(DRAIN - 0.001)
    assert rig.counts == (1, 0, 0)
    rig.clock.advance(0.001)
    assert rig.counts == (0, 1, 1)
    drain.ended()
    drain.give_up()
    assert rig.counts == (0, 1, 1)


def test_a_body_that_ended_is_not_given_up(rig):
    drain = rig.begin()
    drain.ended()
    drain.give_up()
    drain.ended()
    rig.clock.advance(1)
    assert rig.counts == (0, 1, 0)


def test_each_body_has_its_own_time(rig):
    first = rig.begin()
    rig.clock.advance(DRAIN / 2)
    rig.begin()
    first.ended()
    rig.clock.advance(DRAIN * 0.9)
    assert rig.counts == (1, 1, 0)
    rig.clock.advance(DRAIN * 0.2)
    assert rig.counts == (0, 2, 1)


def test_closing_closes_every_connection_that_is_drained(rig):
    done, *_ = [rig.begin() for _ in range(4)]
    done.ended()
    rig.drains.close()
    rig.drains.close()
    assert rig.counts == (0, 4, 3)
    assert rig.clock.pending == 0


class TestWaiting:
    async def test_with_nothing_to_wait_for(self, rig):
        assert not (await is_waiting(rig))[1]

    async def test_ends_when_a_body_has_ended(self, rig):
        drain = rig.begin()
        task, waiting = await is_waiting(rig)
        assert waiting
        drain.ended()
        await task
        assert rig.counts == (0, 1, 0)

    async def test_ends_when_a_body_was_given_up(self, rig):
        rig.begin()
        task, _ = await is_waiting(rig)
        rig.drains.close()
        await task

    async def test_ends_by_itself(self, rig):
        rig.begin()
        loop = asyncio.get_running_loop()
        began_at = loop.time()
        await rig.drains.wait_for_one()
        assert PATIENCE * 0.9 < loop.time() - began_at < PATIENCE + 0.5
        rig.drains.close()

    async def test_one_for_each_body(self, rig):
        drains = [rig.begin() for _ in range(2)]
        first, second, third = [await is_waiting(rig) for _ in range(3)]
        assert (first[1], second[1], third[1]) == (True, True, False)
        drains[1].ended()
        await first[0]
        assert not second[0].done()
        drains[0].ended()
        await second[0]

    async def test_who_is_cancelled_leaves_the_place_to_another(self, rig):
        drain = rig.begin()
        task, _ = await is_waiting(rig)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        second, waiting = await is_waiting(rig)
        assert waiting
        drain.ended()
        await second

    async def test_a_body_that_ends_as_its_waiter_is_cancelled(self, rig):
        drain = rig.begin()
        task, _ = await is_waiting(rig)
        drain.ended()
        task.cancel()
        await asyncio.wait([task])
        assert rig.counts == (0, 1, 0)

    async def test_not_for_a_server_that_does_not_end_its_bodies(self, rig):
        rig.begin()
        rig.clock.advance(DRAIN)
        last = rig.begin()
        assert not (await is_waiting(rig))[1]
        last.ended()
        rig.begin()
        task, waiting = await is_waiting(rig)
        assert waiting
        rig.drains.close()
        await task

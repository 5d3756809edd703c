"""Admission: first come, first served, and no place is ever lost."""

import asyncio
import random

import pytest

from fireworks_async._net.gate import Gate
from fireworks_async.errors import ClientClosedError
from tests.support.leaks import settle


class Crowd:
    """Tasks that each hold a place until told to leave.

    Attributes:
        order: Who was admitted, in order.
    """

    def __init__(self, gate):
        self.gate = gate
        self.order = []
        self.tasks = {}
        self.leaving = {}

    def begin(self, name):
        self.leaving[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(self._visit(name))

    async def come(self, *names):
        for name in names:
            self.begin(name)
        await settle()

    async def _visit(self, name):
        await self.gate.admit()
        self.order.append(name)
        try:
            await self.leaving[name].wait()
        finally:
            self.gate.release()

    async def leave(self, *names):
        for name in names:
            self.leaving[name].set()
        await settle()

    async def cancel(self, *names):
        for name in names:
            self.tasks[name].cancel()
        await settle()

    @property
    def inside(self):
        return self.gate.admitted, self.gate.waiting


@pytest.fixture
async def crowd():
    crowd = Crowd(Gate(2))
    yield crowd
    for task in crowd.tasks.values():
        task.cancel()
    await asyncio.gather(*crowd.tasks.values(), return_exceptions=True)
    assert crowd.inside == (0, 0)


async def test_up_to_the_limit_nobody_waits(crowd):
    await crowd.come("a", "b")
    assert (crowd.order, crowd.inside) == (["a", "b"], (2, 0))


async def test_admission_without_a_wait_does_not_give_way_to_the_loop():
    gate = Gate(1)
    with pytest.raises(StopIteration):
        gate.admit().send(None)
    assert gate.admitted == 1


async def test_the_others_are_admitted_in_the_order_in_which_they_came(crowd):
    await crowd.come(*"abcdef")
    assert crowd.inside == (2, 4)
    await crowd.leave("b")
    assert crowd.order == [*"abc"]
    await crowd.leave("a", "c")
    assert crowd.order == [*"abcde"]
    assert crowd.inside == (2, 1)
    await crowd.leave("d", "e", "f")
    assert crowd.order == [*"abcdef"]
    assert crowd.inside == (0, 0)


async def test_a_place_is_handed_over_and_cannot_be_taken_on_the_way():
    """Who comes between the handing over and the next one's turn has to wait."""
    gate = Gate(1)
    await gate.admit()
    waiting = asyncio.create_task(gate.admit())
    await settle()
    gate.release()
    late = asyncio.create_task(gate.admit())
    await settle()
    assert waiting.done()
    assert not late.done()
    gate.release()
    await late


async def test_a_raised_limit_admits_at_once(crowd):
    await crowd.come(*"abcdef")
    crowd.gate.limit = 5
    await settle()
    assert (crowd.order, crowd.inside) == ([*"abcde"], (5, 1))
    assert crowd.gate.limit == 5


async def test_a_lowered_limit_sends_nobody_away(crowd):
    await crowd.come(*"abcd")
    crowd.gate.limit = 1
    await settle()
    assert crowd.inside == (2, 2)
    await crowd.leave("a")
    assert crowd.inside == (1, 2)
    await crowd.leave("b")
    assert (crowd.order, crowd.inside) == ([*"abc"], (1, 1))


async def test_a_limit_of_nothing_stops_all(crowd):
    crowd.gate.limit = 0
    await crowd.come("a")
    assert crowd.inside == (0, 1)
    crowd.gate.limit = 1
    await settle()
    assert crowd.inside == (1, 0)


async def test_who_stops_waiting_is_stepped_over(crowd):
    await crowd.come(*"abcde")
    await crowd.cancel("c", "d")
    assert crowd.inside == (2, 1)
    await crowd.leave("a")
    assert crowd.order == [*"abe"]


async def test_cancelled_just_before_a_place_is_free():
    """The wait is over, but its task has not run when the place is handed on."""
    gate = Gate(1)
    await gate.admit()
    first, second = (asyncio.create_task(gate.admit()) for _ in range(2))
    await settle()
    first.cancel()
    gate.release()
    await settle()
    assert first.cancelled()
    await second
    assert (gate.admitted, gate.waiting) == (1, 0)


async def test_cancelled_in_the_step_in_which_the_place_was_handed_over():
    gate = Gate(1)
    await gate.admit()
    first, second = (asyncio.create_task(gate.admit()) for _ in range(2))
    await settle()
    gate.release()
    first.cancel()
    await settle()
    assert first.cancelled()
    await second
    assert (gate.admitted, gate.waiting) == (1, 0)


async def test_cancelled_with_a_place_in_hand_and_nobody_behind():
    gate = Gate(0)
    only = asyncio.create_task(gate.admit())
    await settle()
    gate.limit = 1
    only.cancel()
    await settle()
    assert only.cancelled()
    assert (gate.admitted, gate.waiting) == (0, 0)


class TestClosed:
    async def test_turns_away_who_waits_each_with_an_error_of_its_own(self, crowd):
        await crowd.come(*"abcd")
        crowd.gate.close()
        errors = await asyncio.gather(
            crowd.tasks["c"], crowd.tasks["d"], return_exceptions=True
        )
        assert [type(error) for error in errors] == [ClientClosedError] * 2
        assert errors[0] is not errors[1]
        assert crowd.inside == (2, 0)

    async def test_turns_away_who_comes(self, crowd):
        crowd.gate.close()
        with pytest.raises(ClientClosedError, match="closed"):
            await crowd.gate.admit()
        assert crowd.inside == (0, 0)

    async def test_who_is_inside_still_leaves(self, crowd):
        await crowd.come(*"ab")
        crowd.gate.close()
        await crowd.leave("a", "b")
        assert crowd.inside == (0, 0)

    async def test_cancelling_goes_first_whichever_came_first(self, crowd):
        await crowd.come(*"abcd")
        crowd.tasks["d"].cancel()
        crowd.gate.close()
        crowd.tasks["c"].cancel()
        await settle()
        assert crowd.tasks["c"].cancelled()
        assert crowd.tasks["d"].cancelled()
        assert crowd.inside == (2, 0)

    async def test_who_has_been_handed_a_place_has_it(self, crowd):
        await crowd.come(*"abc")
        crowd.gate.limit = 3
        crowd.gate.close()
        await settle()
        assert (crowd.order, crowd.inside) == ([*"abc"], (3, 0))


async def test_no_order_of_events_loses_a_place_or_gives_one_too_many():
    rng = random.Random(3)
    for _ in range(30):
        gate = Gate(2)
        crowd = Crowd(gate)
        for name in range(60):
            crowd.begin(name)
            for _ in range(rng.randint(0, 2)):
                other = rng.randint(0, name)
                rng.choice([crowd.tasks[other].cancel, crowd.leaving[other].set])()
            if rng.random() < 0.2:
                gate.limit = rng.randint(0, 4)
            if rng.random() < 0.5:
                await asyncio.sleep(0)
            if rng.random() < 0.1:
                await settle()
                here = [n for n in crowd.order if not crowd.tasks[n].done()]
                assert gate.admitted == len(here)
                assert gate.waiting == 0 or gate.admitted >= gate.limit
        assert crowd.order == sorted(crowd.order)
        for leaving in crowd.leaving.values():
            leaving.set()
        gate.limit = 60
        await asyncio.gather(*crowd.tasks.values(), return_exceptions=True)
        assert crowd.inside == (0, 0)


def test_its_repr_shows_its_state():
    assert repr(Gate(3)) == "<Gate 0/3 admitted, 0 waiting>"

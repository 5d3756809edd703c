"""A line: first come, first served; the gate's tests go through it as well."""

import asyncio

import pytest

from fireworks_async._net.line import Line
from fireworks_async.errors import ClientClosedError
from tests.support.leaks import settle


class WatchedLine(Line):
    """One that keeps what is given back."""

    def __init__(self):
        super().__init__()
        self.returned = []


@pytest.fixture
async def line():
    return WatchedLine()


async def waiting(line, *wishes):
    tasks = [
        asyncio.create_task(line.wait(wish, line.returned.append)) for wish in wishes
    ]
    await settle()
    return tasks


async def test_places_go_to_those_who_came_first(line):
    first, second = await waiting(line, "a", "b")
    assert (line.first(), len(line)) == ("a", 2)
    assert line.hand(1)
    assert (line.first(), await first) == ("b", 1)
    assert line.hand(2)
    assert (line.first(), await second) == (None, 2)
    assert not line.hand(3)


async def test_who_was_cancelled_is_stepped_over_before_its_task_has_run(line):
    first, second = await waiting(line, "a", "b")
    first.cancel()
    # The wait itself is cancelled only when the task runs: until then it is first.
    await asyncio.sleep(0)
    assert line.first() == "b"
    assert line.hand(1)
    assert await second == 1
    assert first.cancelled()


async def test_a_place_that_comes_with_the_cancellation_is_given_back(line):
    (only,) = await waiting(line, "a")
    assert line.hand(7)
    only.cancel()
    await settle()
    assert only.cancelled()
    assert line.returned == [7]


async def test_closed_it_turns_all_away_each_with_an_error_of_its_own(line):
    tasks = await waiting(line, "a", "b", "c")
    tasks[1].cancel()
    line.close(lambda: ClientClosedError("closed"))
    errors = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(error) for error in errors] == [
        ClientClosedError,
        asyncio.CancelledError,
        ClientClosedError,
    ]
    assert errors[0] is not errors[2]
    assert len(line) == 0
    assert line.returned == []

import asyncio

from fireworks_async.batch._interfaces import Outcome
from fireworks_async.batch._places import FixedPlaces
from tests.support.batches import row


async def test_there_are_so_many_places():
    places = FixedPlaces(2)
    demand = row().demand
    first, _ = await places.admit(demand), await places.admit(demand)
    third = asyncio.ensure_future(places.admit(demand))
    await asyncio.sleep(0)
    assert not third.done()
    assert places.statistics().in_flight == 2
    first.settle(Outcome(cause=None))
    await third
    assert places.statistics() == type(places.statistics())(in_flight=2, limit=2)


async def test_who_leaves_the_line_takes_no_place():
    places = FixedPlaces(1)
    permit = await places.admit(row().demand)
    waiting = asyncio.ensure_future(places.admit(row().demand))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    permit.settle(Outcome(cause="cancelled"))
    assert places.statistics().in_flight == 0
    await places.admit(row().demand)

"""Places and the queue before them."""

import asyncio

import pytest

from fireworks_async.simulator import Reply, Simulator
from fireworks_async.simulator._slots import Slots
from tests.support.simulated import ask, connect, wire_request


def slots(count, queue=None, patience=None):
    return Slots(count, queue=queue, patience=patience)


async def settled(*tasks):
    for _ in range(3):
        await asyncio.sleep(0)
    return [task.done() for task in tasks]


async def test_without_a_number_there_is_a_place_for_everyone():
    places = slots(None)
    assert [await places.take() for _ in range(1000)] == [None] * 1000
    assert places.waiting == 0


async def test_who_comes_first_is_served_first():
    places = slots(1)
    assert await places.take() is None
    first, second = (asyncio.create_task(places.take()) for _ in range(2))
    assert await settled(first, second) == [False, False]
    assert places.waiting == 2
    places.give_back()
    assert await settled(first, second) == [True, False]
    # A newcomer does not get in between.
    third = asyncio.create_task(places.take())
    places.give_back()
    assert await settled(second, third) == [True, False]
    places.give_back()
    assert await settled(third) == [True]
    assert (places.taken, places.waiting) == (1, 0)


async def test_a_queue_that_is_full_takes_nobody():
    places = slots(1, queue=1)
    await places.take()
    waits = asyncio.create_task(places.take())
    await settled()
    refused = await places.take()
    assert refused.status == 503
    places.give_back()
    assert await waits is None


async def test_who_waits_too_long_is_refused():
    places = slots(1, patience=0.01)
    await places.take()
    refused = await places.take()
    assert refused.status == 429
    assert "before the given deadline" in refused.body["error"]["message"]
    assert places.waiting == 0
    places.give_back()
    assert await places.take() is None


async def test_who_leaves_the_queue_holds_nobody_up():
    places = slots(1)
    await places.take()
    leaves, stays = (asyncio.create_task(places.take()) for _ in range(2))
    await settled()
    leaves.cancel()
    await settled()
    assert places.waiting == 1
    places.give_back()
    assert await stays is None
    assert (places.taken, places.waiting) == (1, 0)


async def test_a_place_given_to_one_who_leaves_goes_to_the_next():
    places = slots(1)
    await places.take()
    leaves, stays = (asyncio.create_task(places.take()) for _ in range(2))
    await settled()
    places.give_back()
    leaves.cancel()
    assert await settled(leaves, stays) == [True, True]
    assert leaves.cancelled()
    assert (places.taken, places.waiting) == (1, 0)


async def test_the_number_can_change():
    places = slots(1)
    await places.take()
    waits = [asyncio.create_task(places.take()) for _ in range(4)]
    await settled()
    places.count = 3
    assert await settled(*waits) == [True, True, False, False]
    places.count = 1
    places.give_back()
    places.give_back()
    assert await settled(*waits) == [True, True, False, False]
    places.give_back()
    assert await settled(*waits) == [True, True, True, False]
    places.count = None
    assert await settled(*waits) == [True] * 4


async def test_no_more_are_served_at_a_time_than_there_are_slots():
    async with Simulator(slots=3, ttft=0.02, gap=0.01, tokens=3) as sim:
        await asyncio.gather(*(ask(sim, stream=True) for _ in range(9)))
        spans = [(one.started_at, one.ended_at) for one in sim.requests]
    for start, _ in spans:
        assert sum(began <= start < ended for began, ended in spans) <= 3
    # Three rounds of 40 ms each.
    assert max(end for _, end in spans) - min(start for start, _ in spans) >= 0.12
    # How long the last waited depends on when it had come.
    first, last = sim.requests[0], max(sim.requests, key=lambda one: one.started_at)
    assert last.started_at - first.started_at >= 0.08
    assert last.queued > 0
    assert all(one.started_at >= one.arrived_at + one.queued for one in sim.requests)


async def test_the_wait_is_told_of():
    async with Simulator(slots=1, ttft=0.02, tokens=1) as sim:
        metrics = {"perf_metrics_in_response": True}
        answers = await asyncio.gather(*(ask(sim, **metrics) for _ in range(2)))
        waited = max(one.queued for one in sim.requests)
    told = [answer.json["perf_metrics"] for answer in answers]
    queues = sorted(one["prefill-queue-duration"] for one in told)
    assert queues == [pytest.approx(0, abs=0.005), round(waited, 3)]
    for one, answer in zip(told, answers, strict=True):
        assert one["prefill-duration"] == 0.02
        ttft = one["server-time-to-first-token"]
        assert ttft == pytest.approx(one["prefill-queue-duration"] + 0.02, abs=0.002)
        assert one["num-concurrent-requests"] == 1
        header = answer.headers["fireworks-prefill-queue-duration"]
        assert float(header) == one["prefill-queue-duration"]


async def test_a_stream_tells_of_the_wait_in_its_headers(sim):
    async with Simulator(slots=1) as counted:
        headers = (await ask(counted, stream=True)).headers
        assert float(headers["fireworks-prefill-queue-duration"]) < 0.1
    headers = (await ask(sim, stream=True)).headers
    assert "fireworks-prefill-queue-duration" not in headers


async def test_a_client_that_leaves_frees_its_place_in_the_queue():
    async with Simulator(slots=1) as sim:
        sim.script(Reply(text="a"))
        held, holder = await connect(sim)
        sim.always(Reply(text=["x"] * 3))
        sim.slots = 0
        holder.write(wire_request(sim))
        await sim.until(lambda: sim.waiting == 1)
        holder.close()
        await sim.until(lambda: sim.in_flight == 0)
        assert sim.waiting == 0
        assert sim.requests[0].left_at is not None
        sim.slots = 1
        assert (await ask(sim)).status == 200
        assert await held.read() == b""


async def test_the_queue_of_the_simulator_has_its_bounds():
    async with Simulator(slots=0, queue=0) as sim:
        assert (await ask(sim)).json["error"]["code"] == "SERVER_OVERLOADED"
    async with Simulator(slots=0, patience=0.01) as sim:
        assert (await ask(sim)).status == 429

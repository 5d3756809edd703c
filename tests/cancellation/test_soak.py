"""Thousands of calls that end at random, and a client that is none the worse for it."""

import asyncio
import gc
import random
from collections import Counter

import pytest

from fireworks_async import AsyncFireworks, ServiceUnavailableError
from tests.support.calls import KEY, MESSAGES
from tests.support.leaks import Descriptors, Leaks, settle
from tests.support.raw_server import Pause, RawServer, Send
from tests.support.wire import (
    DONE,
    LAST_CHUNK,
    USAGE,
    chunk,
    json_response,
    stream_body,
    stream_head,
)

AT_ONCE = 64
# More than there are places for, so that some wait.
TOGETHER = 80
LONGEST = 0.02
HEAD = stream_head()
FIRST = stream_body(chunk("a"), chunk("b"))
LAST = stream_body(chunk(finish_reason="stop", usage=USAGE), DONE) + LAST_CHUNK


class BodyError(Exception):
    """What the caller's own code fails with."""


class Soak:
    """A client, a server with small random delays, and calls that are cut at random."""

    def __init__(self, client, rng):
        self.client = client
        self.rng = rng
        self.most_in_flight = 0
        self.ends = Counter()
        # Seconds, once it is known how long calls take here and now.
        self.typical = 0.0

    def script(self, request):
        first, second = (Pause(self.rng.uniform(0, LONGEST / 2)) for _ in range(2))
        if self.rng.random() < 0.05:
            return [first, Send(json_response(503, {}, {"retry-after-ms": "1"}))]
        return [first, Send(HEAD), Send(FIRST), second, Send(LAST)]

    async def call(self):
        """One call, in one of the ways of using it."""
        way = self.rng.random()
        call = self.client.chat.completions.create(model="m", messages=MESSAGES)
        if way < 0.4:
            return (await call).choices[0].message.content
        if way < 0.5:
            async for _ in call:
                break
            return "left"
        async with call as stream:
            async for each in stream:
                self.watch()
                if way < 0.6 and each.content == "b":
                    raise BodyError
            return stream.snapshot.choices[0].message.content

    def watch(self):
        statistics = self.client.statistics()
        in_flight = statistics.in_flight + statistics.draining
        self.most_in_flight = max(self.most_in_flight, in_flight)

    async def one(self, *, may_be_cut=True):
        task = asyncio.create_task(self.call())
        loop = asyncio.get_running_loop()
        moment = self.rng.uniform(0, 1.2 * self.typical)
        cut = loop.call_later(moment if may_be_cut else 60, task.cancel)
        await asyncio.wait([task])
        cut.cancel()
        if task.cancelled():
            self.ends["cancelled"] += 1
        elif isinstance(task.exception(), BodyError):
            self.ends["failed"] += 1
        elif isinstance(task.exception(), ServiceUnavailableError):
            # Its attempts were all answered with 503, as chance has it now and then.
            self.ends["refused"] += 1
        else:
            self.ends[task.result()] += 1

    async def run(self, count):
        loop = asyncio.get_running_loop()
        for start in range(0, count, TOGETHER):
            # Now and then all are left alone, to see how long they take: others come
            # and go on the machine.
            alone = start % (3 * TOGETHER) == 0
            began_at = loop.time()
            await asyncio.gather(
                *(self.one(may_be_cut=not alone) for _ in range(TOGETHER))
            )
            if alone:
                self.typical = loop.time() - began_at


@pytest.mark.usefixtures("hurry")
async def test_random_ends_leave_nothing_behind():
    await assert_nothing_is_left_of(500)


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_thousands_of_random_ends_leave_nothing_behind():
    await assert_nothing_is_left_of(5_000)


async def assert_nothing_is_left_of(count):
    rng = random.Random(20260801)
    leaks = Leaks()
    descriptors = Descriptors()
    async with RawServer() as server:
        async with AsyncFireworks(
            api_key=KEY, base_url=server.base_url, max_concurrency=AT_ONCE
        ) as client:
            soak = Soak(client, rng)
            server._default = soak.script
            await soak.run(count)
            await asyncio.sleep(0.12)
            await settle()
            gc.collect()
            statistics = client.statistics()
            assert (statistics.in_flight, statistics.waiting) == (0, 0)
            assert statistics.draining == 0
            assert statistics.connections <= AT_ONCE
            assert soak.most_in_flight <= AT_ONCE
            # Every way of ending was gone.
            often = {"cancelled", "failed", "left", "ab"}
            assert min(soak.ends[end] for end in often) > count / 100, soak.ends
            assert set(soak.ends) - often <= {"refused"}, soak.ends
            assert soak.ends["refused"] < count / 50, soak.ends
            # All places are still there, and all of them work.
            answers = await asyncio.gather(
                *(
                    client.chat.completions.create(
                        model="m", messages=MESSAGES, max_retries=9
                    )
                    for _ in range(50)
                )
            )
            assert {a.choices[0].message.content for a in answers} == {"ab"}
            assert client.statistics().in_flight == 0
        await server.emptied()
    await settle()
    assert leaks.tasks() == []
    # A resolver's own descriptors are closed by its own thread, in its own time.
    assert not [what for what in descriptors.new() if what.startswith("socket")]

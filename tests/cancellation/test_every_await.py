"""Each call, cut at each of its awaits, in each of three ways.

A call is run once to count the awaits that suspend it, and then once for each of them.
Whatever is cut, the cancellation comes out, nothing is left in flight, and the next
call of the same client is answered.
"""

import asyncio
import random
from contextlib import asynccontextmanager
from typing import ClassVar

import pytest

from fireworks_async import AsyncFireworks
from tests.support.calls import KEY, MESSAGES
from tests.support.cuts import Cut
from tests.support.leaks import Leaks, settle
from tests.support.raw_server import Fin, Pause, RawServer, Send, WaitFor
from tests.support.wire import (
    DONE,
    LAST_CHUNK,
    answer,
    chunk,
    head,
    json_response,
    stream_body,
    stream_head,
    stream_response,
)

OK = [Send(stream_response(*answer("a", "b")))]
# Each piece is a read of its own: a pause lets the client take what came before it.
MOMENT = Pause(0.0005)
SLOWLY = [
    *(Send(stream_head()), MOMENT, Send(stream_body(chunk("a"))), MOMENT),
    *(Send(stream_body(b": hi\n\n")), MOMENT, Send(stream_body(chunk("b")))),
    *(MOMENT, Send(stream_body(chunk(finish_reason="stop"), DONE)), MOMENT),
    Send(LAST_CHUNK),
]
CUT_OFF = [Send(stream_head() + stream_body(chunk("x"))), MOMENT, Fin()]
BUSY = [
    Send(head(503, {"content-length": "4"})),
    MOMENT,
    Send(b"bu"),
    MOMENT,
    Send(b"sy"),
]
NO = [
    Send(head(400, {"content-length": "4"})),
    MOMENT,
    Send(b"no"),
    MOMENT,
    Send(b"no"),
]
JSON = [
    Send(
        json_response(
            200,
            {"choices": [{"message": {"content": "ab"}, "finish_reason": "stop"}]},
        )
    )
]


@pytest.fixture(autouse=True)
def _no_jitter(monkeypatch):
    monkeypatch.setattr(random, "random", lambda: 0.0)


class Scenario:
    """One client and its server, and what is to be cut.

    Attributes:
        scripts: What the server plays first.
        options: Of the client.
    """

    scripts = (SLOWLY,)
    options: ClassVar = {}

    async def before(self, client, server):
        """What happens before the call."""

    async def call(self, client, server):
        """What is cut."""
        return await created(client)

    async def after(self, client, server):
        """What has to be cleared up by the test itself."""


def created(client, **params):
    return client.chat.completions.create(model="m", messages=MESSAGES, **params)


class Collected(Scenario):
    """``await``."""


class Iterated(Scenario):
    """``async for``."""

    async def call(self, client, server):
        return [chunk async for chunk in created(client)]


class Entered(Scenario):
    """``async with``."""

    async def call(self, client, server):
        async with created(client) as stream:
            return [chunk async for chunk in stream]


class Left(Scenario):
    """``break`` and then ``aclose()``."""

    async def call(self, client, server):
        stream = created(client)
        async for _ in stream:
            break
        await stream.aclose()


class Text(Scenario):
    """``text()`` inside ``async with``."""

    async def call(self, client, server):
        async with created(client) as stream:
            async for text in stream.text():
                if text == "b":
                    return text
        return None


class Opened(Scenario):
    """``stream=True``."""

    async def call(self, client, server):
        async with await created(client, stream=True) as stream:
            async for _ in stream:
                pass


class PlainJSON(Scenario):
    """An answer that is no stream."""

    scripts = (JSON,)


class Repeated(Scenario):
    """A refusal, a cut stream, and then an answer."""

    scripts = (BUSY, CUT_OFF, SLOWLY)
    options: ClassVar = {"max_retries": 2}


class Refused(Scenario):
    """A refusal whose text comes in pieces."""

    scripts = (NO,)

    async def call(self, client, server):
        with pytest.raises(Exception, match="400"):
            await created(client)


class Waiting(Scenario):
    """For a place that another call holds."""

    scripts = (OK, SLOWLY)
    options: ClassVar = {"max_concurrency": 1}

    async def before(self, client, server):
        self.first = created(client)
        await anext(self.first)

    async def call(self, client, server):
        asyncio.get_running_loop().call_later(0.001, self.leave)
        return await created(client)

    def leave(self):
        self.leaving = asyncio.ensure_future(self.first.aclose())

    async def after(self, client, server):
        await self.first.aclose()


class OnAStaleConnection(Scenario):
    """That the server closes as soon as it is used again."""

    scripts = (OK, [Fin()], SLOWLY)

    async def before(self, client, server):
        await created(client)


class WhileAnotherIsDrained(Scenario):
    """So that the call waits for its connection."""

    async def before(self, client, server):
        await created(client)

    @property
    def scripts(self):
        self.end = asyncio.Event()
        body = stream_head() + stream_body(*answer("a"))
        return [[Send(body), WaitFor(self.end), Send(LAST_CHUNK)], SLOWLY]

    async def call(self, client, server):
        asyncio.get_running_loop().call_later(0.001, self.end.set)
        return await created(client)

    async def after(self, client, server):
        self.end.set()


class WithAKeyThatIsFetched(Scenario):
    """By a callable that waits."""

    @staticmethod
    async def _key():
        await asyncio.sleep(0.0005)
        return KEY

    options: ClassVar = {"api_key": _key}


SCENARIOS = [
    *(Collected, Iterated, Entered, Left, Text, Opened, PlainJSON, Repeated, Refused),
    *(Waiting, OnAStaleConnection, WhileAnotherIsDrained, WithAKeyThatIsFetched),
]


@asynccontextmanager
async def played(scenario):
    async with RawServer(*scenario.scripts, default=OK) as server:
        options = {"api_key": KEY, "base_url": server.base_url, **scenario.options}
        async with AsyncFireworks(**options) as client:
            await scenario.before(client, server)
            yield client, server
            await scenario.after(client, server)


def assert_idle(client):
    statistics = client.statistics()
    assert (statistics.in_flight, statistics.waiting) == (0, 0), statistics
    assert len(client._pool._lodge.watchdog) == 0


async def cut(make, at, how):
    """Play a scenario with the call cut; whether it had so many awaits."""
    leaks = Leaks()
    scenario = make()
    async with played(scenario) as (client, server):
        call = Cut(scenario.call(client, server), at, how=how)

        async def run():
            return await call

        task = asyncio.create_task(run())
        async with asyncio.timeout(5):
            await asyncio.wait([task])
        if call.cuts:
            assert task.cancelled(), task
        else:
            task.result()
        await settle()
        await scenario.after(client, server)
        await settle()
        assert_idle(client)
        # What the call was to get and did not ask for.
        server._scripts.clear()
        async with asyncio.timeout(5):
            completion = await created(client)
        assert completion.choices[0].message.content == "ab"
        assert_idle(client)
    await settle()
    assert leaks.tasks() == []
    return bool(call.cuts)


@pytest.mark.parametrize("how", ["waiting", "woken", "twice"])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda s: s.__name__)
async def test_a_call_cut_at_each_await(scenario, how):
    at = 0
    while await cut(scenario, at, how):
        at += 1
    assert at >= 3


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda s: s.__name__)
async def test_its_twin_that_is_not_cut(scenario):
    assert not await cut(scenario, None, "waiting")


@pytest.mark.parametrize("how", ["waiting", "woken", "twice"])
async def test_closing_a_client_cut_at_each_await(how):
    """Closed it is nevertheless, and its calls have ended."""
    at, was_cut = 0, True
    while was_cut:
        async with RawServer(default=SLOWLY) as server:
            client = AsyncFireworks(api_key=KEY, base_url=server.base_url)
            stream = created(client)
            await anext(stream)
            other = asyncio.ensure_future(created(client).collect())
            await server.request(1)
            call = Cut(client.aclose(), at, how=how)

            async def close(call=call):
                await call

            closing = asyncio.create_task(close())
            await asyncio.wait([closing, other])
            was_cut = bool(call.cuts)
            assert closing.cancelled() == was_cut
            assert type(other.exception()).__name__ == "ClientClosedError"
            await server.emptied()
            await stream.aclose()
            await client.aclose()
            assert client.statistics().in_flight == 0
        at += 1
    assert at >= 2

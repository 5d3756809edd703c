"""Calls that are cancelled, and clients that end during them (F54 to F58)."""

import asyncio
import gc
import random
import threading
import time

import pytest

from fireworks_async import AsyncFireworks, Timeout
from fireworks_async.errors import (
    APITimeoutError,
    ClientClosedError,
    ConfigurationError,
)
from tests.support.calls import KEY, Ask, created, failure, text, warned
from tests.support.leaks import settle
from tests.support.raw_server import Hang, Pause, RawServer, Send, Trickle
from tests.support.scripts import OK, OK_BODY
from tests.support.wire import (
    chunk,
    json_response,
    stream_body,
    stream_head,
)

BEGUN = stream_head() + stream_body(chunk("a"), chunk("b"))


async def opened(client):
    return await created(client, stream=True)


SLOW = [Trickle(OK[0].data, 100)]
BUSY = [Send(json_response(503, {}, {"retry-after-ms": "1"}))]
TORTURES = {"sent and answered": [SLOW], "tried again": [BUSY, SLOW]}


@pytest.mark.parametrize("torture", TORTURES)
@pytest.mark.usefixtures("no_jitter")
async def test_f54_a_call_may_be_cancelled_at_any_step(ask, client_to, torture, leaks):
    """As curl's torture tests: once for each step that there is."""
    for steps in range(10_000):
        async with RawServer(*TORTURES[torture], default=SLOW) as server:
            client = client_to(server, max_retries=1)
            task = asyncio.create_task(ask(client))
            for _ in range(steps):
                await asyncio.sleep(0)
            was_done = task.done()
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled() is not was_done
            await settle()
            assert client.statistics().in_flight == client.statistics().waiting == 0
            assert text(await ask(client)) == "ab"
            await client.aclose()
        await settle()
        assert leaks.tasks() == []
        if was_done:
            break
    assert steps > 20


async def test_f54_a_waiting_call_may_be_cancelled_at_any_step(ask, client_to):
    async with RawServer(default=SLOW) as server:
        client = client_to(server, max_concurrency=1)
        for steps in range(100):
            first = asyncio.create_task(ask(client))
            second = asyncio.create_task(ask(client))
            for _ in range(steps):
                await asyncio.sleep(0)
            second.cancel()
            assert text(await first) == "ab"
            await asyncio.wait([second])
            assert client.statistics().waiting == 0
        assert text(await ask(client)) == "ab"


async def test_f54_a_wait_before_a_retry_ends_at_once_when_cancelled(ask, client_to):
    busy = [Send(json_response(503, {}, {"retry-after": "30"}))]
    async with RawServer(busy) as server:
        task = asyncio.create_task(ask(client_to(server, max_retries=1)))
        await (await server.request()).answered.wait()
        await settle()
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=0.1)
        assert done
        assert task.cancelled()


async def test_f54_calls_cancelled_at_random_disturb_no_others(client_to, leaks):
    chance = random.Random(54)
    loop = asyncio.get_running_loop()

    def script(request):
        pause = Pause(chance.random() * 0.01)
        return [pause, Send(stream_head()), pause, OK_BODY]

    async with RawServer(default=script) as server:
        client = client_to(server, max_concurrency=50, max_retries=2)
        tasks = [
            asyncio.create_task(Ask(streams=bool(n % 3))(client)) for n in range(1_000)
        ]
        for task in tasks[::2]:
            loop.call_later(chance.random() * 0.5, task.cancel)
        await asyncio.wait(tasks)
        assert any(task.cancelled() for task in tasks)
        answered = {text(task.result()) for task in tasks if not task.cancelled()}
        assert answered == {"ab"}
        assert not any(task.cancelled() for task in tasks[1::2])
        await settle()
        assert client.statistics().in_flight == client.statistics().waiting == 0
        full = [Ask(streams=False)(client) for _ in range(50)]
        assert [text(c) for c in await asyncio.gather(*full)] == ["ab"] * 50
        await client.aclose()
        await server.emptied()
        await settle()
        assert leaks.tasks() == []


@pytest.mark.parametrize("first", ["cancellation", "timeout"])
async def test_f55_a_cancellation_in_the_step_of_a_timeout_wins(
    ask, client_to, hurry, first
):
    async with RawServer([Hang()]) as server:
        client = client_to(server, timeout=Timeout(receive=0.1))
        task = asyncio.create_task(ask(client))
        await server.request()
        if first == "timeout":
            asyncio.get_running_loop().call_later(0.2, task.cancel)
        # The loop sees both moments pass at once.
        hurry.pass_time(0.25)
        if first == "cancellation":
            task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()


async def test_f55_a_timeout_leaves_no_cancellation_behind(ask, client_to):
    async with RawServer(default=[Hang()]) as server:
        client = client_to(server, timeout=Timeout(receive=0.1))
        await failure(ask(client), APITimeoutError)
        assert asyncio.current_task().cancelling() == 0
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await ask(client)
        assert asyncio.current_task().cancelling() == 0


def test_f56_a_client_may_be_used_in_one_loop_after_another():
    client = None

    async def main():
        nonlocal client
        async with RawServer(default=OK) as server:
            if client is None:
                client = AsyncFireworks(base_url=server.base_url, api_key=KEY)
            view = client.with_options(base_url=server.base_url)
            assert text(await created(view)) == "ab"

    asyncio.run(main())
    asyncio.run(main())
    asyncio.run(client.aclose())


async def test_f56_a_client_in_use_by_another_running_loop_is_refused(client_to):
    async with RawServer(OK) as server:
        client = client_to(server)
        await created(client)
        caught = []

        def elsewhere():
            async def main():
                await failure(created(client).collect(), ConfigurationError)
                caught.append(True)

            asyncio.run(main())

        thread = threading.Thread(target=elsewhere)
        thread.start()
        await asyncio.to_thread(thread.join)
        assert caught


async def test_f56_a_closed_client_refuses(ask, client_to):
    async with RawServer(OK) as server:
        client = client_to(server)
        await ask(client)
        await client.aclose()
        await client.aclose()
        await failure(ask(client), ClientClosedError)
        assert len(server.log) == 1


async def test_f56_closing_ends_open_streams_and_waiting_calls_at_once(client_to):
    async with RawServer(default=[Send(BEGUN), Hang()]) as server:
        client = client_to(server, max_concurrency=100)
        streams = [await opened(client) for _ in range(50)]
        reading = [asyncio.create_task(s.collect()) for s in streams]
        calls = [asyncio.create_task(Ask(streams=True)(client)) for _ in range(150)]
        await server.request(99)
        await settle()
        assert client.statistics().waiting == 100
        began = asyncio.get_running_loop().time()
        await client.aclose()
        assert asyncio.get_running_loop().time() - began < 1
        for task in [*reading, *calls]:
            await failure(task, ClientClosedError)
        await server.emptied()
        assert len(server.log) == 100


async def test_f57_a_client_that_is_dropped_says_so_once():
    async with RawServer(OK) as server:
        client = AsyncFireworks(base_url=server.base_url, api_key=KEY)
        await created(client)
        with warned("<AsyncFireworks"):
            del client
        await server.emptied()


async def test_f57_a_client_that_did_nothing_may_be_dropped():
    client = AsyncFireworks(base_url="http://127.0.0.1:1/v1", api_key=KEY)
    del client
    gc.collect()


async def test_f57_a_call_outlives_the_name_of_its_client(ask):
    async with RawServer(SLOW) as server:
        with warned("<AsyncFireworks"):
            completion = await ask(
                AsyncFireworks(base_url=server.base_url, api_key=KEY, max_retries=0)
            )
        assert text(completion) == "ab"
        await server.emptied()


async def test_f57_a_call_that_was_not_yet_made_outlives_the_name_of_its_client():
    async with RawServer(SLOW) as server:
        with warned("<AsyncFireworks"):
            call = created(AsyncFireworks(base_url=server.base_url, api_key=KEY))
            gc.collect()
            assert text(await call) == "ab"
            del call
        await server.emptied()


def test_f58_a_loop_that_ends_during_a_stream_ends_at_once(ask):
    async def main():
        async with (
            RawServer(default=[Send(BEGUN), Hang()]) as server,
            AsyncFireworks(base_url=server.base_url, api_key=KEY) as client,
        ):
            tasks = [asyncio.create_task(ask(client)) for _ in range(10)]
            await server.request(9)
            await settle()
            kept.extend(tasks)
            raise KeyboardInterrupt

    kept = []
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        asyncio.run(main())
    assert time.monotonic() - began < 1
    assert all(task.done() for task in kept)
    for task in kept:
        if not task.cancelled():
            assert isinstance(task.exception(), ClientClosedError)


def test_f58_a_loop_that_ends_with_a_client_left_open_ends_at_once(ask):
    client = None

    async def main():
        nonlocal client
        async with RawServer(default=OK) as server:
            client = AsyncFireworks(base_url=server.base_url, api_key=KEY)
            assert text(await ask(client)) == "ab"

    began = time.monotonic()
    asyncio.run(main())
    assert time.monotonic() - began < 1
    with warned("<AsyncFireworks"):
        client = None

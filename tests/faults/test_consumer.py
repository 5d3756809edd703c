"""Streams that are left, shared or read slowly (F50 to F53)."""

import asyncio
import gc

import pytest

from fireworks_async.errors import (
    StreamStateError,
)
from tests.support.calls import created, failure, text, warned
from tests.support.leaks import settle
from tests.support.raw_server import Hang, Pause, RawServer, Repeat, Send
from tests.support.scripts import OK, OK_BODY
from tests.support.wire import (
    chunk,
    http_chunk,
    sse,
    stream_body,
    stream_head,
)

BEGUN = stream_head() + stream_body(chunk("a"), chunk("b"))
ENDLESS = [Send(BEGUN), Repeat([Send(stream_body(chunk("x"))), Pause(0.01)])]


async def opened(client):
    return await created(client, stream=True)


async def left_at_once(server, number=0):
    """Whether the server sees the connection close within a few turns of the loop."""
    link = server.log[number].connection
    for _ in range(50):
        if link.client_closed.is_set():
            break
        await asyncio.sleep(0)
    return link.client_closed.is_set()


class LeftError(Exception):
    """What a loop's body raises."""


async def leave_by_break(stream):
    async for _ in stream:
        break


async def leave_by_return(stream):
    async for chunk_ in stream:
        return chunk_
    return None


async def leave_by_error(stream):
    async for _ in stream:
        raise LeftError


async def leave_by_cancel(stream):
    async for _ in stream:
        asyncio.current_task().cancel()


WAYS = {
    "break": leave_by_break,
    "return": leave_by_return,
    "error": leave_by_error,
    "cancel": leave_by_cancel,
}


async def test_twin_a_stream_read_to_its_end_keeps_its_connection(client_to):
    async with RawServer(default=OK) as server:
        client = client_to(server)
        for _ in range(3):
            async with created(client) as stream:
                assert [c.content async for c in stream] == ["", "a", "b", "", ""]
        assert server.connections == server.open_connections == 1


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("silent", [True, False], ids=["silent", "talking"])
async def test_f50_a_block_that_is_left_closes_the_connection(client_to, way, silent):
    script = [Send(BEGUN), Hang()] if silent else ENDLESS
    async with RawServer(script, default=OK) as server:
        client = client_to(server)

        async def read():
            async with created(client) as stream:
                await WAYS[way](stream)

        (result,) = await asyncio.gather(read(), return_exceptions=True)
        assert isinstance(
            result,
            {"error": LeftError, "cancel": asyncio.CancelledError}.get(way, type(None)),
        )
        assert client.statistics().in_flight == 0
        assert await left_at_once(server)
        assert text(await created(client)) == "ab"


@pytest.mark.parametrize("way", WAYS)
async def test_f50_a_loop_that_is_left_closes_the_connection(client_to, way):
    async with RawServer([Send(BEGUN), Hang()], default=OK) as server:
        client = client_to(server)
        await asyncio.gather(WAYS[way](created(client)), return_exceptions=True)
        assert await left_at_once(server)
        assert client.statistics().in_flight == 0
        assert text(await created(client)) == "ab"


async def test_f50_closing_twice_is_closing_once(client_to):
    async with RawServer([Send(BEGUN), Hang()]) as server:
        stream = await opened(client_to(server))
        assert (await anext(stream)).content == "a"
        await stream.aclose()
        await stream.aclose()
        assert await left_at_once(server)
        await failure(anext(stream), StreamStateError)
        await failure(stream.collect(), StreamStateError)
        assert text(stream.snapshot) == "ab"


async def test_f50_an_opened_stream_that_is_dropped_says_so_and_closes(client_to):
    async with RawServer([Send(BEGUN), Hang()]) as server:
        stream = await opened(client_to(server))
        await anext(stream)
        with warned("<Stream streaming>: use it in `async with`, or call aclose()"):
            del stream
        assert await left_at_once(server)


async def test_f50_leaving_before_the_first_event_closes_the_connection(client_to):
    async with RawServer([Send(stream_head()), Hang()]) as server:
        async with created(client_to(server)) as stream:
            assert stream.response.status == 200
        assert await left_at_once(server)


async def test_f51_a_stream_may_go_from_task_to_task(client_to):
    go = asyncio.Event()
    async with RawServer([Send(BEGUN), Hang()]) as server:
        stream = await asyncio.create_task(opened(client_to(server)))
        first = await asyncio.create_task(anext(stream.__aiter__()))
        assert first.content == "a"

        async def read_on():
            async for _ in stream:
                go.set()

        reading = asyncio.create_task(read_on())
        await go.wait()
        await settle()
        await asyncio.create_task(stream.aclose())
        await failure(reading, StreamStateError)
        assert await left_at_once(server)


async def test_f51_an_iterator_may_be_closed_by_another_task(client_to):
    async with RawServer([Send(BEGUN), Hang()]) as server:
        iterator = created(client_to(server)).__aiter__()
        await asyncio.create_task(anext(iterator))
        await asyncio.create_task(iterator.aclose())
        assert await left_at_once(server)


async def test_f51_a_call_that_is_never_started_sends_nothing(client_to):
    async with RawServer() as server:
        client = client_to(server)
        calls = [created(client), created(client, stream=True), created(client)]
        await calls[2].aclose()
        created(client).__aiter__()
        del calls
        gc.collect()
        assert server.connections == 0


async def test_f52_a_second_reader_is_refused_and_the_first_undisturbed(client_to):
    script = [Send(stream_head()), Pause(0.05), OK_BODY]
    async with RawServer(script) as server, created(client_to(server)) as stream:
        first = asyncio.create_task(stream.collect())
        await settle()
        error = await failure(anext(stream), StreamStateError)
        assert "another task" in str(error)
        await failure(stream.collect(), StreamStateError)
        assert text(await first) == "ab"


async def test_f53_a_slow_reader_holds_the_server_back(client_to):
    events = http_chunk(sse(*[chunk("x" * 100)] * 100))
    script = [Send(stream_head()), Repeat([Send(events)], times=10_000)]
    async with RawServer(script) as server, created(client_to(server)) as stream:
        await anext(stream)
        request, before = server.log[0], -1
        while request.bytes_sent != before:
            before = request.bytes_sent
            for _ in range(20):
                await settle()
        assert before < 16_000_000 < 10_000 * len(events)
        await anext(stream)

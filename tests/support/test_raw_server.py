"""The scripted server does what its scripts say; each fault has a twin without it."""

import asyncio

import aiohttp
import pytest

from tests.support.raw_server import (
    BeforeBody,
    Fin,
    Hang,
    Pause,
    RawServer,
    Repeat,
    Reset,
    Send,
    Trickle,
    WaitFor,
)
from tests.support.wire import (
    DONE,
    LAST_CHUNK,
    answer,
    chunk,
    http_chunk,
    json_response,
    sse,
    stream_body,
    stream_head,
    stream_response,
)

REQUEST = b"POST /v1/x HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}"
OK = [Send(json_response(200, {"ok": True}))]


async def connect(server):
    return await asyncio.open_connection("127.0.0.1", server.port)


async def turns(count):
    for _ in range(count):
        await asyncio.sleep(0)


async def close(writer):
    writer.close()
    await writer.wait_closed()


async def post(session, server):
    async with session.post(f"{server.base_url}/x", json={}) as response:
        return response.status, await response.read()


async def test_scripts_answer_requests_in_the_order_of_arrival():
    first, second = json_response(200, {"n": 1}), json_response(503, {"n": 2})
    async with (
        RawServer([Send(first)], [Send(second)], default=OK) as server,
        aiohttp.ClientSession() as session,
    ):
        assert await post(session, server) == (200, b'{"n": 1}')
        assert await post(session, server) == (503, b'{"n": 2}')
        assert await post(session, server) == (200, b'{"ok": true}')
        assert server.connections == 1


async def test_requests_are_logged_as_they_came():
    async with (
        RawServer(default=OK) as server,
        aiohttp.ClientSession(headers={"X-Thing": "1"}) as session,
    ):
        before = asyncio.get_running_loop().time()
        await asyncio.gather(post(session, server), post(session, server))
        one, two = server.log
        assert {one.connection.number, two.connection.number} == {0, 1}
        assert (one.method, one.path, one.json) == ("POST", "/v1/x", {})
        assert one.headers["x-thing"] == "1"
        assert one.arrived_at >= one.connection.opened_at >= before
        assert server.connections == server.open_connections == 2
    assert server.open_connections == 0


async def test_a_script_may_be_a_function_of_the_request():
    async with (
        RawServer(default=lambda r: [Send(json_response(200, r.body))]) as server,
        aiohttp.ClientSession() as session,
    ):
        assert await post(session, server) == (200, b"{}")


async def test_a_whole_stream_ends_and_its_connection_is_used_again():
    async with (
        RawServer(default=[Send(stream_response(*answer("a", "b")))]) as server,
        aiohttp.ClientSession() as session,
    ):
        assert await post(session, server) == (200, sse(*answer("a", "b")))
        await post(session, server)
        assert server.connections == 1


@pytest.mark.parametrize("cut", [Fin(), Reset()], ids=["fin", "reset"])
async def test_a_cut_stream_gives_what_was_sent_before_it(cut):
    event = sse(chunk("a"))
    script = [Send(stream_head() + http_chunk(event)), cut]
    async with (
        RawServer(script) as server,
        aiohttp.ClientSession() as session,
        session.post(f"{server.base_url}/x", json={}) as response,
    ):
        assert await response.content.readany() == event
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.content.readany()
        await server.emptied()
        assert server.links[0].client_closed_at is None


async def test_fin_and_reset_differ_on_the_wire():
    async with RawServer([Fin()], [Reset()]) as server:
        reader, writer = await connect(server)
        writer.write(REQUEST)
        assert await reader.read() == b""
        await close(writer)
        reader, writer = await connect(server)
        writer.write(REQUEST)
        with pytest.raises(ConnectionResetError):
            await reader.read()
        with pytest.raises(ConnectionResetError):
            await close(writer)


async def test_bytes_sent_before_a_fin_all_arrive():
    data = b"x" * 5_000_000
    async with RawServer([Send(data), Fin()]) as server:
        reader, writer = await connect(server)
        writer.write(REQUEST)
        assert await reader.read() == data
        await close(writer)
        assert server.log[0].bytes_sent == len(data)


async def test_waiting_holds_the_answer_back_until_the_event():
    go = asyncio.Event()
    async with RawServer([Send(b"a"), WaitFor(go), Send(b"b"), Fin()]) as server:
        reader, writer = await connect(server)
        writer.write(REQUEST)
        assert await reader.read(10) == b"a"
        more = asyncio.create_task(reader.read(10))
        await turns(5)
        assert not more.done()
        go.set()
        assert await more == b"b"
        await close(writer)


async def test_pausing_takes_its_time():
    async with RawServer([Pause(0.05), Send(b"a"), Fin()]) as server:
        reader, writer = await connect(server)
        writer.write(REQUEST)
        assert await reader.read() == b"a"
        await close(writer)
        waited = asyncio.get_running_loop().time() - server.log[0].arrived_at
        assert 0.05 <= waited < 1


async def test_trickled_bytes_are_read_one_by_one():
    async with RawServer([Trickle(b"abcd")], [Trickle(b"abcd", 3)]) as server:
        reader, writer = await connect(server)
        writer.write(REQUEST)
        assert [await reader.read(9) for _ in range(4)] == [b"a", b"b", b"c", b"d"]
        writer.write(REQUEST)
        assert [await reader.read(9) for _ in range(2)] == [b"abc", b"d"]
        await close(writer)


async def test_repeating_counts():
    async with RawServer([Repeat([Send(b"ab"), Send(b"c")], times=3), Fin()]) as server:
        reader, writer = await connect(server)
        writer.write(REQUEST)
        assert await reader.read() == b"abcabcabc"
        await close(writer)


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param([Hang()], id="hanging"),
        pytest.param([Pause(60)], id="pausing"),
        pytest.param([Send(b"x" * 64_000_000)], id="sending"),
        pytest.param([Repeat([Send(b"x" * 1_000)])], id="repeating"),
    ],
)
@pytest.mark.parametrize("how", ["close", "abort"])
async def test_the_clients_close_is_seen_at_once(steps, how):
    async with RawServer(steps) as server:
        _, writer = await connect(server)
        writer.write(REQUEST)
        request = await server.request()
        assert not request.connection.client_closed.is_set()
        writer.transport.abort() if how == "abort" else writer.close()
        # Turns, and no seconds: on a busy machine those may be long.
        await turns(100)
        assert request.connection.client_closed.is_set()
        assert not request.answered.is_set()
        assert server.open_connections == 0


async def test_a_reader_that_stops_holds_the_server_back():
    size = 64_000_000
    async with RawServer([Send(b"x" * size)]) as server:
        _, writer = await connect(server)
        writer.write(REQUEST)
        request = await server.request()
        await turns(20)
        assert 0 < request.bytes_sent < size
        writer.transport.abort()


async def test_a_script_can_start_before_the_body_has_come():
    early = json_response(413, {})
    async with RawServer([BeforeBody(), Send(early), BeforeBody()], OK) as server:
        reader, writer = await connect(server)
        writer.write(REQUEST[:-2])
        assert await reader.readexactly(len(early)) == early
        assert not server.log[0].answered.is_set()
        writer.write(b"{}" + REQUEST)
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        assert [request.body for request in server.log] == [b"{}", b"{}"]
        await close(writer)


async def test_a_request_without_a_script_fails_the_test():
    async def scenario():
        async with RawServer(OK) as server:
            reader, writer = await connect(server)
            writer.write(REQUEST * 2)
            with pytest.raises(ConnectionResetError):
                await reader.read()
            writer.transport.abort()

    with pytest.raises(AssertionError, match="no script for /v1/x"):
        await scenario()


async def test_what_is_no_request_fails_the_test():
    async def scenario():
        async with RawServer(default=OK) as server:
            reader, writer = await connect(server)
            writer.write(b"nonsense\r\n\r\n")
            await writer.drain()
            with pytest.raises(ConnectionResetError):
                await reader.read()
            writer.transport.abort()

    with pytest.raises(AssertionError, match="ValueError"):
        await scenario()


async def test_leaving_the_block_closes_what_is_open():
    async with RawServer(default=[Hang()]) as server:
        reader, writer = await connect(server)
        writer.write(REQUEST)
        await server.request()
    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.transport.abort()


def test_heads_and_bodies_are_literal():
    assert stream_head(x_request_id="", content_type="a/b") == (
        b"HTTP/1.1 200 Scripted\r\ncontent-type: a/b\r\n"
        b"transfer-encoding: chunked\r\n\r\n"
    )
    assert stream_body("x", DONE) + LAST_CHUNK == (
        b"9\r\ndata: x\n\n\r\ne\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"
    )

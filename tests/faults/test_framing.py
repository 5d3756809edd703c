"""Streams that are too long, compressed or oddly framed (F29 to F34)."""

import asyncio
import zlib
from functools import cache

import pytest

from fireworks_async import Timeout
from fireworks_async.errors import (
    APIConnectionError,
    StreamProtocolError,
    StreamTruncatedError,
)
from tests.support.calls import MESSAGES, failure, text
from tests.support.leaks import settle
from tests.support.raw_server import (
    Fin,
    Hang,
    Pause,
    RawServer,
    Repeat,
    Send,
    Trickle,
    WaitFor,
)
from tests.support.scripts import OK
from tests.support.wire import (
    DONE,
    LAST_CHUNK,
    answer,
    chunk,
    http_chunk,
    sse,
    stream_body,
    stream_head,
    stream_response,
)

BEGUN = stream_head() + stream_body(chunk("a"))


@pytest.mark.parametrize("beginning", [b"data: ", b"event: ", b"x", b": "])
async def test_f29_a_line_without_end_is_cut_off(ask, client_to, beginning):
    endless = [
        Send(stream_head() + http_chunk(beginning)),
        Repeat([Send(http_chunk(b"x" * 65536))]),
    ]
    async with RawServer(endless) as server:
        await failure(ask(client_to(server)), StreamProtocolError)
        assert server.log[0].bytes_sent < 40_000_000
        await server.log[0].connection.client_closed.wait()


async def test_f29_an_event_without_end_is_cut_off(ask, client_to):
    endless = [
        Send(stream_head()),
        Repeat([Send(http_chunk((b"data: " + b"x" * 1_000 + b"\n") * 64))]),
    ]
    async with RawServer(endless) as server:
        await failure(ask(client_to(server)), StreamProtocolError)
        assert server.log[0].bytes_sent < 64_000_000


async def test_f29_headers_without_end_are_cut_off(ask, client_to):
    endless = [Send(b"HTTP/1.1 200 OK\r\n"), Repeat([Send(b"x: " + b"y" * 4096)])]
    async with RawServer(endless) as server:
        await failure(ask(client_to(server)), APIConnectionError)


async def longest_gap(until):
    """How long the loop was kept from other tasks, at most."""
    loop = asyncio.get_running_loop()
    longest, last = 0.0, loop.time()
    while not until.done():
        await asyncio.sleep(0)
        longest, last = max(longest, loop.time() - last), loop.time()
    return longest


async def test_f30_many_events_at_once_do_not_keep_the_loop_from_others(ask, client_to):
    count = 20_000
    events = sse(*[chunk("x")] * count) + sse(chunk(finish_reason="stop"), DONE)
    async with RawServer([Send(stream_head() + http_chunk(events))]) as server:
        call = asyncio.create_task(ask(client_to(server)))
        assert await longest_gap(call) < 1
        assert text(await call) == "x" * count


async def test_f30_one_event_in_many_pieces_is_whole(ask, client_to):
    body = stream_body(chunk("x" * 3_000), chunk(finish_reason="stop"), DONE)
    script = [Send(stream_head()), Trickle(body + LAST_CHUNK)]
    async with RawServer(script) as server:
        assert text(await ask(client_to(server))) == "x" * 3_000


def compressor(encoding):
    """Compresses like a server that flushes after each event."""
    window = {"gzip": 31, "deflate": 15}[encoding]
    made = zlib.compressobj(wbits=window)
    return made, lambda data: made.compress(data) + made.flush(zlib.Z_SYNC_FLUSH)


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_f31_compressed_events_arrive_one_by_one(client_to, encoding):
    made, flushed = compressor(encoding)
    go = asyncio.Event()
    rest = flushed(sse(chunk("a"))), flushed(sse(chunk("b", finish_reason="stop")))
    script = [
        Send(stream_head(content_encoding=encoding) + http_chunk(rest[0])),
        WaitFor(go),
        Send(http_chunk(rest[1] + made.compress(DONE) + made.flush()) + LAST_CHUNK),
    ]
    async with RawServer(script) as server:
        call = client_to(server).chat.completions.create(model="m", messages=MESSAGES)
        async with call as stream:
            first = await anext(stream)
            assert first.content == "a"
            go.set()
            assert [chunk.content async for chunk in stream] == ["b"]


async def test_f31_only_encodings_that_can_be_read_are_asked_for(ask, client_to):
    async with RawServer(OK) as server:
        await ask(client_to(server))
        accepted = server.log[0].headers["accept-encoding"].replace(" ", "")
        assert set(accepted.split(",")) <= {"gzip", "deflate", "identity"}


@pytest.mark.parametrize("end", [Send(LAST_CHUNK), Fin()], ids=["end", "fin"])
async def test_f31_a_compressed_stream_that_is_cut_is_a_truncation(ask, client_to, end):
    _, flushed = compressor("gzip")
    script = [
        Send(stream_head(content_encoding="gzip")),
        Send(http_chunk(flushed(sse(chunk("a"))))),
        end,
    ]
    async with RawServer(script) as server:
        error = await failure(ask(client_to(server)), StreamTruncatedError)
        assert text(error.partial) == "a"


async def test_f31_broken_compression_is_an_error(ask, client_to):
    script = [Send(stream_head(content_encoding="gzip") + http_chunk(b"no gzip"))]
    async with RawServer([*script, Send(LAST_CHUNK)]) as server:
        await failure(ask(client_to(server)), StreamTruncatedError)


@cache
def bomb():
    packer = zlib.compressobj(wbits=31)
    return packer.compress(b"data: " + b"x" * 100_000_000) + packer.flush()


async def test_f31_a_compressed_stream_cannot_fill_the_memory(ask, client_to):
    script = [Send(stream_head(content_encoding="gzip") + http_chunk(bomb()))]
    async with RawServer([*script, Send(LAST_CHUNK)]) as server:
        await failure(ask(client_to(server)), StreamProtocolError)


BODY = sse(*answer("a", "b"))
FRAMINGS = {
    "extensions": b"%x;name=value\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY),
    "trailers": http_chunk(BODY) + b"0\r\nx-trailer: 1\r\n\r\n",
    "leading zeros": b"%016x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY),
    "capitals": b"%X\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY),
}


@pytest.mark.parametrize("framing", FRAMINGS)
async def test_f32_all_chunked_framings_are_read(ask, client_to, framing):
    script = [Send(stream_head() + FRAMINGS[framing])]
    async with RawServer(default=script) as server:
        client = client_to(server)
        assert [text(await ask(client)) for _ in range(2)] == ["ab", "ab"]
        assert server.connections == 1


async def test_f32_a_chunk_of_no_length_ends_the_body(ask, client_to):
    # What follows is no HTTP, and in one read with the headers would spoil them too.
    script = [Trickle(BEGUN, 9999), Send(LAST_CHUNK + stream_body(DONE))]
    async with RawServer(script) as server:
        await failure(ask(client_to(server)), StreamTruncatedError)


async def test_f32_a_bad_chunk_size_is_an_error_that_keeps_what_had_come(
    ask, client_to
):
    # In a read of its own: in one with the headers it is no HTTP answer at all.
    script = [Trickle(BEGUN, 9999), Send(b"zz\r\n"), Hang()]
    async with RawServer(script, OK) as server:
        client = client_to(server, timeout=Timeout(receive=2))
        error = await failure(ask(client), StreamTruncatedError)
        assert text(error.partial) == "a"
        assert text(await ask(client)) == "ab"


EXTRAS = {
    "events": sse(chunk("extra")),
    "a second [DONE]": DONE,
    "an error": sse({"error": {"message": "late"}}),
    "usage": sse(chunk(choices=[], usage={"completion_tokens": 99})),
    "nonsense": b"no event\n\n\xff",
}


@pytest.mark.parametrize("extra", EXTRAS)
@pytest.mark.parametrize("together", [True, False])
async def test_f33_what_follows_done_is_not_looked_at(ask, client_to, extra, together):
    whole = stream_head() + stream_body(*answer("a", "b"))
    rest = http_chunk(EXTRAS[extra]) + LAST_CHUNK
    parts = [Send(whole + rest)] if together else [Trickle(whole, 9999), Send(rest)]
    async with RawServer(default=parts) as server:
        client = client_to(server)
        for _ in range(2):
            completion = await ask(client)
            assert (text(completion), completion.usage.completion_tokens) == ("ab", 3)
        assert server.connections == 1


@pytest.mark.parametrize("seconds", [0.002, 0.05])
async def test_f33_a_late_end_of_the_body_does_not_cost_the_connection(
    ask, client_to, seconds
):
    go = asyncio.Event()
    late = [WaitFor(go), Pause(seconds), Send(LAST_CHUNK)]
    script = [Send(stream_head() + stream_body(*answer("a", "b"))), *late]
    async with RawServer(script, OK) as server:
        client = client_to(server)
        # The call ends at [DONE]: the end of the body has not even been sent.
        assert text(await ask(client)) == "ab"
        assert not go.is_set()
        go.set()
        await server.log[0].answered.wait()
        await settle()
        assert text(await ask(client)) == "ab"
        assert server.connections == 1


async def test_f33_a_body_that_never_ends_costs_its_connection_soon(ask, client_to):
    script = [Send(stream_head() + stream_body(*answer("a", "b"))), Hang()]
    async with RawServer(script, OK) as server:
        client = client_to(server)
        assert text(await ask(client)) == "ab"
        ended = asyncio.get_running_loop().time()
        link = server.log[0].connection
        await link.client_closed.wait()
        assert 0.05 < link.client_closed_at - ended < 1
        assert text(await ask(client)) == "ab"
        assert server.connections == 2


async def test_f33_a_body_that_goes_on_after_done_costs_its_connection_soon(
    ask, client_to
):
    script = [
        Send(stream_head() + stream_body(*answer("a", "b"))),
        Repeat([Send(http_chunk(b"x" * 65536))]),
    ]
    async with RawServer(script) as server:
        assert text(await ask(client_to(server))) == "ab"
        await server.log[0].connection.client_closed.wait()


async def test_f33_calls_in_a_row_use_one_connection(ask, client_to):
    async with RawServer(default=[Trickle(OK[0].data, 100)]) as server:
        client = client_to(server)
        for _ in range(20):
            assert text(await ask(client)) == "ab"
        assert server.connections == 1


async def test_f34_a_connection_left_in_the_middle_is_not_used_again(client_to):
    script = [Send(BEGUN), Hang()]
    async with RawServer(script, OK) as server:
        create = client_to(server).chat.completions.create
        async with create(model="m", messages=MESSAGES) as stream:
            await anext(stream)
        assert text(await create(model="m", messages=MESSAGES)) == "ab"
        assert server.connections == 2


@pytest.mark.parametrize("together", [True, False])
async def test_f34_an_answer_that_nobody_asked_for_is_not_the_next_one(
    ask, client_to, together
):
    whole, stray = OK[0].data, stream_response(*answer("stray"))
    parts = [Send(whole + stray)] if together else [Send(whole), Send(stray)]
    async with RawServer([*parts], default=OK) as server:
        client = client_to(server)
        assert text(await ask(client)) == "ab"
        await settle()
        assert text(await ask(client)) == "ab"

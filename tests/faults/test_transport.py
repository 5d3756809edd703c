"""Faults of the bytes of a stream (F21 to F34)."""

import asyncio
import zlib

import pytest

from fireworks_async import Timeout
from fireworks_async.errors import (
    APIConnectionError,
    APITimeoutError,
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
    head,
    http_chunk,
    sse,
    stream_body,
    stream_head,
    stream_response,
)

OK = [Send(stream_response(*answer("a", "b")))]
BEGUN = stream_head() + stream_body(chunk("a"))
FINISHED = BEGUN + stream_body(chunk("b"), chunk(finish_reason="stop"))
MIDDLE_OF_AN_EVENT = http_chunk(sse(chunk("lost"))[:-30])

CUTS = {
    "in a chunk": b"ff\r\ndata: ",
    "in an event": MIDDLE_OF_AN_EVENT,
    "between events": b"",
}
ENDS = [pytest.param(Fin(), id="fin"), pytest.param(Reset(), id="reset")]


async def test_twin_a_stream_without_fault_is_whole(ask, client_to):
    async with RawServer([Send(FINISHED + stream_body(DONE) + LAST_CHUNK)]) as server:
        completion = await ask(client_to(server, max_retries=2))
        assert text(completion) == "ab"
        assert completion.choices[0].finish_reason == "stop"
        assert "".join(ask.received) == ("ab" if ask.streams else "")


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("place", CUTS)
async def test_f21_a_lost_connection_leaves_what_had_come(ask, client_to, end, place):
    async with RawServer([Send(BEGUN + CUTS[place]), end], OK) as server:
        client = client_to(server)
        error = await failure(ask(client), StreamTruncatedError)
        assert text(error.partial) == "a"
        assert error.request_id == "req-scripted"
        assert ask.received == (["a"] if ask.streams else [])
        assert text(await ask(client)) == "ab"


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.usefixtures("no_jitter")
async def test_f21_a_stream_lost_before_its_first_event_is_tried_again(
    ask, client_to, end
):
    async with RawServer([Send(stream_head()), end], OK) as server:
        assert text(await ask(client_to(server, max_retries=1))) == "ab"
        assert len(server.log) == 2


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.usefixtures("no_jitter")
async def test_f21_no_token_is_handed_out_twice(ask, client_to, end):
    async with RawServer([Send(BEGUN), end], OK) as server:
        client = client_to(server, max_retries=2)
        if ask.streams:
            await failure(ask(client), StreamTruncatedError)
            assert ask.received == ["a"]
            assert len(server.log) == 1
        else:
            assert text(await ask(client)) == "ab"
            assert len(server.log) == 2


@pytest.mark.parametrize("end", ENDS)
async def test_f21_a_connection_lost_after_the_finish_costs_nothing(
    ask, client_to, end
):
    async with RawServer([Send(FINISHED), end]) as server:
        completion = await ask(client_to(server, max_retries=2))
        assert (text(completion), completion.usage) == ("ab", None)
        assert len(server.log) == 1


async def test_f21_one_choice_of_two_that_is_not_finished_is_a_truncation(
    ask, client_to
):
    body = stream_body(chunk("1", index=1), chunk("0"), chunk(finish_reason="stop"))
    async with RawServer([Send(stream_head() + body), Fin()]) as server:
        error = await failure(ask(client_to(server), n=2), StreamTruncatedError)
        reasons = [choice.finish_reason for choice in error.partial.choices]
        assert reasons == ["stop", None]


async def test_f22_twin_without_done_a_finished_stream_is_whole(ask, client_to):
    async with RawServer(default=[Send(FINISHED + LAST_CHUNK)]) as server:
        client = client_to(server)
        assert [text(await ask(client)) for _ in range(2)] == ["ab", "ab"]
        assert server.connections == 1


@pytest.mark.parametrize(
    "rest", [LAST_CHUNK, stream_body(DONE) + LAST_CHUNK], ids=["end", "[DONE]"]
)
async def test_f22_an_end_without_finish_reason_is_a_truncation(ask, client_to, rest):
    async with RawServer([Send(BEGUN + rest)]) as server:
        error = await failure(ask(client_to(server)), StreamTruncatedError)
        assert text(error.partial) == "a"


SILENCES = {
    "nothing": [Hang()],
    "comments": [Repeat([Send(http_chunk(b": ping\n\n")), Pause(0.03)])],
    "blank lines": [Repeat([Send(http_chunk(b"\n\n")), Pause(0.03)])],
    "pings": [Repeat([Send(http_chunk(b"event: ping\ndata: {}\n\n")), Pause(0.03)])],
}


@pytest.mark.parametrize("silence", SILENCES)
@pytest.mark.parametrize("start", [stream_head(), BEGUN], ids=["head", "delta"])
async def test_f23_a_silent_stream_times_out_once(ask, client_to, silence, start):
    async with RawServer([Send(start), *SILENCES[silence]]) as server:
        client = client_to(server, timeout=Timeout(receive=0.2), max_retries=2)
        began = asyncio.get_running_loop().time()
        error = await failure(ask(client), APITimeoutError)
        took = asyncio.get_running_loop().time() - began
        assert error.phase == "receive"
        assert 0.2 <= took < 0.4
        if start is BEGUN:
            assert text(error.partial) == "a"
        await server.log[0].connection.client_closed.wait()
        assert len(server.log) == 1


async def test_f23_twin_a_slow_stream_does_not_time_out(ask, client_to):
    slow = [
        Repeat([Send(stream_body(chunk("a"))), Pause(0.1)], times=4),
        Send(stream_body(chunk(finish_reason="stop"), DONE) + LAST_CHUNK),
    ]
    async with RawServer([Send(stream_head()), *slow]) as server:
        client = client_to(server, timeout=Timeout(receive=0.2))
        assert text(await ask(client)) == "aaaa"


async def test_f24_a_total_limit_ends_a_slow_stream(ask, client_to):
    slow = [Send(stream_head()), Repeat([Send(stream_body(chunk("a"))), Pause(0.05)])]
    async with RawServer(slow) as server:
        client = client_to(server, timeout=Timeout(receive=5, total=0.3), max_retries=2)
        began = asyncio.get_running_loop().time()
        error = await failure(ask(client), APITimeoutError)
        took = asyncio.get_running_loop().time() - began
        assert error.phase == "total"
        assert 0.3 <= took < 0.5
        assert len(text(error.partial)) in range(3, 8)
        assert len(server.log) == 1


@pytest.mark.usefixtures("no_jitter")
async def test_f24_a_total_limit_spans_all_attempts(ask, client_to):
    busy = [Send(head(503, {"content-length": "0", "retry-after": "0.12"}))]
    async with RawServer(default=busy) as server:
        client = client_to(server, timeout=Timeout(total=0.3), max_retries=9)
        began = asyncio.get_running_loop().time()
        error = await failure(ask(client), APITimeoutError)
        took = asyncio.get_running_loop().time() - began
        assert error.phase == "total"
        assert 0.3 <= took < 0.5
        assert len(server.log) == 3


REPLY = stream_head() + b"".join(
    http_chunk(part)
    for part in (
        b'data: {"choices":[{"delta":{"content":"a\xc3\xa9"}}]}\r\n\r\n: c\n\n',
        b'data: {"choices":[{"delta":{"content":"\xf0\x9f\x91\xa9"}}]}\n\ndata: {"choi',
        b'ces":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n',
    )
)


async def test_f25_f26_no_place_of_a_cut_matters(ask, client_to):
    reply = REPLY + LAST_CHUNK
    cuts = [[Trickle(reply[:n], n), Send(reply[n:])] for n in range(1, len(reply))]
    async with RawServer(*cuts, [Trickle(reply)]) as server:
        client = client_to(server)
        texts = [text(await ask(client)) for _ in range(len(cuts) + 1)]
        assert set(texts) == {"aé\U0001f469"}
        assert server.connections == 1


async def test_f27_a_byte_order_mark_costs_no_chunk(ask, client_to):
    body = stream_body(b"\xef\xbb\xbf" + sse(*answer("a", "b")))
    async with RawServer([Send(stream_head() + body + LAST_CHUNK)]) as server:
        assert text(await ask(client_to(server))) == "ab"


async def test_f28_broken_utf8_is_replaced_and_the_stream_goes_on(ask, client_to):
    broken = sse(chunk("x?y")).replace(b"?", b"\xff")
    async with RawServer([Send(stream_response(broken, *answer("z")))]) as server:
        assert text(await ask(client_to(server))) == "x\ufffdyz"


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
        assert await longest_gap(call) < 0.25
        assert text(await call) == "x" * count


async def test_f30_one_event_in_many_pieces_is_whole(ask, client_to):
    body = stream_body(chunk("x" * 10_000), chunk(finish_reason="stop"), DONE)
    script = [Send(stream_head()), Trickle(body + LAST_CHUNK)]
    async with RawServer(script) as server:
        assert text(await ask(client_to(server))) == "x" * 10_000


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


async def test_f31_a_compressed_stream_cannot_fill_the_memory(ask, client_to):
    bomb = zlib.compressobj(wbits=31)
    packed = bomb.compress(b"data: " + b"x" * 100_000_000) + bomb.flush()
    script = [Send(stream_head(content_encoding="gzip") + http_chunk(packed))]
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
        assert 0.05 < link.client_closed_at - ended < 0.2
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

"""Streams that are lost, silent, slow or cut anywhere (F21 to F28)."""

import asyncio

import pytest

from fireworks_async import Timeout
from fireworks_async.errors import (
    APITimeoutError,
    StreamTruncatedError,
)
from tests.support.calls import failure, text
from tests.support.raw_server import (
    Fin,
    Hang,
    Pause,
    RawServer,
    Repeat,
    Reset,
    Send,
    Trickle,
)
from tests.support.scripts import OK
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
        assert 0.2 <= took < 1.2
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
        assert 0.3 <= took < 1.3
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
        assert 0.3 <= took < 1.3
        assert len(server.log) == 3


async def test_f24_a_total_limit_cuts_a_wait_before_a_retry(ask, client_to):
    busy = [Send(head(503, {"content-length": "0", "retry-after": "5"}))]
    async with RawServer(busy) as server:
        client = client_to(server, timeout=Timeout(total=0.3), max_retries=1)
        began = asyncio.get_running_loop().time()
        error = await failure(ask(client), APITimeoutError)
        took = asyncio.get_running_loop().time() - began
        assert error.phase == "total"
        assert 0.3 <= took < 1.3


async def test_f24_no_limit_runs_out_early_because_another_has(ask, client_to):
    async with RawServer(default=[Hang()]) as server:
        client = client_to(server)

        async def took(seconds):
            began = asyncio.get_running_loop().time()
            timeout = Timeout(receive=seconds)
            await failure(ask(client, timeout=timeout), APITimeoutError)
            return asyncio.get_running_loop().time() - began

        limits = [0.2, 0.21, 0.23, 0.26, 0.3]
        times = await asyncio.gather(*map(took, limits))
        for limit, time in zip(limits, times, strict=True):
            assert limit <= time < limit + 1


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

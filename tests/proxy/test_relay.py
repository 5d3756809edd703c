import asyncio
import json

import pytest

from fireworks_async.proxy._relay import Sweeper
from tests.support.gateways import MASTER_KEY, body, config, deployment, running
from tests.support.manual_clock import ManualClock
from tests.support.raw_server import Fin, Hang, RawServer, Repeat, Reset, Send, WaitFor
from tests.support.scripts import OK, refused
from tests.support.wire import (
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
# As raw_server's chunks name their model, so that nothing needs to change.
SAME = "accounts/fireworks/models/m"


def plain(upstream, **params):
    return config(deployment(upstream, SAME, model=SAME, **params))


async def connect(gateway):
    """A caller that can leave at any moment, and reads when it likes."""
    return await asyncio.open_connection("127.0.0.1", gateway.server.port)


def request(**fields):
    data = json.dumps(body(model=SAME, stream=True, **fields)).encode()
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n"
        f"Authorization: Bearer {MASTER_KEY}\r\nContent-Length: {len(data)}\r\n\r\n"
    )
    return head.encode() + data


async def test_f63_a_stream_passes_byte_for_byte():
    odd = (
        b": hello\n\n",
        b'data: {"z":1e0,"id":"\\u00e9","choices":[{"index":0,"delta":{"x":1}}]}\n\n',
        *answer("a", "é"),
    )
    async with (
        RawServer([Send(stream_response(*odd))]) as upstream,
        running(plain(upstream)) as gateway,
    ):
        told = await gateway.ask(
            model=SAME, stream=True, stream_options={"include_usage": True}
        )
    assert told.data == sse(*odd)
    assert not told.cut


async def test_f64_each_event_leaves_before_the_next_comes():
    gates = [asyncio.Event() for _ in range(3)]
    steps = [Send(stream_head())]
    events = [
        sse(item) for item in (chunk("a"), chunk("b"), chunk(finish_reason="stop"))
    ]
    for event, gate in zip(events, gates, strict=True):
        steps += [Send(http_chunk(event)), WaitFor(gate)]
    async with (
        RawServer([*steps, Send(LAST_CHUNK)]) as upstream,
        running(plain(upstream)) as gateway,
    ):
        reader, writer = await connect(gateway)
        writer.write(request())
        for event, gate in zip(events, gates, strict=True):
            # The next one is not sent before this one has been read here.
            await asyncio.wait_for(reader.readuntil(event), 5)
            gate.set()
        assert b"data: [DONE]" in await reader.readuntil(b"0\r\n\r\n")
        writer.close()


@pytest.mark.parametrize("end", [Fin(), Reset()], ids=["fin", "reset"])
async def test_f61_an_upstream_that_dies_ends_with_an_error_and_no_clean_end(end):
    async with (
        RawServer([Send(BEGUN), end]) as upstream,
        running(plain(upstream, max_retries=3)) as gateway,
    ):
        told = await gateway.ask(model=SAME, stream=True)
    assert told.status == 200
    assert told.cut
    assert told.text == "a"
    assert "error" in told.events[-1]
    assert "[DONE]" not in told.events
    # Nothing that the caller has seen is ever asked for again.
    assert len(upstream.log) == 1


async def test_f61_the_twin_without_the_fault_has_a_clean_end():
    async with RawServer(OK) as upstream, running(plain(upstream)) as gateway:
        told = await gateway.ask(model=SAME, stream=True)
    assert (told.cut, told.text, told.events[-1]) == (False, "ab", "[DONE]")


async def test_f40_an_error_inside_the_stream_is_told_and_ends_it():
    failed = {"error": {"message": "overloaded", "code": "server_overloaded"}}
    script = [Send(stream_response(chunk("a"), failed, "[DONE]"))]
    async with RawServer(script) as upstream, running(plain(upstream)) as gateway:
        told = await gateway.ask(model=SAME, stream=True)
    assert told.cut
    assert told.events[-1]["error"]["message"] == "overloaded"


async def test_what_fails_before_the_first_event_is_repeated_in_secret():
    cut = [Send(stream_head() + b"ff\r\ndata: "), Fin()]
    async with (
        RawServer(cut, refused(503, {"retry-after-ms": "1"}), OK) as upstream,
        running(plain(upstream, max_retries=3)) as gateway,
    ):
        told = await gateway.ask(model=SAME, stream=True)
    assert (told.status, told.text, told.cut) == (200, "ab", False)
    assert len(upstream.log) == 3


async def test_f62_a_refusal_before_the_stream_is_handed_through():
    headers = {"retry-after": "120"}
    async with (
        RawServer(refused(429, headers)) as upstream,
        running(plain(upstream)) as gateway,
    ):
        told = await gateway.ask(model=SAME, stream=True)
    assert (told.status, told.error["code"]) == (429, "NO")
    assert told.headers["Retry-After"] == "120"


class TestACallerThatLeaves:
    """F60."""

    @pytest.mark.parametrize(
        "script",
        [[Hang()], [Send(stream_head()), Hang()], [Send(BEGUN), Hang()]],
        ids=["before the headers", "before the first event", "between events"],
    )
    async def test_frees_the_upstream_within_a_second(self, script, caplog):
        async with RawServer(script) as upstream, running(plain(upstream)) as gateway:
            _, writer = await connect(gateway)
            writer.write(request())
            await upstream.request()
            writer.close()
            async with asyncio.timeout(1):
                await upstream.emptied()
            pool = gateway.gateway.gauges().pool
            assert pool["in_flight"] == pool["waiting"] == 0
            assert gateway.gateway.upstream.router.deployments[0].in_flight == 0
        assert not [r for r in caplog.records if r.levelname in ("ERROR", "CRITICAL")]

    async def test_is_counted_as_one_that_left(self):
        async with (
            RawServer([Send(BEGUN), Hang()]) as upstream,
            running(plain(upstream)) as gateway,
        ):
            _, writer = await connect(gateway)
            writer.write(request())
            await upstream.request()
            writer.close()
            await upstream.emptied()
            numbers = gateway.gateway.accounts.metrics.models[SAME]
            assert numbers.statuses == {499: 1}
            # What it took will never be told.
            assert numbers.unreported == 1


async def test_f65_a_slow_reader_throttles_the_upstream_and_memory_stays_bounded():
    flood = Repeat([Send(http_chunk(sse(chunk("x" * 60_000))))])
    script = [Send(stream_head()), flood]
    async with RawServer(script) as upstream, running(plain(upstream)) as gateway:
        reader, writer = await connect(gateway)
        writer.write(request())
        await upstream.request()
        before = -1
        # Until nothing moves any more: all buffers on the way are full.
        while upstream.log[0].bytes_sent != before:
            before = upstream.log[0].bytes_sent
            await asyncio.sleep(0.1)
        writer.close()
        await upstream.emptied()
    # Sockets' buffers on this machine hold a few MiB; the flood has no end.
    assert len(reader._buffer) < 1 << 20


class TestTheSweeper:
    async def test_pings_a_caller_that_has_waited_for_long(self):
        gate = asyncio.Event()
        script = [WaitFor(gate), Send(stream_response(*answer("a")))]
        async with RawServer(script) as upstream:
            settings = {"keepalive_seconds": 0.05, "master_key": MASTER_KEY}
            async with running(
                config(
                    deployment(upstream, SAME, model=SAME), general_settings=settings
                )
            ) as gateway:
                reader, writer = await connect(gateway)
                writer.write(request())
                came = await asyncio.wait_for(reader.readuntil(b": keep-alive\n\n"), 5)
                assert came.startswith(b"HTTP/1.1 200")
                gate.set()
                await asyncio.wait_for(reader.readuntil(b"0\r\n\r\n"), 5)
                writer.close()

    async def test_an_error_after_a_ping_is_an_event(self):
        gate = asyncio.Event()
        async with RawServer([WaitFor(gate), *refused(400)]) as upstream:
            settings = {"keepalive_seconds": 0.05, "master_key": MASTER_KEY}
            async with running(
                config(
                    deployment(upstream, SAME, model=SAME), general_settings=settings
                )
            ) as gateway:
                reader, writer = await connect(gateway)
                writer.write(request())
                await asyncio.wait_for(reader.readuntil(b": keep-alive\n\n"), 5)
                gate.set()
                rest = await asyncio.wait_for(reader.read(), 5)
                assert b'data: {"error":{"message":"no"' in rest
                assert not rest.endswith(LAST_CHUNK)
                writer.close()

    async def test_ends_what_nobody_reads_and_pings_the_silent_only(self):
        class Fake:
            def __init__(self, left_at, *, is_deserted=False):
                self.left_at, self.is_deserted, self.pings = left_at, is_deserted, 0

            async def ping(self):
                self.pings += 1

        clock = ManualClock(time=100.0)
        sweeper = Sweeper(clock, 15.0)
        tasks = [asyncio.ensure_future(asyncio.sleep(60)) for _ in range(3)]
        silent, busy, gone = Fake(85.0), Fake(99.0), Fake(99.0, is_deserted=True)
        sweeper.relays = dict(zip((silent, busy, gone), tasks, strict=True))
        await sweeper.look()
        await asyncio.sleep(0)
        assert (silent.pings, busy.pings) == (1, 0)
        assert [task.cancelled() for task in tasks] == [False, False, True]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

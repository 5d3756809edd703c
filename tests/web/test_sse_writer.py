import asyncio

import pytest
from aiohttp import web

from fireworks_async._web.server import WebServer
from fireworks_async._web.sse_writer import ReaderLeftError, SSEWriter


class Served:
    """A server whose only handler is given with the test; and a raw connection."""

    def __init__(self, handler):
        self.left = asyncio.Event()

        async def watched(request):
            try:
                return await handler(request)
            except ReaderLeftError:
                self.left.set()
                raise

        app = web.Application()
        app.router.add_get("/", watched)
        self.server = WebServer(app)

    async def __aenter__(self):
        await self.server.start()
        self.reader, self.writer = await asyncio.open_connection(
            "127.0.0.1", self.server.port
        )
        return self

    async def __aexit__(self, *exc):
        self.writer.close()
        await self.server.stop()

    def ask(self):
        self.writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")


async def test_an_answer_is_written_piece_by_piece():
    async def handler(request):
        writer = SSEWriter(request, headers={"X-A": "b"})
        await writer.open()
        await writer.write(b"data: 1\n\n")
        await writer.write(b"data: 2\n\n")
        await writer.close()
        return writer.response

    async with Served(handler) as served:
        for _ in range(2):
            served.ask()
            raw = await served.reader.readuntil(b"0\r\n\r\n")
            head, _, body = raw.partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 OK\r\n")
            assert b"Content-Type: text/event-stream" in head
            assert b"X-A: b" in head
            assert body == b"9\r\ndata: 1\n\n\r\n9\r\ndata: 2\n\n\r\n0\r\n\r\n"
        assert served.server.connections_opened == 1


async def test_headers_do_not_wait_for_the_first_piece():
    release = asyncio.Event()

    async def handler(request):
        writer = SSEWriter(request)
        await writer.open()
        await release.wait()
        await writer.close()
        return writer.response

    async with Served(handler) as served:
        served.ask()
        assert await served.reader.readuntil(b"\r\n\r\n")
        release.set()
        assert await served.reader.readuntil(b"0\r\n\r\n") == b"0\r\n\r\n"


async def test_a_length_can_be_promised_and_the_type_be_another():
    async def handler(request):
        writer = SSEWriter(
            request, status=418, headers={"Content-Type": "a/b"}, length=2
        )
        await writer.open()
        await writer.write(b"hi")
        await writer.close()
        return writer.response

    async with Served(handler) as served:
        served.ask()
        raw = await served.reader.readuntil(b"\r\n\r\nhi")
        assert raw.startswith(b"HTTP/1.1 418 ")
        assert b"Content-Type: a/b" in raw
        assert b"Content-Length: 2" in raw


@pytest.mark.parametrize("way", ["hang up", "reset"])
async def test_an_answer_can_break_off(way):
    async def handler(request):
        writer = SSEWriter(request)
        await writer.open()
        await writer.write(b"data: 1\n\n")
        assert not writer.reader_left
        if way == "reset":
            await writer.reset()
        else:
            writer.hang_up()
        assert writer.reader_left
        return writer.response

    async with Served(handler) as served:
        served.ask()
        received = await served.reader.readuntil(b"data: 1\n\n\r\n")
        assert received
        if way == "reset":
            with pytest.raises(ConnectionResetError):
                await served.reader.read()
        else:
            assert await served.reader.read() == b""


async def test_bytes_can_go_past_http():
    async def handler(request):
        writer = SSEWriter(request)
        await writer.write_unframed(b"what?")
        writer.hang_up()
        return writer.response

    async with Served(handler) as served:
        served.ask()
        assert await served.reader.read() == b"what?"


@pytest.mark.parametrize("step", ["open", "write", "write_unframed", "close"])
async def test_every_step_notices_that_the_reader_has_left(step):
    async def handler(request):
        writer = SSEWriter(request)
        if step in ("write", "close"):
            await writer.open()
        request.transport.abort()
        match step:
            case "open":
                await writer.open()
            case "write":
                await writer.write(b"x")
            case "write_unframed":
                await writer.write_unframed(b"x")
            case "close":
                await writer.close()
        raise AssertionError("nobody noticed")

    async with Served(handler) as served:
        served.ask()
        await served.reader.read()
        await asyncio.wait_for(served.left.wait(), 1)


async def test_a_full_connection_makes_the_writer_wait():
    written = 0

    async def handler(request):
        nonlocal written
        writer = SSEWriter(request)
        await writer.open()
        while written < 10_000:
            await writer.write(b"x" * 65_536)
            written += 1
        return writer.response

    async with Served(handler) as served:
        served.ask()
        await served.reader.readuntil(b"\r\n\r\n")
        before = -1
        while written != before:
            before = written
            await asyncio.sleep(0.05)
        assert 0 < written < 1000

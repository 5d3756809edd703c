"""The pool's request beside aiohttp's own: the same bytes, in fewer steps."""

import asyncio
import io
from contextlib import asynccontextmanager

import aiohttp
import pytest

from fireworks_async._net import request
from fireworks_async._net.request import Request
from tests.support.raw_server import BeforeBody, Fin, RawServer, Send
from tests.support.wire import json_response

OK = json_response(200, {"ok": True})
HEADERS = {"Content-Type": "application/json", "Authorization": "Bearer k"}
BODY = b'{"a":1}'


@asynccontextmanager
async def recording():
    """A server that keeps what it reads, piece by piece; and its URL."""
    pieces = []

    async def serve(reader, writer):
        while data := await reader.read(2**20):
            pieces.append(data)
            if data.endswith((b"}", b"0\r\n\r\n")):
                writer.write(OK)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield pieces, f"http://127.0.0.1:{port}/v1/chat?a=b%20c"


async def ask(url, request_class=Request, **options):
    given = {"data": BODY, "headers": HEADERS, **options}
    async with (
        aiohttp.ClientSession(request_class=request_class) as session,
        session.post(url, **given) as told,
    ):
        return told.status, await told.read()


@pytest.fixture(params=[True, False], ids=["known", "unknown"])
def aiohttp_is_known(request, monkeypatch):
    """Whether aiohttp's own step is as it was known."""
    monkeypatch.setattr("fireworks_async._net.request._IS_AS_KNOWN", request.param)
    return request.param


def test_this_aiohttp_is_known():
    assert request._IS_AS_KNOWN


async def test_of_one_that_is_not_known_nothing_is_touched(monkeypatch):
    async def send(_, conn):
        return conn

    monkeypatch.setattr(request, "_IS_AS_KNOWN", False)
    monkeypatch.setattr(aiohttp.ClientRequest, "send", send)
    assert not request._names(send) >= request._USED
    without_fields = object.__new__(Request)
    assert await without_fields.send("a connection") == "a connection"


@pytest.mark.usefixtures("aiohttp_is_known")
@pytest.mark.parametrize(
    "options",
    [
        dict,
        lambda: {"data": io.BytesIO(BODY)},
        lambda: {"chunked": True},
        lambda: {"headers": {**HEADERS, "Transfer-Encoding": "chunked"}},
        lambda: {"headers": {**HEADERS, "Content-Length": "7"}},
    ],
    ids=["bytes", "file", "chunked", "chunked by header", "length by header"],
)
async def test_what_is_sent_is_what_aiohttp_sends(options):
    async with recording() as (pieces, url):
        assert await ask(url, **options()) == (200, b'{"ok": true}')
        ours = b"".join(pieces)
        pieces.clear()
        await ask(url, aiohttp.ClientRequest, **options())
        assert ours == b"".join(pieces)


async def test_bytes_go_with_their_headers_and_without_a_task(monkeypatch):
    started = []
    create_task = asyncio.create_task

    def watched(coroutine, **options):
        started.append(coroutine)
        return create_task(coroutine, **options)

    async with recording() as (pieces, url):
        monkeypatch.setattr(asyncio, "create_task", watched)
        await ask(url)
        assert not started
        assert len(pieces) == 1


@pytest.mark.usefixtures("aiohttp_is_known")
async def test_f19_an_answer_may_come_before_the_body_is_taken():
    async with RawServer([Send(OK), BeforeBody(), Fin()]) as server:
        status, body = await ask(server.base_url, data=b"x" * 2**20)
        assert (status, body) == (200, b'{"ok": true}')


@pytest.mark.usefixtures("aiohttp_is_known")
async def test_f07_a_connection_that_is_about_to_be_gone_is_told_as_one():
    class Broken(aiohttp.TCPConnector):
        async def connect(self, *arguments, **options):
            connection = await super().connect(*arguments, **options)
            connection.protocol.transport.abort()
            return connection

    async with (
        RawServer(default=[Send(OK)]) as server,
        aiohttp.ClientSession(connector=Broken(), request_class=Request) as session,
    ):
        # Which the pool takes for a connection that the server had closed.
        with pytest.raises((aiohttp.ClientOSError, aiohttp.ServerDisconnectedError)):
            await session.post(server.base_url, data=BODY)
        assert not server.log

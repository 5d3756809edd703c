import asyncio
import errno
import json
import logging
import socket
from types import SimpleNamespace

import aiohttp
import pytest
from aiohttp import web
from aiohttp.http_exceptions import BadHttpMessage

from fireworks_async._web.server import WebServer, _Connection, listening_error
from fireworks_async.errors import RateLimitError


def serve(handler, **options):
    app = web.Application(client_max_size=100)
    app.router.add_route("*", "/", handler)
    return WebServer(app, **options)


async def get(server, path="/", **options):
    async with (
        aiohttp.ClientSession() as session,
        session.post(server.url + path, **options) as response,
    ):
        return response.status, await response.read()


async def ok(request):
    return web.Response(body=b"ok")


async def test_it_serves_until_it_is_stopped():
    server = serve(ok)
    assert (server.port, server.connections, server.in_flight) == (0, 0, 0)
    await server.start()
    assert server.port > 0
    assert server.url == f"http://127.0.0.1:{server.port}"
    assert await get(server) == (200, b"ok")
    await server.stop()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", server.port)
    await server.stop()


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("", "http://127.0.0.1:80"),
        ("0.0.0.0", "http://127.0.0.1:80"),
        ("::", "http://[::1]:80"),
        ("localhost", "http://localhost:80"),
    ],
)
def test_the_url_can_be_reached_from_here(host, url):
    assert serve(ok, host=host, port=80).url == url


async def test_an_address_that_is_taken_is_told():
    server = serve(ok)
    await server.start()
    other = serve(ok, port=server.port)
    with pytest.raises(OSError) as caught:  # noqa: PT011 - the whole text follows
        await other.start()
    assert caught.value.strerror == (
        f"cannot listen on 127.0.0.1:{server.port}: Address already in use; "
        "another port, or 0, may be free"
    )
    await server.stop()


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            OSError(errno.EADDRNOTAVAIL, "error while attempting to bind on ('x', 80)"),
            "Cannot assign requested address",
        ),
        (
            socket.gaierror(-2, "Name or service not known"),
            "Name or service not known",
        ),
    ],
)
def test_an_address_that_cannot_be_listened_on_is_named(error, reason):
    said = listening_error(error, "x", 80)
    assert (said.errno, said.strerror) == (
        error.errno,
        f"cannot listen on x:80: {reason}",
    )


async def test_errors_become_bodies(caplog):
    async def fail(request):
        await request.read()
        raise RateLimitError("slow down", status_code=429)

    server = serve(fail)
    await server.start()
    status, body = await get(server)
    assert (status, json.loads(body)["error"]["message"]) == (429, "slow down")
    status, body = await get(server, data=b"x" * 200)
    assert (status, json.loads(body)["error"]["code"]) == (413, 413)
    status, body = await get(server, path="/nowhere")
    assert (status, json.loads(body)["error"]["message"]) == (404, "Not Found")
    await server.stop()
    assert not caplog.records


async def test_a_mistake_of_ours_is_logged_and_not_told(caplog):
    async def fail(request):
        raise ValueError("secret")

    server = serve(fail)
    await server.start()
    with caplog.at_level(logging.ERROR):
        status, body = await get(server)
    await server.stop()
    assert status == 500
    assert b"secret" not in body
    assert [record.name for record in caplog.records] == ["fireworks_async.web"]


@pytest.mark.parametrize(
    "line",
    [
        b"Authorization: Bearer sk-secret\x01",
        b"Content-Length: sk-secret",
        b"X: sk-secret" + b"x" * 20_000,
    ],
)
async def test_what_is_no_http_is_told_and_not_logged(caplog, line):
    server = serve(ok)
    await server.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n" + line + b"\r\n\r\n")
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    await server.stop()
    assert head.startswith(b"HTTP/1.0 400 ")
    message = json.loads(body)["error"]["message"]
    assert message.startswith("this is no valid HTTP: ")
    assert "secret" not in message + caplog.text


@pytest.mark.parametrize(
    "words",
    [
        "Invalid HTTP header: b'X: sk-secret\\x01'",
        "Bad status line 'sk-secret'",
        'Bad HTTP method in status line "sk-secret\'"',
        "Got more than 8190 bytes when reading: b'sk-secret'.",
        "Invalid header token:\n\n  b'sk-secret'\n    ^",
    ],
)
def test_nothing_that_was_read_is_told_whichever_parser_read_it(words):
    unanswered = SimpleNamespace(writer=SimpleNamespace(output_size=0))
    answer = _Connection.handle_error(
        None, unanswered, 400, BadHttpMessage(words), words
    )
    assert "this is no valid HTTP: " in answer.text
    assert "secret" not in answer.text


async def test_connections_and_requests_are_counted_and_numbered():
    numbers = []
    changes = 0
    all_gone = asyncio.Event()

    def change():
        nonlocal changes
        changes += 1
        if server.connections_opened == 2 and server.connections == 0:
            all_gone.set()

    async def handler(request):
        numbers.append((server.connection_number(request), server.in_flight))
        return web.Response()

    server = serve(handler, on_change=change)
    await server.start()
    async with aiohttp.ClientSession() as session:
        for _ in range(2):
            async with session.get(server.url) as response:
                await response.read()
        assert server.connections == 1
    await get(server)
    await all_gone.wait()
    assert numbers == [(1, 1), (1, 1), (2, 1)]
    assert (server.connections_opened, server.in_flight) == (2, 0)
    assert changes == 2 * 2 + 3 * 2
    await server.stop()


async def test_connections_read_less_at_once_than_asyncio_would():
    transports = []

    async def handler(request):
        transports.append(request.transport)
        return web.Response()

    server = serve(handler)
    await server.start()
    await get(server)
    (transport,) = transports
    assert transport.max_size < type(transport).max_size
    await server.stop()


async def test_a_handler_is_cancelled_when_its_client_leaves():
    came, ended = asyncio.Event(), asyncio.Event()

    async def handler(request):
        came.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    server = serve(handler)
    await server.start()
    asking = asyncio.create_task(get(server))
    await came.wait()
    asking.cancel()
    await ended.wait()
    await server.stop()


async def test_stopping_waits_for_what_runs_as_long_as_it_is_told():
    came, release = asyncio.Event(), asyncio.Event()

    async def handler(request):
        came.set()
        await release.wait()
        return web.Response(body=b"whole")

    server = serve(handler)
    await server.start()
    asking = asyncio.create_task(get(server))
    await came.wait()
    stopping = asyncio.create_task(server.stop(drain=10))
    await asyncio.sleep(0)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", server.port)
    release.set()
    assert await asking == (200, b"whole")
    await stopping


async def test_stopping_takes_no_more_requests_on_connections_that_are_there():
    came, release, requests = asyncio.Event(), asyncio.Event(), []

    async def handler(request):
        requests.append(request.query_string)
        if request.query_string == "long":
            came.set()
            await release.wait()
        return web.Response(body=b"whole")

    server = serve(handler)
    await server.start()
    idle, busy = [
        await asyncio.open_connection("127.0.0.1", server.port) for _ in range(2)
    ]
    ask = b"GET /?%b HTTP/1.1\r\nHost: x\r\n\r\n"
    idle[1].write(ask % b"short")
    await idle[0].readuntil(b"whole")
    busy[1].write(ask % b"long")
    await came.wait()
    stopping = asyncio.create_task(server.stop(drain=10))
    assert await idle[0].read() == b""
    busy[1].write(ask % b"late")
    release.set()
    assert (await busy[0].read()).endswith(b"whole")
    await stopping
    assert requests == ["short", "long"]
    for _, writer in (idle, busy):
        writer.close()


async def test_stopping_ends_what_runs_too_long():
    came = asyncio.Event()

    async def handler(request):
        came.set()
        await asyncio.Event().wait()

    server = serve(handler)
    await server.start()
    asking = asyncio.create_task(get(server))
    await came.wait()
    await server.stop(drain=0.01)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await asking
    assert server.in_flight == 0


async def test_a_port_may_be_shared_with_other_processes():
    first = WebServer(web.Application(), reuse_port=True)
    await first.start()
    second = WebServer(web.Application(), port=first.port, reuse_port=True)
    await second.start()
    assert first.port == second.port
    await first.stop()
    await second.stop()

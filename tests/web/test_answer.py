import asyncio
import email.utils
import time
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from fireworks_async._web.answer import WholeResponse
from fireworks_async._web.server import WebServer

ASKED = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"


@asynccontextmanager
async def connected(body=b'{"a":1}', *, status=200, app=None, headers=None):
    """A connection to a server that always gives this answer; and what it was asked."""
    given = asyncio.Queue()

    async def handler(request):
        given.put_nowait(request)
        return WholeResponse(
            body, headers or {"Content-Type": "application/json"}, status=status
        )

    app = app or web.Application()
    app.router.add_route("*", "/", handler)
    server = WebServer(app)
    await server.start()
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", server.port, limit=2**26
    )
    try:
        yield reader, writer, given
    finally:
        writer.close()
        await server.stop()


async def read_answer(reader):
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    status, *lines = head.rstrip().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return status, headers, await reader.readexactly(int(headers["Content-Length"]))


async def test_it_is_the_head_and_the_body_and_the_connection_goes_on():
    sent = {"Content-Type": "application/json", "X-Request-Id": "r1"}
    async with connected(headers=sent) as (reader, writer, given):
        for _ in range(3):
            writer.write(ASKED)
            status, headers, body = await read_answer(reader)
            assert (status, body) == ("HTTP/1.1 200 OK", b'{"a":1}')
            date = email.utils.parsedate_to_datetime(headers.pop("Date"))
            assert abs(date.timestamp() - time.time()) < 5
            assert headers == {**sent, "Content-Length": "7"}
        assert given.qsize() == 3


async def test_one_without_a_body_says_so():
    async with connected(b"") as (reader, writer, _):
        writer.write(ASKED * 2)
        for _ in range(2):
            assert (await read_answer(reader))[2] == b""


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (ASKED.replace(b"1.1", b"1.0", 1), "HTTP/1.0 200 OK"),
        (ASKED.replace(b"Host", b"Connection: close\r\nHost"), "HTTP/1.1 200 OK"),
    ],
    ids=["HTTP/1.0", "close"],
)
async def test_a_client_that_wants_no_more_is_let_go(asked, status):
    async with connected() as (reader, writer, _):
        writer.write(asked)
        told, _, body = await read_answer(reader)
        assert (told, body) == (status, b'{"a":1}')
        assert await reader.read() == b""


async def test_another_method_or_status_is_answered_as_http_has_it():
    async with connected() as (reader, writer, _):
        writer.write(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"Content-Length: 7" in head
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await read_answer(reader))[2] == b'{"a":1}'
    async with connected(status=202) as (reader, writer, _):
        writer.write(ASKED)
        assert (await read_answer(reader))[0] == "HTTP/1.1 202 Accepted"


async def test_whoever_adds_headers_to_all_answers_adds_them_to_this_one():
    async def allow(request, response):
        response.headers["Access-Control-Allow-Origin"] = "*"

    app = web.Application()
    app.on_response_prepare.append(allow)
    async with connected(app=app) as (reader, writer, _):
        writer.write(ASKED)
        _, headers, body = await read_answer(reader)
        assert headers["Access-Control-Allow-Origin"] == "*"
        assert body == b'{"a":1}'


async def test_s4_no_header_becomes_two(caplog):
    sent = {"Content-Type": "text/plain", "X-A": "b\r\nX-C: d"}
    async with connected(headers=sent) as (reader, writer, _):
        writer.write(ASKED)
        assert await reader.read() == b""
    assert "control character" in caplog.text


async def test_a_client_that_asks_and_does_not_read_has_to_wait():
    body = b"x" * 2**24
    async with connected(body) as (reader, writer, given):
        writer.transport.pause_reading()
        writer.write(ASKED * 3)
        await given.get()
        for _ in range(200):
            await asyncio.sleep(0)
        assert given.empty()
        writer.transport.resume_reading()
        for _ in range(3):
            assert (await read_answer(reader))[2] == body
        assert given.qsize() == 2


async def test_a_client_that_has_left_is_no_error(caplog):
    async with connected(b"x" * 2**24) as (_, writer, given):
        writer.write(ASKED * 2)
        await given.get()
        writer.transport.abort()
        for _ in range(50):
            await asyncio.sleep(0)
        assert given.empty()
    assert not caplog.records

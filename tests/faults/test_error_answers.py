"""Answers that are no stream, or begin oddly (F15 to F20)."""

import asyncio
import gzip
import json
from functools import cache

import pytest

from fireworks_async import Timeout
from fireworks_async.errors import (
    APIConnectionError,
    APIStatusError,
    BadRequestError,
    InternalServerError,
    RateLimitError,
    RequestTooLargeError,
    ServiceUnavailableError,
    StreamProtocolError,
    StreamServerError,
    StreamTruncatedError,
)
from tests.support.calls import failure, text
from tests.support.raw_server import BeforeBody, Fin, Hang, RawServer, Repeat, Send
from tests.support.scripts import OK, REFUSAL, refused
from tests.support.wire import (
    LAST_CHUNK,
    USAGE,
    answer,
    chunk,
    head,
    http_chunk,
    json_response,
    sse,
    stream_body,
    stream_head,
)

BODIES = {
    "openai": (json.dumps(REFUSAL).encode(), "no"),
    "detail": (b'{"detail": "words"}', "words"),
    "details": (b'{"detail": [{"loc": ["a"], "msg": "words"}]}', "words"),
    "error is text": (b'{"error": "words"}', "words"),
    "error and message": (b'{"error": "Too Many", "message": "words"}', "words"),
    "message": (b'{"message": "words"}', "words"),
    "list": (b'[{"error": {"message": "words"}}]', "words"),
    "string": (b'"words"', "words"),
    "null": (b"null", "500"),
    "number": (b"17", "500"),
    "plain text": (b"words", "words"),
    "html": (b"<html><title>Bad gateway</title></html>", "Bad gateway"),
    "empty": (b"", "empty"),
    "broken UTF-8": (b'{"error": {"message": "words \xff"}}', "words"),
    "broken JSON": (b'{"error": {"message": "words', "words"),
    "deep": (b"[" * 100_000, "500"),
    "large": (b'{"error": "' + b"x" * 10_000_000 + b'"}', "xxx"),
}


@pytest.mark.parametrize("shape", BODIES)
async def test_f15_an_error_body_of_any_shape_gives_the_right_class(
    ask, client_to, shape
):
    body, words = BODIES[shape]
    async with RawServer(refused(500, body=body), OK) as server:
        client = client_to(server)
        error = await failure(ask(client), InternalServerError)
        assert words in str(error)
        assert len(str(error)) < 3_000
        assert len(repr(error.body)) < 70_000
        assert text(await ask(client)) == "ab"


async def test_f15_an_error_body_without_end_is_cut(ask, client_to):
    endless = [
        Send(stream_head(503, content_type="text/plain")),
        Repeat([Send(http_chunk(b"x" * 4096))]),
    ]
    async with RawServer(endless) as server:
        await failure(ask(client_to(server)), ServiceUnavailableError)
        await server.log[0].connection.client_closed.wait()


async def test_f15_an_error_body_that_stalls_is_not_waited_for_beyond_the_limits(
    ask, client_to
):
    stalled = [Send(stream_head(503) + http_chunk(b'{"error":')), Hang()]
    async with RawServer(stalled) as server:
        client = client_to(server, timeout=Timeout(receive=0.2, total=0.5))
        started = asyncio.get_running_loop().time()
        await failure(ask(client), ServiceUnavailableError)
        assert asyncio.get_running_loop().time() - started < 2
        await server.log[0].connection.client_closed.wait()


async def test_f15_an_error_body_that_is_cut_keeps_its_status(ask, client_to):
    cut = [Send(stream_head(429) + http_chunk(b'{"error":')), Fin()]
    async with RawServer(cut) as server:
        await failure(ask(client_to(server)), RateLimitError)


async def test_f15_a_compressed_error_body_is_read(ask, client_to):
    body = gzip.compress(json.dumps(REFUSAL).encode())
    script = refused(400, {"content-encoding": "gzip"}, body)
    async with RawServer(script) as server:
        error = await failure(ask(client_to(server)), BadRequestError)
        assert error.code == "NO"


@cache
def bomb():
    return gzip.compress(b" " * 100_000_000)


async def test_f15_a_compressed_error_body_cannot_fill_the_memory(ask, client_to):
    script = refused(400, {"content-encoding": "gzip"}, bomb())
    async with RawServer(script) as server:
        error = await failure(ask(client_to(server)), BadRequestError)
        assert len(repr(error.body)) < 70_000


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"error": {"message": "no", "type": "api_error"}}, StreamServerError),
        ({"error": {"message": "no", "code": 429}}, RateLimitError),
        ({"detail": "no"}, StreamProtocolError),
        ({}, StreamProtocolError),
        ([], StreamProtocolError),
        (b"", StreamProtocolError),
        (b"{", StreamProtocolError),
    ],
)
async def test_f16_json_that_is_no_completion_is_an_error(ask, client_to, body, kind):
    async with RawServer([Send(json_response(200, body))]) as server:
        await failure(ask(client_to(server)), kind)


@pytest.mark.parametrize("label", ["text/html", "text/event-stream", "text/plain"])
@pytest.mark.parametrize("body", [b"", b"<html>Hello</html>", b"no", b"\n\n"])
async def test_f16_a_200_that_is_no_stream_is_an_error(ask, client_to, label, body):
    script = [Send(json_response(200, body, {"content-type": label}))]
    async with RawServer(script) as server:
        error = await failure(ask(client_to(server)), StreamProtocolError)
        assert body.decode().strip() in str(error)


async def test_f16_twin_a_json_completion_is_accepted(ask, client_to):
    completion = {
        "id": "x",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "ab"},
                "finish_reason": "stop",
            }
        ],
        "usage": USAGE,
    }
    async with RawServer([Send(json_response(200, completion))]) as server:
        got = await ask(client_to(server))
        assert (text(got), got.choices[0].finish_reason) == ("ab", "stop")
        assert got.usage.prompt_tokens == USAGE["prompt_tokens"]


@pytest.mark.parametrize(
    "label",
    ["", "Text/Event-Stream", "text/event-stream; charset=latin1", "text/plain"],
)
async def test_f17_a_stream_is_utf8_whatever_its_label(ask, client_to, label):
    events = stream_body(*answer("é", "你"))
    script = [Send(stream_head(content_type=label) + events + LAST_CHUNK)]
    async with RawServer(script) as server:
        assert text(await ask(client_to(server))) == "é你"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("target", ["elsewhere", "itself", "file"])
async def test_f18_redirects_are_not_followed(ask, client_to, status, target):
    async with RawServer(default=OK) as other:
        where = {
            "elsewhere": f"{other.base_url}/chat/completions",
            "itself": "/v1/chat/completions",
            "file": "file:///etc/passwd",
        }
        location = {"location": where[target]}
        async with RawServer(refused(status, location)) as server:
            error = await failure(ask(client_to(server, max_retries=2)), APIStatusError)
            assert error.status_code == status
            assert len(server.log) == 1
        assert other.connections == 0


@pytest.mark.parametrize(
    "hint",
    [
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n",
        b"HTTP/1.1 102 Processing\r\n\r\n" * 3,
    ],
)
async def test_f19_interim_answers_are_passed_over(ask, client_to, hint):
    async with RawServer([Send(hint), *OK], OK) as server:
        client = client_to(server, timeout=Timeout(receive=1))
        assert text(await ask(client)) == "ab"
        assert text(await ask(client)) == "ab"


@pytest.mark.parametrize("end", [Fin(), Hang()], ids=["closed", "left open"])
async def test_f19_a_refusal_while_the_body_is_on_its_way_is_seen(ask, client_to, end):
    messages = [{"role": "user", "content": "x" * 20_000_000}]
    early = [BeforeBody(), Send(json_response(413, REFUSAL)), end]
    async with RawServer(early) as server:
        client = client_to(server, timeout=Timeout(receive=2))
        await failure(ask(client, messages=messages), RequestTooLargeError)


async def test_f20_a_204_is_no_answer(ask, client_to):
    async with RawServer([Send(head(204, {}))], OK) as server:
        client = client_to(server)
        await failure(ask(client), StreamProtocolError)
        assert text(await ask(client)) == "ab"


async def test_f20_a_304_is_no_answer(ask, client_to):
    async with RawServer([Send(head(304, {}))], OK) as server:
        client = client_to(server)
        error = await failure(ask(client), APIStatusError)
        assert error.status_code == 304
        assert text(await ask(client)) == "ab"


@pytest.mark.parametrize(
    "beginning",
    [
        b"HTTP/1.0 200 OK\r\ncontent-type: text/event-stream\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n",
    ],
    ids=["1.0", "1.1"],
)
async def test_f20_a_body_that_ends_with_its_connection_is_whole(
    ask, client_to, beginning
):
    script = [Send(beginning + sse(*answer("a", "b"))), Fin()]
    async with RawServer(default=script) as server:
        client = client_to(server)
        assert [text(await ask(client)) for _ in range(2)] == ["ab", "ab"]
        assert server.connections == 2


async def test_f20_a_body_that_ends_with_its_connection_may_be_cut(ask, client_to):
    beginning = head(200, {"content-type": "text/event-stream"})
    cut = [Send(beginning + sse(chunk("a"))), Fin()]
    async with RawServer(cut) as server:
        error = await failure(ask(client_to(server)), StreamTruncatedError)
        assert text(error.partial) == "a"


async def test_f20_a_connection_announced_to_close_is_not_used_again(ask, client_to):
    script = [Send(stream_head(connection="close") + stream_body(*answer("a")))]
    async with RawServer(default=[*script, Send(LAST_CHUNK)]) as server:
        client = client_to(server)
        assert [text(await ask(client)) for _ in range(2)] == ["a", "a"]
        assert server.connections == 2


@pytest.mark.parametrize(
    "wire",
    [
        b"\x00\x01\x02 nonsense\r\n\r\n",
        b"HTTP/1.1 two hundred\r\n\r\n",
        stream_head() + b"zz\r\ndata: x\n\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 200_000 + b"\r\n\r\n",
    ],
    ids=["garbage", "status line", "chunk size", "two lengths", "long header"],
)
async def test_f20_what_is_no_http_is_not_blamed_on_the_caller(ask, client_to, wire):
    async with RawServer([Send(wire), Fin()], OK) as server:
        client = client_to(server)
        await failure(ask(client), APIConnectionError)
        assert text(await ask(client)) == "ab"
        assert server.connections == 2

"""Faults in what the events of a stream say (F40 to F43)."""

import asyncio

import msgspec
import pytest

from fireworks_async import errors
from fireworks_async.errors import (
    FireworksError,
    InternalServerError,
    RateLimitError,
    ServiceUnavailableError,
    StreamProtocolError,
    StreamServerError,
    StreamTruncatedError,
)
from tests.support.calls import failure, text
from tests.support.raw_server import RawServer, Send, Trickle
from tests.support.recorded import (
    CHAT_ANSWERS,
    CHAT_FAILURES,
    assert_holds,
)
from tests.support.scripts import playing
from tests.support.wire import (
    DONE,
    LAST_CHUNK,
    USAGE,
    answer,
    chunk,
    http_chunk,
    sse,
    stream_head,
    stream_response,
)

STOP = chunk(finish_reason="stop")


def by_name(recording):
    return recording.name


@pytest.mark.parametrize("recording", CHAT_ANSWERS, ids=by_name)
@pytest.mark.parametrize("size", [100_000, 100], ids=["whole", "in pieces"])
async def test_recorded_streams_amount_to_what_they_should(
    ask, client_to, recording, size
):
    body = http_chunk(recording.body) + LAST_CHUNK
    async with RawServer([Send(stream_head()), Trickle(body, size)]) as server:
        completion = await ask(client_to(server))
        assert_holds(msgspec.to_builtins(completion), recording.expected)
        if ask.streams:
            assert "".join(ask.received) == recording.text


@pytest.mark.parametrize("recording", CHAT_FAILURES, ids=by_name)
async def test_recorded_failures_are_told_and_keep_what_had_come(
    ask, client_to, recording
):
    async with playing(recording.body) as server:
        kind = getattr(errors, recording.expected["error"])
        error = await failure(ask(client_to(server)), kind)
        assert text(error.partial) == recording.text
        if ask.streams:
            assert "".join(ask.received) == recording.text


REPORTS = {
    "object": ({"error": {"message": "no", "type": "api_error"}}, StreamServerError),
    "text": ({"error": "no"}, StreamServerError),
    "status": ({"error": {"message": "no", "status": 503}}, ServiceUnavailableError),
    "status_code": ({"error": {"message": "no", "status_code": 429}}, RateLimitError),
    "number": ({"error": {"message": "no", "code": 500}}, InternalServerError),
    "digits": ({"error": {"message": "no", "code": "429"}}, RateLimitError),
    "name": ({"error": {"message": "no", "code": "INTERNAL"}}, InternalServerError),
    "odd number": ({"error": {"message": "no", "code": 7}}, StreamServerError),
    "beside": ({"error": "x", "message": "no", "status": 500}, InternalServerError),
    "in a chunk": (chunk("y", error={"message": "no"}), StreamServerError),
}


@pytest.mark.parametrize("report", REPORTS)
@pytest.mark.parametrize("event", [b"", b"event: error\n"], ids=["data", "event"])
@pytest.mark.parametrize("rest", [[], [DONE]], ids=["end", "[DONE]"])
async def test_f40_a_reported_error_is_raised_with_what_had_come(
    ask, client_to, report, event, rest
):
    told, kind = REPORTS[report]
    async with playing(chunk("a"), event + sse(told), *rest) as server:
        error = await failure(ask(client_to(server)), kind)
        assert "no" in error.message
        assert text(error.partial) == "a"
        assert error.request_id == "req-scripted"
        assert ask.received == (["a"] if ask.streams else [])


@pytest.mark.parametrize("data", ['"no"', "no", "", "null", "[]", "{}", "17"])
async def test_f40_an_error_event_may_say_anything(ask, client_to, data):
    event = f"event: error\ndata: {data}\n\n".encode()
    async with playing(chunk("a"), event) as server:
        error = await failure(ask(client_to(server)), StreamServerError)
        assert text(error.partial) == "a"


@pytest.mark.usefixtures("no_jitter")
async def test_f40_a_passing_error_is_tried_again_until_a_chunk_is_out(ask, client_to):
    busy = {"error": {"message": "busy", "status": 503}}
    first = [Send(stream_response(busy))]
    second = [Send(stream_response(chunk("a"), busy))]
    ok = [Send(stream_response(*answer("ab")))]
    async with RawServer(first, second, ok) as server:
        client = client_to(server, max_retries=2)
        if ask.streams:
            await failure(ask(client), ServiceUnavailableError)
            assert ask.received == ["a"]
            assert len(server.log) == 2
        else:
            assert text(await ask(client)) == "ab"
            assert len(server.log) == 3


@pytest.mark.usefixtures("no_jitter")
async def test_f40_a_final_error_is_not_tried_again(ask, client_to):
    refusal = {"error": {"message": "no", "code": 400}}
    async with playing(refusal) as server:
        await failure(ask(client_to(server, max_retries=2)), errors.BadRequestError)
        assert len(server.log) == 1


NO_CHUNKS = {
    "no JSON": "nonsense",
    "half": '{"choices": [',
    "null": "null",
    "array": "[]",
    "number": "17",
    "text": '"hello"',
    "NaN": '{"created": NaN, "choices": []}',
    "deep": "[" * 100_000,
    "deep object": '{"a":' * 100_000,
    "deep and whole": '{"choices":[],"x":' + "[" * 100_000 + "]" * 100_000 + "}",
    "choices are no list": '{"choices": 17}',
    "choice is no object": '{"choices": [17]}',
    "delta is no object": '{"choices": [{"delta": 17}]}',
    "long": "x" * 1_000_000,
}


@pytest.mark.parametrize("data", NO_CHUNKS)
async def test_f41_what_is_no_chunk_is_one_error_with_an_excerpt(ask, client_to, data):
    async with playing(chunk("a"), NO_CHUNKS[data], STOP, DONE) as server:
        error = await failure(ask(client_to(server)), StreamProtocolError)
        assert len(str(error)) < 1_000
        assert len(repr(error.body)) < 1_000
        assert text(error.partial) == "a"


ODD_CHUNKS = {
    "huge number": '{"created": ' + "9" * 5_000 + ', "choices": []}',
    "doubled key": '{"choices": [], "id": "1", "id": "2"}',
    "lone surrogate": r'{"choices": [{"delta": {"content": "\ud83d"}}]}',
    "number as text": '{"created": "17", "choices": []}',
    "number as float": '{"created": 17.5, "choices": []}',
    "negative index": '{"choices": [{"index": -1, "delta": {}}]}',
    "huge index": '{"choices": [{"index": 1000000000, "delta": {}}]}',
    "text as number": '{"id": 17, "choices": []}',
    "unknown object": '{"object": "other", "choices": [], "x": {"y": [null]}}',
}


@pytest.mark.parametrize("data", ODD_CHUNKS)
async def test_f41_an_odd_chunk_is_read_or_is_an_error_of_ours(ask, client_to, data):
    async with playing(chunk("a"), ODD_CHUNKS[data], STOP, DONE) as server:
        (outcome,) = await asyncio.gather(
            ask(client_to(server)), return_exceptions=True
        )
        if isinstance(outcome, BaseException):
            assert isinstance(outcome, FireworksError)
            outcome = outcome.partial
        assert text(outcome)[0] == "a"


ABSENCES = {
    "no choices first": [chunk(choices=[]), chunk("ab"), STOP],
    "no choices last": [chunk("ab"), STOP, chunk(choices=[])],
    "choices null": [chunk(choices=None), chunk("ab"), STOP],
    "choices absent": [{"id": "x", "created": 1}, chunk("ab"), STOP],
    "delta null": [chunk("ab"), {"choices": [{"index": 0, "delta": None}]}, STOP],
    "delta absent": [chunk("ab"), {"choices": [{"finish_reason": "stop"}]}],
    "content null": [chunk(delta={"content": None}), chunk("ab"), STOP],
    "choice null": [{"choices": [None]}, chunk("ab"), STOP],
    "empty object": [{}, chunk("ab"), STOP],
    "ids empty": [chunk("ab", id="", model="", created=0), STOP],
    "ids null": [chunk("ab", id=None, model=None, created=None, object=None), STOP],
    "index absent": [
        {"choices": [{"delta": {"content": "ab"}, "finish_reason": "stop"}]}
    ],
}


@pytest.mark.parametrize("absence", ABSENCES)
async def test_f42_what_is_missing_is_not_missed(ask, client_to, absence):
    async with playing(*ABSENCES[absence], DONE) as server:
        completion = await ask(client_to(server))
        assert text(completion) == "ab"
        assert completion.choices[0].finish_reason == "stop"


async def test_f42_no_choice_at_all_is_a_truncation(ask, client_to):
    async with playing(chunk(choices=[]), chunk(choices=[]), DONE) as server:
        await failure(ask(client_to(server)), StreamTruncatedError)


LESS = {**USAGE, "completion_tokens": 1}
USAGES = {
    "each chunk": [chunk("a", usage=LESS), chunk("b", usage=LESS, finish_reason="x")],
    "finish chunk": [chunk("ab", finish_reason="stop", usage=USAGE)],
    "twice": [chunk("ab", finish_reason="stop", usage=LESS)],
    "null at last": [chunk("ab", finish_reason="stop"), chunk(choices=[], usage=USAGE)],
}


@pytest.mark.parametrize("place", USAGES)
async def test_f43_the_last_usage_counts_and_is_no_sum(ask, client_to, place):
    last = {
        "each chunk": chunk(choices=[], usage=USAGE),
        "twice": chunk(choices=[], usage=USAGE),
        "null at last": chunk(choices=[], usage=None),
    }
    items = [*USAGES[place], *([last[place]] if place in last else [])]
    async with playing(*items, DONE) as server:
        completion = await ask(client_to(server))
        assert msgspec.to_builtins(completion.usage)["completion_tokens"] == 3


async def test_f43_no_usage_is_none_and_not_nothing(ask, client_to):
    async with playing(chunk("a"), STOP, DONE) as server:
        assert (await ask(client_to(server))).usage is None

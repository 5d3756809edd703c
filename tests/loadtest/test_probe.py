"""Golden streams: what is an event, what is a token, and when the first one came."""

from array import array

import msgspec
import pytest

from fireworks_async._protocol.chunks import ChatCompletionChunk
from fireworks_async.loadtest._probe import Probe, chat_output, text_output
from fireworks_async.loadtest._record import Record
from fireworks_async.types import PerfMetrics, StreamTimings, Usage
from tests.support.wire import chunk

ROLE = chunk(delta={"role": "assistant", "content": ""})


def made(wire):
    return msgspec.convert(wire, ChatCompletionChunk)


def counted(tokens, **details):
    return Usage(
        prompt_tokens=7, completion_tokens=tokens, total_tokens=7 + tokens, **details
    )


def feed(reads, usage=None, **ending):
    """A probe that is fed one read every tenth of a second, from 1000.1 on."""
    probe = Probe(Record(index=0, intended_at=0.0), origin=1000.0)
    probe.start(1000.0)
    for number, read in enumerate(reads, start=1):
        probe.feed([made(wire) for wire in read], 1000 + number / 10)
    return probe.end(1000 + (len(reads) + 1) / 10, usage=usage, **ending)


def floats(data, code="f"):
    values = array(code)
    values.frombytes(data)
    return [round(value, 6) for value in values]


def test_a_role_is_an_event_and_no_token():
    record = feed([[ROLE], [chunk("a")], [chunk("b")]], counted(2))
    assert record.first_event_at == pytest.approx(0.1)
    assert record.first_token_at == pytest.approx(0.2)
    assert record.first_visible_at == pytest.approx(0.2)
    assert record.last_token_at == pytest.approx(0.3)
    assert record.ended_at == pytest.approx(0.4)
    assert floats(record.read_tokens) == [1, 1]
    assert record.counted_by == "events"


def test_the_first_token_is_told_at_once_and_once():
    told = []
    probe = Probe(Record(index=0, intended_at=0.0), origin=0.0, on_first=told.append)
    probe.start(0.0)
    for read in ([ROLE], [chunk("a")], [chunk("b")]):
        probe.feed([made(wire) for wire in read], 1.0)
        if read == [ROLE]:
            assert told == []
    assert told == [probe.record]


def test_reasoning_is_a_token_and_not_visible():
    think = chunk(delta={"reasoning_content": "hm"})
    record = feed([[think], [think], [chunk("a")]], counted(3))
    assert record.first_token_at == pytest.approx(0.1)
    assert record.first_visible_at == pytest.approx(0.3)


def test_tool_calls_are_tokens():
    call = {"index": 0, "id": "c", "function": {"name": "f", "arguments": ""}}
    piece = {"index": 0, "function": {"arguments": '{"a"'}}
    record = feed(
        [[chunk(delta={"tool_calls": [call]})], [chunk(delta={"tool_calls": [piece]})]],
        counted(2),
    )
    assert record.first_token_at == pytest.approx(0.1)
    assert record.first_visible_at is None
    assert floats(record.read_tokens) == [1, 1]


def test_chunks_of_one_read_are_one_moment():
    record = feed(
        [[ROLE, chunk("a"), chunk("b")], [chunk("c"), chunk("d")]], counted(4)
    )
    assert floats(record.read_at, "d") == [0.1, 0.2]
    assert floats(record.read_tokens) == [2, 2]
    assert floats(record.read_events, "H") == [2, 2]


def test_empty_deltas_and_the_end_are_no_tokens():
    end = chunk(finish_reason="stop")
    last = {"choices": [], "usage": msgspec.to_builtins(counted(1))}
    record = feed([[chunk("a")], [chunk("")], [end], [last]], counted(1))
    assert floats(record.read_at, "d") == [0.1]


def test_several_tokens_a_chunk_are_shared_out_by_text():
    record = feed([[chunk("aaaa")], [chunk("bb")], [chunk("cccccc")]], counted(12))
    assert floats(record.read_tokens) == [4, 2, 6]
    assert record.counted_by == "text"


def test_an_end_token_that_is_counted_does_not_blur_the_others():
    reads = [[chunk("a" * size)] for size in (1, 9, 3, 7)]
    record = feed(reads, counted(5))
    assert floats(record.read_tokens) == [1, 1, 1, 1]
    assert record.counted_by == "events"


def test_token_ids_tell_how_many():
    def with_ids(text, ids):
        wire = chunk(text)
        wire["choices"][0]["token_ids"] = ids
        return wire

    record = feed([[with_ids("abc", [1, 2, 3])], [with_ids("d", [4])]], counted(4))
    assert floats(record.read_tokens) == [3, 1]
    assert record.counted_by == "token_ids"


def test_logprobs_tell_how_many():
    wire = chunk("abc")
    wire["choices"][0]["logprobs"] = {"content": [{"token": "a"}, {"token": "bc"}]}
    record = feed([[wire]], counted(2))
    assert floats(record.read_tokens) == [2]
    assert record.counted_by == "logprobs"


def test_a_count_on_each_chunk_tells_how_many():
    def with_usage(text, tokens):
        return {**chunk(text), "usage": msgspec.to_builtins(counted(tokens))}

    record = feed([[with_usage("abc", 3)], [with_usage("d", 4)]], counted(4))
    assert floats(record.read_tokens) == [3, 1]
    assert record.counted_by == "usage"


def test_usage_on_the_finishing_chunk_is_of_the_whole_answer():
    end = {
        **chunk(delta={"content": "c"}, finish_reason="stop"),
        "usage": msgspec.to_builtins(counted(3)),
    }
    record = feed([[chunk("a")], [chunk("b")], [end]], counted(3))
    assert floats(record.read_tokens) == [1, 1, 1]


def test_a_server_that_counts_nothing():
    record = feed([[chunk("a")], [chunk("b")]])
    assert record.completion_tokens is None
    assert floats(record.read_tokens) == [1, 1]
    assert record.counted_by == "chunks"


def test_what_is_told_beside_the_stream():
    usage = counted(
        1,
        prompt_tokens_details={"cached_tokens": 5},
        completion_tokens_details={"reasoning_tokens": 1},
    )
    usage = msgspec.convert(msgspec.to_builtins(usage), Usage)
    perf = PerfMetrics(prefill_duration=0.25, prompt_tokens=7)
    timings = StreamTimings(queued_at=1000.0, sent_at=1000.01, headers_at=1000.05)
    record = feed(
        [[chunk("a")]], usage, perf=perf, timings=timings, finish_reason="stop"
    )
    assert (record.prompt_tokens, record.cached_tokens) == (7, 5)
    assert record.reasoning_tokens == 1
    assert record.server == {"prefill_duration": 0.25}
    assert record.sent_at == pytest.approx(0.01)
    assert record.headers_at == pytest.approx(0.05)
    assert record.finish_reason == "stop"


def test_cached_tokens_of_the_metrics_where_usage_has_none():
    record = feed([[chunk("a")]], counted(1), perf=PerfMetrics(cached_prompt_tokens=3))
    assert record.cached_tokens == 3


def test_a_failure_keeps_what_came():
    probe = Probe(Record(index=0, intended_at=0.0), origin=0.0)
    probe.start(0.0)
    probe.feed([made(chunk("a"))], 0.5)
    record = probe.fail(0.7, "truncated", "it stopped")
    assert (record.error, record.message) == ("truncated", "it stopped")
    assert record.first_token_at == 0.5
    assert record.ended_at == 0.7
    assert not record.is_good


def test_tokens_seen_so_far():
    probe = Probe(Record(index=0, intended_at=0.0), origin=0.0)
    probe.feed([made(ROLE), made(chunk("a")), made(chunk("b"))], 0.5)
    assert probe.tokens_seen == 2


def test_readers_of_chunks():
    assert chat_output(made(chunk("abc")))[:2] == (3, 0)
    piece = msgspec.defstruct("Piece", [("choices", list), ("usage", None, None)])
    choice = msgspec.defstruct(
        "Choice", [("text", str), ("token_ids", list), ("logprobs", None, None)]
    )
    assert text_output(piece([choice("ab", [1, 2])])) == (2, 0, 2, "token_ids")
    assert text_output(piece([choice("ab", [])]))[:3] == (2, 0, None)

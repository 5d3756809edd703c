"""Bytes of an answer, cut anywhere, and the chunks that they are."""

import itertools
import json
import sys

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fireworks_async._protocol.chat_collector import ChatCollector
from fireworks_async._protocol.chunks import ChatCompletionChunk, decode_chunk
from fireworks_async._protocol.dialects import CHAT
from fireworks_async._protocol.parser import (
    JsonParser,
    StreamParser,
    parser_for,
)
from fireworks_async.errors import (
    APIError,
    RateLimitError,
    StreamProtocolError,
    StreamServerError,
)
from tests.support.properties import examples
from tests.support.recorded import (
    CHAT_ANSWERS,
    CHAT_FAILURES,
    TEXT_COMPLETION,
    assert_holds,
)
from tests.support.splits import every_split
from tests.support.wire import DONE, USAGE, answer, chunk, sse

COMMENT = b": away from the fast path\n"


def stream_parser():
    return StreamParser(CHAT, request_id="req", headers={"x-a": "b"})


def json_parser():
    return JsonParser(CHAT, request_id="req", headers={"x-a": "b"})


def parse(reads, parser=None):
    """All that there is to say of a body: its chunks, its failure and its end."""
    parser = parser or stream_parser()
    chunks = []
    for read in reads:
        chunks += parser.feed(read)
    chunks += parser.feed_eof()
    return chunks, parser.failure, parser.done


def parse_slowly(body):
    """The same by the decoder of events, which a comment before each calls in."""
    bom = b"\xef\xbb\xbf"
    head = bom if body.startswith(bom) else b""
    body = body.removeprefix(bom)
    events = body.split(b"\n\n")
    return parse([head + b"\n\n".join(COMMENT + event for event in events)])


def assert_parses(body, chunks, failure=None, *, done=True):
    expected = (chunks, failure, done)
    for reads in every_split(body):
        assert parse(reads) == expected, reads
    assert parse_slowly(body) == expected


def protocol_error(message, excerpt):
    return StreamProtocolError(
        f"{message}: {excerpt!r}" if excerpt else message,
        request_id="req",
        body=excerpt or None,
    )


def ids(chunks):
    return [each.id for each in chunks]


def named(name, **fields):
    return {"choices": [], "id": name, **fields}


A, B, C = (
    ChatCompletionChunk(choices=[], id="a"),
    ChatCompletionChunk(choices=[], id="b"),
    ChatCompletionChunk(choices=[], id="c"),
)


# Cutting at each place costs the square of the length.
LONG = 2_500


def splits(body):
    """Every split; of a long stream each 23rd, and byte by byte."""
    if len(body) < LONG:
        yield from every_split(body)
    else:
        yield from itertools.islice(every_split(body), 0, len(body), 23)
        yield [bytes([byte]) for byte in body]


class TestRecordedStreams:
    @pytest.mark.slow
    @pytest.mark.parametrize(
        "recording",
        [each for each in CHAT_ANSWERS if len(each.body) >= LONG],
        ids=lambda r: r.name,
    )
    def test_a_long_one_may_be_cut_at_each_place(self, recording):
        whole = parse([recording.body])
        for reads in every_split(recording.body):
            assert parse(reads) == whole, reads

    @pytest.mark.parametrize("recording", CHAT_ANSWERS, ids=lambda r: r.name)
    def test_answers(self, recording):
        whole = chunks, failure, _ = parse([recording.body])
        collector = ChatCollector()
        collector.add(chunks)
        assert failure is None
        assert collector.is_whole
        assert_holds(msgspec.to_builtins(collector.result()), recording.expected)
        for reads in splits(recording.body):
            assert parse(reads) == whole, reads
        assert parse_slowly(recording.body) == whole

    @pytest.mark.parametrize("recording", CHAT_FAILURES, ids=lambda r: r.name)
    def test_failures(self, recording):
        whole = chunks, failure, _ = parse([recording.body])
        collector = ChatCollector()
        collector.add(chunks)
        text = "".join(each.content for each in chunks)
        assert text == recording.text
        if failure is None:
            assert recording.expected["error"] == "StreamTruncatedError"
            assert not collector.is_whole
        else:
            assert type(failure).__name__ == recording.expected["error"]
        for reads in every_split(recording.body):
            assert parse(reads) == whole, reads
        assert parse_slowly(recording.body) == whole

    def test_a_stream_of_another_kind_gives_no_output(self):
        chunks, failure, _ = parse([TEXT_COMPLETION.body])
        assert failure is None
        assert not ChatCollector().add(chunks)


class TestUsualStreams:
    def test_whole(self):
        given = answer("a", "b")
        expected = [decode_chunk(json.dumps(each)) for each in given[:-1]]
        assert_parses(sse(*given), expected)

    def test_without_the_sentinel(self):
        assert_parses(sse(named("a"), named("b")), [A, B], done=False)

    def test_with_only_the_sentinel(self):
        assert_parses(DONE, [])

    def test_an_event_without_its_end_is_dropped(self):
        body = sse(named("a")) + b'data: {"choices":[],"id":"b"}\n'
        assert_parses(body, [A], done=False)

    @pytest.mark.parametrize(
        "after",
        [
            pytest.param(sse(named("b")), id="events"),
            pytest.param(b'data: {"choi', id="half an event"),
            pytest.param(DONE, id="the sentinel again"),
            pytest.param(sse({"error": "late"}), id="an error"),
            pytest.param(b"\xff\r\n: :", id="rubbish"),
        ],
    )
    def test_nothing_after_the_sentinel_is_looked_at(self, after):
        body = sse(named("a")) + DONE + after
        for reads in every_split(body):
            assert parse(reads) == ([A], None, True), reads
        assert parse([COMMENT + body]) == ([A], None, True)


class TestUnusualFraming:
    EVENT_A = b'{"choices":[],"id":"a"}'
    EVENT_B = b'{"choices":[],"id":"b"}'

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param(b"data:%b\n\ndata:%b\n\n", id="no blank"),
            pytest.param(b"data: %b\r\n\r\ndata: %b\r\n\r\n", id="crlf"),
            pytest.param(b"data: %b\r\rdata: %b\r\r", id="cr"),
            pytest.param(b"data: %b\n\n\n\ndata: %b\n\n", id="blank lines"),
            pytest.param(b"\n\ndata: %b\n\ndata: %b\n\n", id="blank lines first"),
            pytest.param(b": hi\n\ndata: %b\n\n: ho\n\ndata: %b\n\n", id="comments"),
            pytest.param(b"id: 1\ndata: %b\n\ndata: %b\nid: 2\n\n", id="ids"),
            pytest.param(b"event: x\ndata: %b\n\ndata: %b\n\n", id="names"),
            pytest.param(b"\xef\xbb\xbfdata: %b\n\ndata: %b\n\n", id="bom"),
            pytest.param(b"data: %b\n\ndata:\n\ndata: %b\n\n", id="empty data"),
            pytest.param(b"data: %b\n\ndata:   \n\ndata: %b\n\n", id="blank data"),
            pytest.param(b"retry: 5\n\ndata: %b\n\ndata: %b\n\n", id="retry"),
            pytest.param(b"what: x\n\ndata: %b\n\ndata: %b\n\n", id="unknown field"),
            pytest.param(b"data:  %b\n\ndata: %b \n\n", id="blanks"),
        ],
    )
    def test_the_same_chunks(self, body):
        body = body % (self.EVENT_A, self.EVENT_B)
        assert_parses(body, [A, B], done=False)
        assert_parses(body + DONE, [A, B])

    def test_data_of_several_lines(self):
        body = b'data: {"choices":\ndata: [],"id"\ndata: :"a"}\n\n'
        assert_parses(body + DONE, [A])

    @pytest.mark.parametrize(
        "sentinel",
        [
            pytest.param(b"data:[DONE]\n\n", id="no blank"),
            pytest.param(b"data: [DONE] \n\n", id="blank behind"),
            pytest.param(b"data: [DONE]\r\n\r\n", id="crlf"),
            pytest.param(b": x\ndata: [DONE]\n\n", id="comment"),
            pytest.param(b"event: done\ndata: [DONE]\n\n", id="name"),
        ],
    )
    def test_sentinels(self, sentinel):
        assert_parses(sse(named("a")) + sentinel, [A])

    def test_the_sentinel_without_its_end_is_dropped(self):
        assert_parses(sse(named("a")) + b"data: [DONE]\n", [A], done=False)

    def test_the_sentinel_glued_to_an_event_is_none(self):
        body = sse(named("a")) + b"data: %bdata: [DONE]\n\n" % self.EVENT_B
        chunks, failure, done = parse([body])
        assert (chunks, type(failure), done) == ([A], StreamProtocolError, True)
        assert_parses(body, chunks, failure)

    def test_events_that_are_json_only_together_are_none(self):
        parts = '{"choices":[],"id":"', '"},{"choices":[]}'
        chunks, failure, _ = parse([sse(*parts)])
        assert (chunks, type(failure)) == ([], StreamProtocolError)
        assert_parses(sse(*parts), chunks, failure)

    def test_a_byte_order_mark_in_the_middle_depends_on_no_cut(self):
        body = sse(named("a")) + b"\xef\xbb\xbf" + sse(named("b"), named("c"))
        whole = parse([body])
        for reads in every_split(body):
            assert parse(reads) == whole, reads

    @pytest.mark.parametrize(
        "data",
        [
            pytest.param('{"choices":[],"id":"a"},{"choices":[]}', id="two values"),
            pytest.param('[{"choices":[],"id":"a"}]', id="an array"),
            pytest.param('{"choices":[],"id":"a"},', id="a comma"),
        ],
    )
    def test_an_event_of_other_than_one_object_is_no_chunk(self, data):
        chunks, failure, _ = parse([sse(named("b"), data)])
        assert (chunks, type(failure)) == ([B], StreamProtocolError)
        assert_parses(sse(named("b"), data), [B], failure)

    @pytest.mark.parametrize("line", [b"\n", b"\r", b"\r\n"])
    def test_a_line_break_between_the_parts_of_a_value_ends_the_line(self, line):
        """It would be a blank to JSON."""
        body = sse(named("a")) + b'data: {"choices":[],%b"id":"b"}\n\n' % line
        chunks, failure, _ = parse([body])
        assert (chunks, type(failure)) == ([A], StreamProtocolError)
        assert failure.body == '{"choices":[],'
        assert_parses(body, [A], failure)

    def test_broken_utf8_is_replaced(self):
        body = b'data: {"choices":[],"id":"\xff\xe2\x82"}\n\n' + DONE
        assert_parses(body, [ChatCompletionChunk(choices=[], id="\ufffd\ufffd")])

    @pytest.mark.parametrize("name", ["ping", "heartbeat", "keepalive"])
    def test_heartbeats_mean_nothing(self, name):
        beat = f"event: {name}\ndata: now\n\n".encode()
        assert_parses(beat + sse(named("a")) + beat + DONE, [A])

    def test_one_comment_does_not_keep_the_stream_off_the_fast_path(self):
        """Seen by what only the fast path does: it never makes an event's text."""
        parser = stream_parser()
        parser.feed(b": hi\n\n")
        seen = []
        sys.setprofile(lambda frame, what, arg: seen.append(frame.f_code.co_name))
        try:
            chunks = parser.feed(sse(named("a"), named("b")))
        finally:
            sys.setprofile(None)
        assert chunks == [A, B]
        assert "_decode_plain" in seen
        assert "_feed_by_event" not in seen


class TestForgiveness:
    """What only the decoder of single chunks takes, among chunks that are as usual."""

    @pytest.mark.parametrize(
        "odd",
        [{"id": "b"}, {"id": "b", "choices": None}, {"id": "b", "choices": [None]}],
    )
    def test_odd_chunks(self, odd):
        assert_parses(sse(named("a"), odd, named("c")) + DONE, [A, B, C])


class TestErrors:
    @pytest.mark.parametrize(
        ("event", "kind"),
        [
            (sse({"error": {"message": "m"}}), StreamServerError),
            (sse({"error": {"message": "m", "code": 429}}), RateLimitError),
            (sse({"error": "m"}), StreamServerError),
            (sse(named("x", error={"message": "m"})), StreamServerError),
            (b'event: error\ndata: {"message": "m"}\n\n', StreamServerError),
            (b'event: error\ndata: "m"\n\n', StreamServerError),
            (b"event: error\ndata: m\n\n", StreamServerError),
            (b"event: error\ndata: \n\n", StreamServerError),
        ],
    )
    @pytest.mark.parametrize("after", [b"", DONE, sse(named("b"))])
    def test_reported_by_the_server(self, event, kind, after):
        body = sse(named("a")) + event + after
        chunks, failure, _ = parse([body])
        assert (chunks, type(failure)) == ([A], kind)
        assert failure.request_id == "req"
        if b"m" in event.removeprefix(b"event: "):
            assert failure.message == "m" or '"m"' in failure.message
        assert_parses(body, [A], failure)

    @pytest.mark.parametrize(
        "data",
        ["nonsense", "null", "1", "[]", '"a"', '{"choices":[],"created":"x"}', "{"],
    )
    def test_what_is_no_chunk(self, data):
        body = sse(named("a"), data, named("b"))
        chunks, failure, done = parse([body])
        assert (chunks, type(failure), done) == ([A], StreamProtocolError, True)
        assert failure.message.startswith("an event of the stream is no chunk (")
        assert failure.body == data
        assert failure.request_id == "req"
        assert_parses(body, [A], failure)

    def test_a_long_event_is_shown_in_part(self):
        _, failure, _ = parse([sse("x" * 10_000)])
        assert failure.body == "x" * 200
        assert len(failure.message) < 400

    def test_deep_nesting_is_a_failure_and_not_a_crash(self):
        for depth in (100, 500, 700, 900, 100_000):
            for value in ('{"choices":[],"x":%s}', '{"choices":null,"x":%s}'):
                parser = stream_parser()
                nested = "[" * depth + "]" * depth
                chunks = parser.feed(sse(value % nested))
                assert len(chunks) == 1 or isinstance(
                    parser.failure, StreamProtocolError
                )

    def test_a_line_without_end(self):
        parser = stream_parser()
        piece = b"data: " + b"x" * (1 << 20)
        for _ in range(17):
            assert parser.feed(piece) == []
        assert type(parser.failure) is StreamProtocolError
        assert "16777216 bytes" in parser.failure.message
        assert parser.done
        assert parser.feed(piece) == parser.feed_eof() == []

    def test_a_line_that_is_too_long_behind_good_events_and_then_the_end(self):
        parser = stream_parser()
        body = COMMENT + sse(named("a")) + b"data: " + b"x" * (17 << 20)
        assert parser.feed(body) == [A]
        assert parser.feed_eof() == []
        assert type(parser.failure) is StreamProtocolError
        assert "16777216 bytes" in parser.failure.message
        assert parser.done

    def test_a_failure_is_kept(self):
        parser = stream_parser()
        parser.feed(sse("nonsense"))
        failure = parser.failure
        assert parser.feed(sse({"error": "m"})) == parser.feed_eof() == []
        assert parser.failure is failure


class TestBodiesThatAreNoStream:
    @pytest.mark.parametrize(
        "body",
        [
            pytest.param(b"", id="empty"),
            pytest.param(b"<html><body>502 Bad Gateway</body></html>", id="html"),
            pytest.param(b"<html>\n\n<p>a\n\nb</p>\n</html>\n\n", id="html lines"),
            pytest.param(b'{"choices": []}', id="json"),
            pytest.param(b": ping\n\n: ping\n\n", id="comments"),
            pytest.param(b"data: {", id="cut"),
            pytest.param(b"data: {" + b"x" * 70_000, id="long and cut"),
            pytest.param(b"event: ping\ndata: x\n\n", id="heartbeats"),
            pytest.param(b"\xff\xfe\x00", id="rubbish"),
        ],
    )
    def test_are_a_failure_that_shows_their_beginning(self, body):
        excerpt = body[:200].decode("utf-8", "replace")
        message = (
            "the answer holds no event of a stream"
            if body
            else "the answer to a stream request is empty"
        )
        expected = [], protocol_error(message, excerpt), True
        splits = (
            every_split(body) if len(body) < 1000 else [[body], [body[:1], body[1:]]]
        )
        for reads in splits:
            assert parse(reads) == expected, reads

    @pytest.mark.parametrize("body", [b"\n\n", b"\n\n\n\n\r\n\r\n"])
    def test_blank_lines_are_a_failure_too(self, body):
        for reads in every_split(body):
            chunks, failure, done = parse(reads)
            assert (chunks, type(failure), done) == ([], StreamProtocolError, True)

    def test_no_read_at_all(self):
        parser = stream_parser()
        assert parser.feed_eof() == []
        assert parser.failure.message == "the answer to a stream request is empty"


class TestProgress:
    def progress(self, *reads):
        parser = stream_parser()
        return [(parser.feed(read), parser.progressed)[1] for read in reads]

    def test_events_are_progress(self):
        event = sse(named("a"))
        assert self.progress(event, event[:9], event[9:] + event, DONE) == [
            True,
            False,
            True,
            True,
        ]

    def test_chunks_without_output_are_progress(self):
        assert self.progress(sse(chunk())) == [True]

    def test_events_among_comments_are_progress(self):
        event = b": hi\n" + sse(named("a"))
        assert self.progress(event, event[:9], event[9:], b": x\n" + DONE) == [
            True,
            False,
            True,
            True,
        ]

    @pytest.mark.parametrize("blank", [b"\n", b"\n\n", b"\n\n\n", b"\r\n\r\n"])
    def test_blank_lines_are_not(self, blank):
        assert self.progress(blank, sse(named("a")), blank) == [False, True, False]

    def test_comments_are_not(self):
        assert self.progress(b": ping\n\n", b": ping\n", b"\n", b":") == [False] * 4

    def test_heartbeats_are_not(self):
        beat = b"event: ping\ndata: x\n\n"
        assert self.progress(beat, b"data:\n\n", sse(named("a")), beat) == [
            False,
            False,
            True,
            False,
        ]

    def test_nothing_after_the_end_is(self):
        assert self.progress(DONE, sse(named("a"))) == [True, False]


ANSWER = {
    "id": "i",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "hé"},
            "finish_reason": "stop",
        }
    ],
    "usage": USAGE,
}


class TestJsonAnswers:
    def assert_parses(self, body, chunks, failure=None, *, done=False):
        for reads in every_split(body):
            assert parse(reads, json_parser()) == (chunks, failure, done), reads

    def test_are_one_chunk_at_the_end(self):
        body = json.dumps(ANSWER, ensure_ascii=False).encode()
        parser = json_parser()
        assert parser.feed(body) == []
        assert (parser.done, parser.progressed) == (False, True)
        (only,) = parser.feed_eof()
        collector = ChatCollector()
        assert collector.add([only])
        assert collector.is_whole
        expected = {"id": "i", "choices": ANSWER["choices"], "usage": USAGE}
        assert_holds(msgspec.to_builtins(collector.result()), expected)
        self.assert_parses(body, [only])

    def test_errors(self):
        body = b'{"error": {"message": "m", "code": 429}}'
        _, failure, _ = parse([body], json_parser())
        assert type(failure) is RateLimitError
        assert failure.message == "m"
        assert failure.request_id == "req"
        self.assert_parses(body, [], failure, done=True)

    @pytest.mark.parametrize(
        "body",
        [b"", b"[]", b"null", b'{"choices"', b"\xff{}", b"{}", b'{"choices": []}'],
    )
    def test_what_is_no_completion(self, body):
        _, failure, _ = parse([body], json_parser())
        assert type(failure) is StreamProtocolError
        assert failure.message.startswith("the answer is no completion (")
        assert failure.body == (body.decode("utf-8", "replace") or None)
        self.assert_parses(body, [], failure, done=True)

    @pytest.mark.parametrize("before", [b"", COMMENT, b"id: 1\n", b"event: x\n"])
    def test_that_are_streams_after_all(self, before):
        body = before + sse(*answer("a", "b"))
        chunks, failure, done = parse([body])
        assert chunks
        parser = json_parser()
        assert parser.is_one_piece
        assert parser.feed(body) == chunks
        assert (parser.done, parser.progressed) == (True, True)
        assert not parser.is_one_piece
        self.assert_parses(body, chunks, failure, done=done)

    def test_that_are_neither(self):
        parser = json_parser()
        parser.feed(b"error code: 1020")
        assert parser.feed_eof() == []
        assert parser.failure == protocol_error(
            "the answer holds no event of a stream", "error code: 1020"
        )

    def test_too_large(self):
        parser = json_parser()
        piece = b" " * (1 << 20)
        for _ in range(16):
            assert parser.feed(piece) == []
            assert not parser.done
        assert parser.feed(b"{") == []
        failure = parser.failure
        assert failure == protocol_error("the answer is larger than 16 MiB of JSON", "")
        assert parser.feed(b"}") == parser.feed_eof() == []
        assert parser.failure == failure


class TestWhichParser:
    @pytest.mark.parametrize(
        "media_type",
        [
            "application/json",
            "Application/JSON; charset=utf-8",
            " application/problem+json ;x=y",
        ],
    )
    def test_json(self, media_type):
        parser = parser_for(CHAT, {"content-type": media_type}, request_id="r")
        assert type(parser) is JsonParser

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"content-type": "text/event-stream"},
            {"content-type": "TEXT/EVENT-STREAM; charset=latin1"},
            {"content-type": "text/html"},
            {"content-type": "application/octet-stream"},
            {"content-type": "application/jsonl"},
            {"content-type": ""},
        ],
    )
    def test_all_else_is_a_stream(self, headers):
        assert type(parser_for(CHAT, headers, request_id=None)) is StreamParser

    def test_the_headers_and_the_id_are_for_errors(self):
        headers = {"x-should-retry": "true"}
        parser = parser_for(CHAT, headers, request_id="r")
        parser.feed(sse({"error": {"message": "m", "code": 500}}))
        assert parser.failure.request_id == "r"
        assert parser.failure.headers == headers


def test_a_long_event_in_many_reads():
    body = sse(chunk("x" * (1 << 20)))
    size = -(-len(body) // 10_000)
    reads = [body[start : start + size] for start in range(0, len(body), size)]
    assert len(reads) > 9_000
    assert parse(reads) == parse([body])


def test_the_tail_that_is_joined_to_each_read_is_bounded():
    parser = stream_parser()
    longest = 0
    for _ in range(2_000):
        parser.feed(b"data: " if parser._tail == b"" else b"x" * 100)
        longest = max(longest, len(parser._tail))
    assert longest <= 64 * 1024


names = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
texts = st.none() | names
calls = st.builds(
    dict,
    index=st.none() | st.integers(0, 3),
    id=texts,
    function=st.builds(
        dict,
        name=texts,
        arguments=texts | st.dictionaries(names, st.integers(-5, 5), max_size=2),
    ),
)
choices = st.fixed_dictionaries(
    {},
    optional={
        "index": st.integers(0, 3),
        "finish_reason": st.none() | st.sampled_from(["stop", "length"]),
        "delta": st.none()
        | st.fixed_dictionaries(
            {},
            optional={
                "content": texts,
                "role": texts,
                "reasoning_content": texts,
                "tool_calls": st.none() | st.lists(calls, max_size=2),
                "new": st.integers(),
            },
        ),
        "token_ids": st.none() | st.lists(st.integers(0, 9), max_size=3),
    },
)
chunks = st.fixed_dictionaries(
    {},
    optional={
        "choices": st.none() | st.lists(choices, max_size=3),
        "id": texts,
        "model": names,
        "created": st.integers(0, 2**40),
        "usage": st.none() | st.just(USAGE),
        "perf_metrics": st.none()
        | st.dictionaries(names, names | st.integers(), max_size=2),
    },
)
noise = st.sampled_from(
    [b"", b"", b"", b": c%s", b"id: 7%s", b"retry: 9%s", b"x%s", b"event: message%s"]
)


@st.composite
def framed(draw):
    """Chunks, and a body of a stream that holds them, cut into reads."""
    values = draw(st.lists(chunks, min_size=1, max_size=5))
    body = b""
    for value in values:
        line = draw(st.sampled_from([b"\n", b"\n", b"\r\n", b"\r"]))
        prefix = draw(st.sampled_from([b"data: ", b"data: ", b"data:"]))
        pretty = draw(st.sampled_from([None, None, None, 1]))
        ascii_only = draw(st.booleans())
        text = json.dumps(value, indent=pretty, ensure_ascii=ascii_only)
        body += draw(noise).replace(b"%s", line)
        for part in text.split("\n"):
            body += prefix + part.encode() + line
        body += line
        if draw(st.integers(0, 5)) == 0:
            body += b": between" + line * 2
    body += draw(st.sampled_from([b"", DONE]))
    cuts = sorted(draw(st.sets(st.integers(1, len(body) - 1), max_size=6)))
    reads = [
        body[start:end] for start, end in zip([0, *cuts], [*cuts, None], strict=True)
    ]
    return values, reads


@examples(75)
@given(framed())
def test_no_framing_and_no_cutting_changes_the_chunks(case):
    values, reads = case
    came, failure, _ = parse(reads)
    assert failure is None
    assert came == [decode_chunk(json.dumps(value)) for value in values]


@examples(150)
@given(
    st.lists(
        st.sampled_from(
            [
                b"data: ",
                b"data",
                b": ",
                b"\n",
                b"\n\n",
                b"\r",
                b"\r\n",
                b"[DONE]",
                b"event: ",
                b"error",
                b"ping",
                b'{"choices":[],"id":"a"}',
                b'{"choices":[]',
                b"}",
                b'{"error":"m"}',
                b"\xef\xbb\xbf"[:1],
                b"\xff",
            ]
        ),
        max_size=12,
    ),
    st.data(),
)
def test_rubbish_never_raises_and_depends_on_no_cut(pieces, data):
    body = b"".join(pieces)
    whole = parse([body])
    cuts = sorted(data.draw(st.sets(st.integers(0, len(body)), max_size=4)))
    reads = [
        body[start:end] for start, end in zip([0, *cuts], [*cuts, None], strict=True)
    ]
    came, failure, done = parse(reads)
    assert came == whole[0]
    assert done == whole[2]
    assert type(failure) is type(whole[1])
    assert failure is None or isinstance(failure, APIError)

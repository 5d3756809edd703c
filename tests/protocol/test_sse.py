import itertools
import random
import sys
import tracemalloc

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fireworks_async.errors import StreamProtocolError
from fireworks_async.sse import ServerSentEvent, SSEDecoder
from tests.support.properties import examples
from tests.support.splits import every_split
from tests.support.sse_reference import reference_events

MIB = 1024 * 1024


def message(data, **fields):
    return ServerSentEvent(data=data, **fields)


def decode(reads, decoder=None):
    """All events of the reads, and what the stream failed with, or None."""
    if decoder is None:
        decoder = SSEDecoder()
    events = []
    try:
        for read in reads:
            events += decoder.feed(read)
        events += decoder.close()
    except StreamProtocolError as error:
        return events, error.message
    return events, None


def assert_decodes(stream, expected):
    for reads in every_split(stream):
        assert decode(reads) == (expected, None), reads


def test_every_split_is_whole_then_each_cut_then_byte_by_byte():
    assert list(every_split(b"abc")) == [
        [b"abc"],
        [b"a", b"bc"],
        [b"ab", b"c"],
        [b"a", b"b", b"c"],
    ]


class TestExamplesOfTheStandard:
    """The streams that the standard shows, in its order."""

    def test_messages_of_one_and_two_lines(self):
        assert_decodes(
            b"data: This is the first message.\n"
            b"\n"
            b"data: This is the second message, it\n"
            b"data: has two lines.\n"
            b"\n"
            b"data: This is the third message.\n"
            b"\n",
            [
                message("This is the first message."),
                message("This is the second message, it\nhas two lines."),
                message("This is the third message."),
            ],
        )

    def test_two_event_types(self):
        assert_decodes(
            b"event: add\n"
            b"data: 73857293\n"
            b"\n"
            b"event: remove\n"
            b"data: 2153\n"
            b"\n"
            b"event: add\n"
            b"data: 113411\n"
            b"\n",
            [
                message("73857293", event="add"),
                message("2153", event="remove"),
                message("113411", event="add"),
            ],
        )

    def test_three_data_lines_are_one_event(self):
        assert_decodes(
            b"data: YHOO\ndata: +2\ndata: 10\n\n",
            [message("YHOO\n+2\n10")],
        )

    def test_four_blocks_of_a_comment_ids_and_a_second_space(self):
        assert_decodes(
            b": test stream\n"
            b"\n"
            b"data: first event\n"
            b"id: 1\n"
            b"\n"
            b"data:second event\n"
            b"id\n"
            b"\n"
            b"data:  third event\n"
            b"\n",
            [
                message("first event", id="1"),
                message("second event"),
                message(" third event"),
            ],
        )

    def test_data_without_a_value_is_data_and_an_unfinished_block_is_none(self):
        assert_decodes(
            b"data\n\ndata\ndata\n\ndata:",
            [message(""), message("\n")],
        )

    def test_the_space_after_the_colon_is_optional(self):
        assert_decodes(
            b"data:test\n\ndata: test\n\n",
            [message("test"), message("test")],
        )


def test_odd_field_names_are_other_fields():
    """The stream of the web platform tests' format-field-parsing."""
    assert_decodes(
        b"data:\0\ndata:  2\rData:1\ndata\0:2\ndata:1\r\0data:4\nda-ta:3\r"
        b"data_5\ndata:3\rdata:\r\n data:32\ndata:4\n\n",
        [message("\0\n 2\n1\n3\n\n4")],
    )


@pytest.mark.parametrize("first", [b"\n", b"\r", b"\r\n"])
@pytest.mark.parametrize("second", [b"\n", b"\r", b"\r\n"])
@pytest.mark.parametrize("blank", [b"\n", b"\r", b"\r\n"])
def test_lines_end_with_any_mix_of_lf_cr_and_crlf(first, second, blank):
    # LF right after CR is one line end, which is one less than it looks.
    lines = [b"data: a", first, b"data: b", second, b"", blank, b"data: c", b"\n\n"]
    if second == b"\r" and blank == b"\n":
        expected = [message("a\nb\nc")]
    else:
        expected = [message("a\nb"), message("c")]
    assert_decodes(b"".join(lines), expected)


@pytest.mark.parametrize(
    "character",
    ["\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", "\\n"],
    ids=ascii,
)
def test_nothing_else_ends_a_line(character):
    assert_decodes(f"data: a{character}b\n\n".encode(), [message(f"a{character}b")])


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"\xef\xbb\xbfdata: a\n\n", [message("a")]),
        (b"\xef\xbb\xbf\ndata: a\n\n", [message("a")]),
        (b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\ndata: b\n\n", [message("b")]),
        (b"\n\xef\xbb\xbfdata: a\n\ndata: b\n\n", [message("b")]),
        (
            b"data: a\n\n\xef\xbb\xbfdata: b\n\ndata: c\n\n",
            [message("a"), message("c")],
        ),
        (b"data: \xef\xbb\xbfa\n\n", [message("\ufeffa")]),
        (b"\xef\xbbdata: a\n\ndata: b\n\n", [message("b")]),
        (b"\xef\n\ndata: b\n\n", [message("b")]),
        (b"\xef\xbb\xbf", []),
        (b"\xef\xbb", []),
    ],
    ids=[
        "at the start",
        "before a blank line",
        "twice",
        "after a blank line",
        "between events",
        "in a value",
        "two thirds",
        "one third",
        "alone",
        "cut off",
    ],
)
def test_one_byte_order_mark_is_dropped_at_the_very_start(stream, expected):
    assert_decodes(stream, expected)


@pytest.mark.parametrize(
    "line",
    [
        b":",
        b": ping",
        b":data: no",
        b"::",
        b"unknown: no",
        b"unknown",
        b"Data: no",
        b"DATA: no",
        b" data: no",
        b"data : no",
        b"dat: no",
        b"dat",
        b"dataa: no",
        b"database",
        b"even: no",
        b"i: no",
        b"\xe2\x82data: no",
        b"\0",
    ],
)
def test_comments_and_unknown_fields_are_ignored(line):
    assert_decodes(
        line + b"\ndata: a\n" + line + b"\ndata: b\n" + line + b"\n\n" + line + b"\n\n",
        [message("a\nb")],
    )


@pytest.mark.parametrize(
    ("line", "data"),
    [
        (b"data: a", "a"),
        (b"data:a", "a"),
        (b"data:  a", " a"),
        (b"data:\ta", "\ta"),
        (b"data: a ", "a "),
        (b"data: a: b:", "a: b:"),
        (b"data::", ":"),
        (b"data: data: a", "data: a"),
        (b"data: ", ""),
        (b"data:", ""),
        (b"data", ""),
        (b"data:\0", "\0"),
        (b"data: \xf0\x9f\x98\x80\xc3\xa9", "\U0001f600\xe9"),
    ],
)
def test_one_leading_space_is_taken_off_a_value(line, data):
    assert_decodes(line + b"\n\n", [message(data)])
    assert_decodes(b"event:x\n" + line + b"\n\n", [message(data, event="x")])


@pytest.mark.parametrize(
    ("stream", "data"),
    [
        (b"data: a\ndata: b\n\n", "a\nb"),
        (b"data:\ndata:\ndata:\n\n", "\n\n"),
        (b"data\ndata: a\ndata\n\n", "\na\n"),
        (b"data: a\n: no\nid\nno\ndata: b\n\n", "a\nb"),
    ],
)
def test_data_lines_are_joined_by_line_feeds(stream, data):
    assert_decodes(stream, [message(data)])


@pytest.mark.parametrize(
    "stream",
    [
        b"",
        b"\n\n\n",
        b"\r\r\n\n",
        b"event: a\n\n",
        b"id: 1\n\n",
        b"retry: 1\n\n",
        b": ping\n\n",
        b"event: a\nid: 1\nretry: 1\n\n",
    ],
)
def test_nothing_is_dispatched_without_data(stream):
    assert_decodes(stream, [])


@pytest.mark.parametrize(
    "end",
    [
        b"data: b",
        b"data: b\n",
        b"data: b\r",
        b"data: b\r\n",
        b"event: b\nid: 2\n",
        b":",
    ],
)
def test_an_event_without_its_blank_line_is_dropped(end):
    assert_decodes(b"data: a\n\n" + end, [message("a")])


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"event: x\ndata: a\n\ndata: b\n\n", [message("a", event="x"), message("b")]),
        (b"data: a\nevent: x\n\n", [message("a", event="x")]),
        (b"event: x\nevent: y\ndata: a\n\n", [message("a", event="y")]),
        (b"event: x\nevent\ndata: a\n\n", [message("a")]),
        (b"event: \ndata: a\n\n", [message("a")]),
        (b"event: x\n\ndata: a\n\n", [message("a")]),
        (b"event:  x\ndata: a\n\n", [message("a", event=" x")]),
        (b"event: message\ndata: a\n\n", [message("a")]),
        (b"event: \xc3\xa9\ndata: a\n\n", [message("a", event="\xe9")]),
    ],
)
def test_the_last_event_field_of_a_block_is_its_type(stream, expected):
    assert_decodes(stream, expected)


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (
            b"id: 1\ndata: a\n\ndata: b\n\n",
            [message("a", id="1"), message("b", id="1")],
        ),
        (b"data: a\nid: 1\n\n", [message("a", id="1")]),
        (b"id: 1\n\ndata: a\n\n", [message("a", id="1")]),
        (b"id: 1\nid: 2\ndata: a\n\n", [message("a", id="2")]),
        (b"id: 1\ndata: a\n\nid\ndata: b\n\n", [message("a", id="1"), message("b")]),
        (b"id: 1\ndata: a\n\nid:\ndata: b\n\n", [message("a", id="1"), message("b")]),
        (b"id: 1\n\nid: 2\0\ndata: a\n\n", [message("a", id="1")]),
        (b"id: \0\ndata: a\n\n", [message("a")]),
        (b"id:  \xe2\x82\xac\ndata: a\n\n", [message("a", id=" \u20ac")]),
    ],
)
def test_the_id_lasts_until_the_next_and_holds_no_nul(stream, expected):
    assert_decodes(stream, expected)


@pytest.mark.parametrize(
    ("value", "retry"),
    [
        (b"3000", 3000),
        (b"0", 0),
        (b"007", 7),
        (b"", None),
        (b" 3000", None),
        (b"3000 ", None),
        (b"+3000", None),
        (b"-1", None),
        (b"1_000", None),
        (b"1.5", None),
        (b"1e3", None),
        (b"0x10", None),
        ("\u0663".encode(), None),
        ("\xb2".encode(), None),
        (b"3\0", None),
    ],
)
def test_retry_is_ascii_digits_and_belongs_to_its_block(value, retry):
    assert_decodes(
        b"retry: " + value + b"\ndata: a\n\ndata: b\n\n",
        [message("a", retry=retry), message("b")],
    )


def test_the_last_valid_retry_of_a_block_counts():
    assert_decodes(b"retry:1\nretry:2\nretry:x\ndata\n\n", [message("", retry=2)])


def test_a_block_without_data_takes_its_retry_along():
    assert_decodes(b"retry:1\n\ndata\n\n", [message("")])


def test_an_absurdly_long_retry_is_ignored_rather_than_an_error():
    """int() refuses text of thousands of digits, which a server can send."""
    longest, too_long = b"9" * 640, b"9" * 641
    events = SSEDecoder().feed(
        b"retry:" + longest + b"\ndata\n\nretry:" + too_long + b"\ndata\n\n"
    )
    assert [event.retry for event in events] == [10**640 - 1, None]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"\xff", "\ufffd"),
        (b"a\xffb", "a\ufffdb"),
        (b"\x80\x80", "\ufffd\ufffd"),
        (b"\xe2\x82", "\ufffd"),
        (b"\xe2\x82 \xac", "\ufffd \ufffd"),
        (b"\xf0\x9f\x98", "\ufffd"),
        (b"\xc0\xaf", "\ufffd\ufffd"),
        (b"\xed\xa0\x80", "\ufffd\ufffd\ufffd"),
        (b"\xf4\x90\x80\x80", "\ufffd\ufffd\ufffd\ufffd"),
    ],
)
def test_broken_utf8_is_replaced(value, text):
    """In the middle of a read of whole events, and in every other field."""
    assert_decodes(
        b"data: x\n\ndata: "
        + value
        + b"\n\nevent: "
        + value
        + b"\nid: "
        + value
        + b"\n"
        b"data: " + value + b"\ndata:" + value + b"\n\n",
        [message("x"), message(text), message(f"{text}\n{text}", event=text, id=text)],
    )


def test_an_event_is_given_out_by_the_read_that_completes_it():
    decoder = SSEDecoder()
    assert decoder.feed(b"data: a\n") == []
    assert decoder.feed(b"\n") == [message("a")]
    assert decoder.feed(b"data: b\r\n\r") == [message("b")]
    assert decoder.feed(b"\ndata: c\r") == []
    assert decoder.feed(b"\r") == [message("c")]


def test_a_line_feed_is_swallowed_only_right_after_a_carriage_return():
    decoder = SSEDecoder()
    assert decoder.feed(b"data: a\r") == []
    assert decoder.feed(b"") == []
    assert decoder.feed(b"\n") == []
    assert decoder.feed(b"\n") == [message("a")]


def test_empty_reads_change_nothing():
    stream = b"\xef\xbb\xbfdata: a\r\ndata: \xe2\x82\xac\r\n\r\nid: 1\rdata: b\r\r"
    expected = [message("a\n\u20ac"), message("b", id="1")]
    for reads in every_split(stream):
        padded = [b""]
        for read in reads:
            padded += [read, b"", b""]
        assert decode(padded) == (expected, None), reads


def test_close_ends_the_stream_and_keeps_the_last_event_id():
    decoder = SSEDecoder()
    assert decoder.feed(b"id: 7\nevent: x\nretry: 1\ndata: a\nda") == []
    assert decoder.close() == []
    assert decoder.is_idle
    assert decoder.feed(b"\xef\xbb\xbfdata: b\n\n") == [message("b", id="7")]


@pytest.mark.parametrize(
    ("stream", "is_idle"),
    [
        (b"", True),
        (b"\n", True),
        (b"data: a\n\n", True),
        (b"data: a\r\r", True),
        (b"data: a\r\n\r\n", True),
        (b": ping\n", True),
        (b"event: x\ndata: a\n\n", True),
        (b"\xef\xbb\xbf", True),
        (b"\xef", False),
        (b"d", False),
        (b": pin", False),
        (b"data: a\n", False),
        (b"data\n", False),
        (b"event: x\n", False),
        (b"retry: 0\n", False),
        (b"data: a\n\ndata: b", False),
    ],
)
def test_is_idle_where_nothing_is_held_back(stream, is_idle):
    for reads in every_split(stream):
        decoder = SSEDecoder()
        for read in reads:
            decoder.feed(read)
        assert decoder.is_idle is is_idle, reads


def test_an_event_is_an_immutable_value_with_defaults():
    event = ServerSentEvent()
    assert (event.event, event.data, event.id, event.retry) == ("message", "", "", None)
    assert ServerSentEvent("a", "b", "c", 4) == ServerSentEvent(
        event="a", data="b", id="c", retry=4
    )
    with pytest.raises(AttributeError):
        event.data = "other"


class TestCap:
    LINE = "a line of the event stream is longer than 12 bytes"
    DATA = "the data of one event in the stream is longer than 12 bytes"

    @pytest.mark.parametrize(
        "line",
        [b"data: 678901", b"data:5678901", b": comment 12", b"unknown: 012"],
    )
    def test_a_line_as_long_as_the_cap_is_accepted(self, line):
        stream = line + b"\r\n\r\nid: 7\ndata\n\n"
        for reads in every_split(stream):
            events, failure = decode(reads, SSEDecoder(max_line_bytes=12))
            assert failure is None
            assert events[-1] == message("", id="7")

    @pytest.mark.parametrize(
        "line",
        [
            b"data: 6789012",
            b"data: \xe2\x82\xac\xe2\x82\xac\xe2",
            b": comment 123",
            b"unknown: 0123",
            b"unknown890123",
            b"\xff" * 13,
        ],
    )
    @pytest.mark.parametrize("end", [b"", b"\n", b"\n\ndata: b\n\n"])
    def test_a_longer_line_fails_whatever_it_is(self, line, end):
        for reads in every_split(line + end):
            outcome = decode(reads, SSEDecoder(max_line_bytes=12))
            assert outcome == ([], self.LINE), reads

    def test_a_read_longer_than_the_cap_is_no_failure(self):
        stream = b"data: a\n\n" * 5
        outcome = decode([stream], SSEDecoder(max_line_bytes=12))
        assert outcome == ([message("a")] * 5, None)

    def test_the_byte_order_mark_is_not_counted(self):
        for reads in every_split(b"\xef\xbb\xbfdata: 678901\n\n"):
            outcome = decode(reads, SSEDecoder(max_line_bytes=12))
            assert outcome == ([message("678901")], None)

    def test_the_data_of_one_event_is_capped(self):
        fits = b"data: 1234\ndata: 6789\ndata: 12\n\n"
        for reads in every_split(fits * 2):
            outcome = decode(reads, SSEDecoder(max_line_bytes=12))
            assert outcome == ([message("1234\n6789\n12")] * 2, None), reads
        too_long = b"data: 1234\ndata: 6789\ndata: 123\n\n"
        for reads in every_split(too_long):
            outcome = decode(reads, SSEDecoder(max_line_bytes=12))
            assert outcome == ([], self.DATA), reads

    def test_events_before_the_failure_are_given_out_first(self):
        stream = b"data: a\n\ndata: b\n\n" + b"x" * 13 + b"\n\ndata: c\n\n"
        for reads in every_split(stream):
            outcome = decode(reads, SSEDecoder(max_line_bytes=12))
            assert outcome == ([message("a"), message("b")], self.LINE), reads

    def test_a_failed_decoder_stays_failed(self):
        decoder = SSEDecoder(max_line_bytes=12)
        errors = []
        for use in [
            lambda: decoder.feed(b"x" * 13),
            lambda: decoder.feed(b"\n\ndata: a\n\n"),
            lambda: decoder.feed(b""),
            decoder.close,
            lambda: decoder.feed(b"data: a\n\n"),
        ]:
            with pytest.raises(StreamProtocolError) as caught:
                use()
            errors.append(caught.value)
        assert all(error == errors[0] for error in errors)
        assert not decoder.is_idle

    def test_the_cap_is_16_mib_unless_told_otherwise(self):
        decoder = SSEDecoder()
        assert decoder.feed(b":" + b"x" * (16 * MIB - 1)) == []
        with pytest.raises(StreamProtocolError, match="16777216 bytes"):
            decoder.feed(b"x")


# Pieces that matter to some rule, short enough to meet each other often.
FRAGMENTS = st.sampled_from(
    [
        *(b"\n", b"\r", b"\r\n", b"\n\n", b"\r\r", b"\r\n\r\n"),
        *(b"data", b"data:", b"data: ", b"event: ", b"id: ", b"retry: ", b":", b": "),
        *(b"\xef\xbb\xbf", b"\xef", b"\xbb", b"\xbf", b"\xe2\x82\xac", b"\xf0\x9f"),
        *(b" ", b"\0", b"a", b"7", b"id", b"event", b"\ndata: x\n\n", b"\n\ndata: "),
    ]
)
STREAMS = st.lists(FRAGMENTS | st.binary(max_size=3), max_size=30).map(b"".join)


@st.composite
def cut_streams(draw):
    stream = draw(STREAMS)
    places = draw(st.lists(st.integers(0, len(stream)), max_size=8))
    edges = [0, *sorted(places), len(stream)]
    return [stream[a:b] for a, b in itertools.pairwise(edges)]


@examples(500)
@example([b"\xef\xbb\xbf\xef", b"\xbb\xbfdata\n\n"])
@example([b"data: a\r", b"\n\r", b"\ndata: b\n\n"])
@given(cut_streams())
def test_any_stream_at_any_cuts_gives_what_the_standard_says(reads):
    expected = reference_events(b"".join(reads))
    events, failure = decode(reads)
    assert failure is None
    assert [(e.event, e.data, e.id, e.retry) for e in events] == expected


@examples(300)
@given(cut_streams(), st.integers(1, 12))
def test_the_cap_acts_the_same_at_any_cuts(reads, cap):
    whole = decode([b"".join(reads)], SSEDecoder(max_line_bytes=cap))
    assert decode(reads, SSEDecoder(max_line_bytes=cap)) == whole


class Work:
    """Counts what the decoder does: calls made, and bytes newly allocated.

    A trace of current memory misses what is freed again, so its peak is looked at,
    and set back, at every call and return.
    """

    def __init__(self, reads):
        self.calls = self.allocated = 0
        decoder = SSEDecoder()
        tracemalloc.start()
        try:
            tracemalloc.reset_peak()
            self._before = tracemalloc.get_traced_memory()[0]
            for read in reads:
                sys.setprofile(self._look)
                decoder.feed(read)
                sys.setprofile(None)
        finally:
            sys.setprofile(None)
            tracemalloc.stop()

    def _look(self, frame, event, argument):
        self.calls += 1
        now, peak = tracemalloc.get_traced_memory()
        self.allocated += peak - self._before
        tracemalloc.reset_peak()
        self._before = now


def pieces(stream, size):
    return [stream[place : place + size] for place in range(0, len(stream), size)]


@pytest.mark.parametrize(
    "reads",
    [
        lambda n: [b"data: a\n\n" * n],
        lambda n: [b"event: x\r\ndata: a\r\n\r\n" * n],
        lambda n: [(b"data: " + b"a" * 100 + b"\n") * n + b"\n"],
        lambda n: [b"data: " + b"a" * n * 100 + b"\n\n"],
        lambda n: pieces(b"data: " + b"a" * n * 100 + b"\n\n", 100),
        lambda n: pieces(b"data: " + b"a" * n * 10 + b"\n\n", 1),
        lambda n: pieces(b"data: a\n" * n + b"\n", 1),
        lambda n: pieces(b"data: a\r\n\r\n" * n, 1),
        lambda n: pieces(b": " + b"a" * n * 100, 100),
        lambda n: pieces(b"data: a\n\n" * n, 100),
    ],
    ids=[
        "tiny events in one read",
        "tiny events with CRLF in one read",
        "data lines of one event",
        "a long line in one read",
        "a long line in pieces",
        "a long line byte by byte",
        "tiny data lines byte by byte",
        "tiny events byte by byte",
        "a long comment in pieces",
        "tiny events cut anywhere",
    ],
)
def test_the_work_is_linear(reads):
    """Four times the input: 4 times the work if linear, up to 16 times if not."""
    few, many = Work(reads(100)), Work(reads(400))
    assert many.calls < 6 * few.calls
    assert many.allocated < 6 * few.allocated


@pytest.mark.parametrize(
    "beginning",
    [b": ", b"unknown: ", b"unknown", b"database", b"data\0", b" data: ", b"\xe2\x82"],
)
@pytest.mark.parametrize("size", [1, 100])
def test_an_unfinished_line_that_means_nothing_is_not_kept(beginning, size):
    reads = pieces(beginning, size)
    decoder = SSEDecoder()
    piece = b"x" * 65536
    tracemalloc.start()
    try:
        for read in reads:
            decoder.feed(read)
        tracemalloc.reset_peak()
        for _ in range(128):
            decoder.feed(piece)
        assert tracemalloc.get_traced_memory()[1] < 256 * 1024
    finally:
        tracemalloc.stop()
    assert decoder.feed(b"\ndata: a\n\n") == [message("a")]


def test_bytes_and_lines_that_come_one_by_one_do_not_cost_many_times_their_size():
    decoder = SSEDecoder()
    reads = [b"x"] * 5000 + [b"\n"] + [b"data\n"] * 5000
    tracemalloc.start()
    try:
        decoder.feed(b"data:")
        for read in reads:
            decoder.feed(read)
        assert tracemalloc.get_traced_memory()[1] < 3 * 10_000
    finally:
        tracemalloc.stop()


def test_failure_frees_what_was_held():
    decoder = SSEDecoder(max_line_bytes=MIB)
    piece = b"data: " + b"x" * 900_000
    tracemalloc.start()
    try:
        decoder.feed(piece + b"\n")
        decoder.feed(piece)
        assert tracemalloc.get_traced_memory()[0] > 1_700_000
        with pytest.raises(StreamProtocolError):
            decoder.feed(piece)
        assert tracemalloc.get_traced_memory()[0] < 100_000
    finally:
        tracemalloc.stop()


def test_a_line_of_10_mib_in_10000_pieces_and_100000_events_in_one_read():
    text = random.Random(7).randbytes(5 * MIB).hex()
    reads = pieces(f"data: {text}\n\n".encode(), 1049)
    assert decode(reads) == ([message(text)], None)
    assert decode([b"data: a\n\n" * 100_000]) == ([message("a")] * 100_000, None)

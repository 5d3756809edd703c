import json

import pytest

from fireworks_async.proxy._likeness import Likeness
from tests.support.wire import chunk, sse

EXAMPLE = sse(chunk("a"))
RENAMED = EXAMPLE.replace(b"accounts/fireworks/models/m", b"mine")
CHOICES = frozenset({0})


def event(text):
    """An event like the example, with these bytes for its text."""
    return EXAMPLE.replace(b'"content":"a"', b'"content":"' + text + b'"')


def likeness(sent=EXAMPLE):
    found = Likeness.of(EXAMPLE, sent, CHOICES)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "text",
    [b"", b"b c", "é€😀".encode(), rb"\"", rb"\\", rb"\n\t\u00e9", rb"\ud83d\ude00"],
)
def test_another_text_is_alike(text):
    block = EXAMPLE + event(text) + EXAMPLE
    count, sent = likeness().pass_on(block)
    assert (count, sent) == (3, block)
    assert all(json.loads(line[6:]) for line in block.splitlines() if line)


def test_what_is_sent_has_the_other_head_and_tail():
    block = event(b"b") + event(rb"\"c\"")
    assert likeness(RENAMED).pass_on(block) == (
        2,
        block.replace(b"accounts/fireworks/models/m", b"mine"),
    )


@pytest.mark.parametrize(
    "text",
    [
        b'"',
        b'b","c',
        b'b"},"x":{"y":"z',
        b"\\",
        b"b\\\\\\",
        b"\\x",
        b"\\u12",
        b"\\ud83d",
        b"\x00",
        b"\t",
        b"\r",
        b"b\n",
        b"\n\n",
        b"\xff",
        b"\xc3",
    ],
)
@pytest.mark.parametrize("place", range(3))
def test_f41_what_is_no_text_of_a_string_is_not_alike(text, place):
    events = [EXAMPLE] * 3
    events[place] = event(text)
    assert likeness().pass_on(b"".join(events)) is None


def test_f41_two_that_are_wrong_are_not_right_together():
    # As one array, these would be two strings again.
    assert likeness().pass_on(event(b'b","x') + event(b"\\") + event(b',"y')) is None


@pytest.mark.parametrize(
    "other",
    [
        sse(chunk("a", finish_reason="stop")),
        sse(chunk("a", role="assistant")),
        sse(chunk("a", usage={"prompt_tokens": 1})),
        sse(chunk("a", logprobs={"content": [{"token": "a", "logprob": 0}]})),
        EXAMPLE.replace(b'"index":0', b'"index":1'),
        EXAMPLE.replace(b"\n\n", b"\r\n\r\n"),
        b"event: error\n" + EXAMPLE,
        b": ping\n\n",
        b"\n\n",
        EXAMPLE[:-1],
        EXAMPLE[:20] + b"\n\n",
        b'data: {"error":{"message":"content"}}\n\n',
    ],
)
@pytest.mark.parametrize("place", range(3))
def test_an_event_that_says_anything_else_is_not_alike(other, place):
    events = [EXAMPLE] * 2
    events.insert(place, other)
    assert likeness().pass_on(b"".join(events)) is None


@pytest.mark.parametrize(
    "example",
    [
        sse(chunk(choices=[])),
        b": ping\n\n",
        b"id: 7\n" + EXAMPLE,
        b'data: {"choices":[{"delta":{"content":null}}]}\n\n',
        b'data: {"choices":[{"delta":{"role":"content"}}]}\n\n',
    ],
)
def test_what_has_no_text_on_one_line_is_like_nothing(example):
    assert Likeness.of(example, example, CHOICES) is None


def test_where_those_that_may_be_alike_begin_and_end_is_seen():
    likely = likeness()
    other = sse(chunk(finish_reason="stop"))
    assert likely.begins(EXAMPLE)
    assert not likely.begins(other[:20])
    assert likely.end_in(EXAMPLE * 2 + other) == 2 * len(EXAMPLE)
    assert likely.end_in(other) == 0
    assert likely.choices == CHOICES

"""The two kinds of streams, read by the same parser."""

import json

import pytest

from fireworks_async._protocol.dialects import CHAT
from fireworks_async._protocol.parser import parser_for
from fireworks_async._protocol.text_collector import TEXT
from tests.support.recorded import TEXT_COMPLETION
from tests.support.splits import every_split


def of(dialect):
    finish = {"index": 0, "finish_reason": "stop"}
    text = {"delta": {"content": "a"}} if dialect is CHAT else {"text": "a"}
    return {"choices": [{**finish, **text}]}


@pytest.mark.parametrize("dialect", [CHAT, TEXT], ids=["chat", "text"])
@pytest.mark.parametrize("media_type", ["text/event-stream", "application/json"])
def test_each_is_read_streamed_and_whole(dialect, media_type):
    parser = parser_for(dialect, {"content-type": media_type}, request_id=None)
    value = of(dialect)
    if media_type == "application/json":
        if dialect is CHAT:
            value["choices"][0]["message"] = value["choices"][0].pop("delta")
        chunks = parser.feed(dialect_json(value)) + parser.feed_eof()
    else:
        chunks = parser.feed(b"data: " + dialect_json(value) + b"\n\n")
    assert [type(chunk) for chunk in chunks] == [dialect.chunk]
    assert [chunk.content for chunk in chunks] == ["a"]
    collector = dialect.collector()
    assert collector.add(chunks)
    assert collector.is_whole


def dialect_json(value):
    return json.dumps(value).encode()


def test_every_cut_of_a_recorded_text_stream_gives_the_same():
    body = TEXT_COMPLETION.body

    def read(reads):
        parser = parser_for(TEXT, {}, request_id=None)
        chunks = [chunk for data in reads for chunk in parser.feed(data)]
        return chunks + parser.feed_eof(), parser.failure, parser.done

    whole = read([body])
    assert whole[1:] == (None, True)
    for reads in every_split(body):
        assert read(reads) == whole

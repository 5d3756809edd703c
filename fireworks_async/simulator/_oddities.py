"""Named faults of streams: the tables for tests that go through all of them.

Each name is the number in the fault catalogue and what is wrong.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from fireworks_async.simulator._faults import (
    BOM,
    Batched,
    Cut,
    Ended,
    Gzipped,
    Insert,
    LineEnding,
    Ping,
    Rewrite,
    Sliced,
    Without,
)
from fireworks_async.simulator._replies import Raw, RawHTTP, Reply
from fireworks_async.simulator._script import Part

__all__ = ("BROKEN_STREAMS", "ODD_STREAMS")

_TEXT = Reply(text="The quiet café by the river", finish_reason="stop")
_NOTHING = b'data: {"choices":[{"index":0,"delta":{}}],"usage":null}\n\n'
_ERROR = {"error": {"message": "the model is gone", "code": 503, "type": "api_error"}}


def _calls(*deltas: Sequence[Mapping[str, Any]]) -> Reply:
    return Reply(deltas=[{"tool_calls": list(calls)} for calls in deltas])


def _call(arguments: object, **more: Any) -> dict[str, Any]:
    name = {"name": more.pop("name")} if "name" in more else {}
    return {**more, "function": {**name, "arguments": arguments}}


def _with_usage_everywhere(_: int, chunk: dict[str, Any]) -> dict[str, Any]:
    usage = {"prompt_tokens": 1, "total_tokens": 2, "completion_tokens": 1}
    return {**chunk, "usage": chunk["usage"] or usage}


def _with_other_names(index: int, chunk: dict[str, Any]) -> dict[str, Any]:
    return {**chunk, "id": f"other-{index}", "model": f"m{index}", "created": index}


def _without_delta(index: int, chunk: dict[str, Any]) -> dict[str, Any]:
    choices = [{**c, "delta": None} for c in chunk["choices"]] if index == 0 else None
    return {**chunk, "choices": choices or chunk["choices"]}


def _with_broken_text(index: int, chunk: dict[str, Any]) -> Any:
    if index != 2:
        return chunk
    return (
        b'data: {"id":"x","object":"chat.completion.chunk","created":1,"model":"m",'
        b'"choices":[{"index":0,"delta":{"content":" \xff\xfe?"},"finish_reason":null}]}'
        b"\n\n"
    )


ODD_STREAMS: Mapping[str, Part] = MappingProxyType(
    {
        "F07 connection closed unannounced": (_TEXT, Ended("leave")),
        "F22 no [DONE]": (_TEXT, Without("done")),
        "F25 one byte a write": (_TEXT, Sliced(1)),
        "F26 characters cut in two": (_TEXT, Sliced(7)),
        "F27 byte order mark": (_TEXT, BOM()),
        "F28 broken UTF-8": (_TEXT, Rewrite(_with_broken_text)),
        "F30 all events in one write": (_TEXT, Batched(1000)),
        "F31 gzip": (_TEXT, Gzipped()),
        "F33 error after [DONE]": (_TEXT, Insert(_ERROR)),
        "F33 second [DONE]": (_TEXT, Insert(b"data: [DONE]\n\n")),
        "F33 late terminator": (_TEXT, Ended("eof", 0.05)),
        "F33 no terminator": (_TEXT, Ended("hang")),
        "F42 choices empty first": (_TEXT, Insert({"choices": []}, 0)),
        "F42 choices absent": (_TEXT, Insert({"id": "x"}, 2)),
        "F42 delta null": (_TEXT, Rewrite(_without_delta)),
        "F43 usage in each chunk": (_TEXT, Rewrite(_with_usage_everywhere)),
        "F43 usage after [DONE]": (
            _TEXT,
            Insert({"choices": [], "usage": {"prompt_tokens": 1, "total_tokens": 1}}),
        ),
        "F43 usage null": (_TEXT, Insert({"choices": [], "usage": None}, 2)),
        "F45 same index twice in one chunk": _calls(
            [_call("", index=0, id="a", type="function", name="f")],
            [_call('{"x":', index=0), _call("1}", index=0)],
        ),
        "F45 no index": _calls(
            [_call('{"x":', id="a", type="function", name="f")], [_call("1}")]
        ),
        "F45 new id on an old index": _calls(
            [_call('{"x":1}', index=0, id="a", type="function", name="f")],
            [_call('{"y":2}', index=0, id="b", type="function", name="g")],
        ),
        "F45 id and name late": _calls(
            [_call('{"x":', index=0)],
            [_call("1}", index=0, id="a", type="function", name="f")],
        ),
        "F45 name repeated": _calls(
            [_call('{"x":', index=0, id="a", type="function", name="f")],
            [_call("1}", index=0, id="a", type="function", name="f")],
        ),
        "F45 arguments null": _calls(
            [_call(None, index=0, id="a", type="function", name="f")],
            [_call('{"x":1}', index=0)],
        ),
        "F45 arguments an object": _calls(
            [_call({"x": 1}, index=0, id="a", type="function", name="f")]
        ),
        "F45 interleaved": _calls(
            [_call("", index=0, id="a", type="function", name="f")],
            [_call("", index=1, id="b", type="function", name="g")],
            [_call('{"x":', index=0), _call('{"y":', index=1)],
            [_call("2}", index=1)],
            [_call("1}", index=0)],
        ),
        "F45 index far away": _calls(
            [_call('{"x":1}', index=10**9, id="a", type="function", name="f")]
        ),
        "F46 unknown finish_reason": Reply(text="Well.", finish_reason="tired"),
        "F48 names change": (_TEXT, Rewrite(_with_other_names)),
        "CRLF": (_TEXT, LineEnding(b"\r\n")),
        "CR": (_TEXT, LineEnding(b"\r")),
        "comments between events": (_TEXT, Ping(0.0, 2, 3)),
        "JSON to a stream request": Reply(text="The whole of it.", stream=False),
    }
)
"""Streams that are strange and whole: a good client reads an answer from each."""

BROKEN_STREAMS: Mapping[str, Part] = MappingProxyType(
    {
        "F16 empty body": Raw(),
        "F16 HTML": Raw((b"<html><body>hello</body></html>",), "text/html"),
        "F16 JSON error with status 200": Raw(
            (b'{"error":{"message":"no","type":"api_error"}}',), "application/json"
        ),
        "F21 closed before the headers": RawHTTP(),
        "F21 reset before the headers": RawHTTP(ending="reset"),
        "F21 closed before the first event": (_TEXT, Cut(0)),
        "F21 closed between events": (_TEXT, Cut(3)),
        "F21 closed inside an event": (_TEXT, Cut(3, 60)),
        "F21 reset between events": (_TEXT, Cut(3, ending="reset")),
        "F21 reset inside an event": (_TEXT, Cut(3, 60, "reset")),
        "F22 clean end in the middle": (_TEXT, Cut(3, ending="eof")),
        "F22 no finish_reason, no [DONE]": (_TEXT, Without("finish", "done")),
        "F22 [DONE] without finish_reason": (_TEXT, Without("finish")),
        "F23 silence": (_TEXT, Cut(3, ending="hang")),
        "F23 comments for ever": (_TEXT, Ping(0.01, 3)),
        "F23 empty deltas for ever": (_TEXT, Ping(0.01, 3, data=_NOTHING)),
        "F40 error object": (_TEXT, Cut(3, ending="eof"), Insert(_ERROR)),
        "F40 error object, then [DONE]": (_TEXT, Without("finish"), Insert(_ERROR, 3)),
        "F40 error is a string": (
            _TEXT,
            Cut(3, ending="eof"),
            Insert({"error": "overloaded"}),
        ),
        "F40 event: error": (
            _TEXT,
            Cut(3, ending="eof"),
            Insert(b'event: error\ndata: {"error":{"message":"gone"}}\n\n'),
        ),
        "F40 event: error with a JSON string": (
            _TEXT,
            Cut(3, ending="eof"),
            Insert(b'event: error\ndata: "gone"\n\n'),
        ),
        "F41 not JSON": (_TEXT, Insert(b"data: {not json}\n\n", 3)),
        "F41 an array": (_TEXT, Insert([1, 2], 3)),
        "F41 too deep": (_TEXT, Insert(b"data: " + b"[" * 100_000 + b"\n\n", 3)),
        "F44 a choice never finishes": (
            _TEXT,
            Insert({"choices": [{"index": 1, "delta": {"content": "and"}}]}, 3),
        ),
        "garbage for a status line": RawHTTP((b"hello?\r\n\r\n",)),
        "half of the headers": RawHTTP((b"HTTP/1.1 200 OK\r\nContent-Ty",)),
    }
)
"""Streams that are no answer: a good client raises an error for each."""

"""Literal bytes of HTTP and server-sent events, for scripts of ``raw_server``."""

import json
from typing import Any

DONE = b"data: [DONE]\n\n"
LAST_CHUNK = b"0\r\n\r\n"

USAGE = {
    "prompt_tokens": 9,
    "total_tokens": 12,
    "completion_tokens": 3,
    "prompt_tokens_details": {"cached_tokens": 0},
}


def chunk(
    content: str | None = None,
    *,
    delta: dict[str, Any] | None = None,
    finish_reason: str | None = None,
    index: int = 0,
    usage: dict[str, Any] | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """One ``chat.completion.chunk`` of one choice; ``fields`` go on the chunk itself."""
    if delta is None:
        delta = {} if content is None else {"content": content}
    choice = {"index": index, "delta": delta, "finish_reason": finish_reason}
    return {
        "id": "chatcmpl-0123456789abcdef0123456789abcdef",
        "object": "chat.completion.chunk",
        "created": 1_780_000_000,
        "model": "accounts/fireworks/models/m",
        "choices": [choice],
        "usage": usage,
        **fields,
    }


def sse(*items: object) -> bytes:
    """Events: bytes as they are, text as the data, all else as JSON data."""
    return b"".join(_event(item) for item in items)


def _event(item: object) -> bytes:
    if isinstance(item, bytes):
        return item
    data = item if isinstance(item, str) else json.dumps(item, separators=(",", ":"))
    return f"data: {data}\n\n".encode()


def answer(*contents: str) -> tuple[dict[str, Any] | bytes, ...]:
    """The events of a whole, faultless answer; usage is on the last chunk."""
    return (
        chunk(delta={"role": "assistant", "content": ""}),
        *(chunk(content) for content in contents),
        chunk(finish_reason="stop"),
        chunk(choices=[], usage=USAGE),
        DONE,
    )


def head(status: int, headers: dict[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} Scripted", *(f"{k}: {v}" for k, v in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def stream_head(status: int = 200, /, **headers: str) -> bytes:
    """Status line and headers of a chunked stream; ``_`` in names becomes ``-``.

    The value "" takes one of the usual headers out.
    """
    usual = {
        "content-type": "text/event-stream",
        "transfer-encoding": "chunked",
        "x-request-id": "req-scripted",
    }
    wanted = usual | {name.replace("_", "-"): v for name, v in headers.items()}
    return head(status, {name: value for name, value in wanted.items() if value})


def http_chunk(data: bytes) -> bytes:
    """Data as one chunk of a chunked body; one without data would be the last."""
    assert data
    return b"%x\r\n%b\r\n" % (len(data), data)


def stream_body(*items: object) -> bytes:
    """Events, each in a chunk of its own; the body's end is not included."""
    return b"".join(http_chunk(sse(item)) for item in items)


def stream_response(*items: object) -> bytes:
    """A whole answer of 200 with these events."""
    return stream_head() + stream_body(*items) + LAST_CHUNK


def json_response(
    status: int, value: object, headers: dict[str, str] | None = None
) -> bytes:
    """A whole answer with a length; bytes go as they are, all else as JSON."""
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    usual = {"content-type": "application/json", "content-length": str(len(body))}
    return head(status, usual | (headers or {})) + body

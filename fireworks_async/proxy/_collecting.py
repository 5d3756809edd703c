"""A call that is not streamed to its caller, read as a stream and folded into one answer.

For what the API refuses otherwise. What is cut in the middle is asked for again.
"""

from typing import Any, Final, TypeVar, cast

import msgspec

from fireworks_async._net.interfaces import ByteResponse
from fireworks_async._protocol.dialects import CHAT, Dialect
from fireworks_async._protocol.forgiving import is_list, is_object
from fireworks_async._protocol.metadata import request_id
from fireworks_async._protocol.parser import parser_for
from fireworks_async._protocol.text_collector import TEXT
from fireworks_async.errors import (
    APIConnectionError,
    APIError,
    FireworksError,
    StreamTruncatedError,
)
from fireworks_async.proxy._calls import Call

__all__ = ("fetch_collected",)

ChunkT = TypeVar("ChunkT")

# What servers leave out when it was not asked for; null elsewhere means something.
_LEFT_OUT: Final = frozenset(
    {
        "logprobs",
        "perf_metrics",
        "prompt_token_ids",
        "prompt_tokens_details",
        "completion_tokens_details",
        "raw_output",
        "reasoning_content",
        "refusal",
        "token_ids",
        "tool_calls",
        "usage",
    }
)


async def fetch_collected(call: Call, *, chat: bool) -> tuple[ByteResponse, bytes, Any]:
    """Send, and fold the stream that comes into one answer.

    Args:
        call: Already made, for a stream; not opened.
        chat: Whether it is a chat completion, and not one of text.

    Raises:
        FireworksError: The call failed.
    """
    dialect = cast("Dialect[Any, Any]", CHAT if chat else TEXT)
    while True:
        response = await call.open()
        try:
            result = await _collect(response, call, dialect)
        except FireworksError as error:
            if not await call.recovers(error):
                raise
            continue
        call.answered()
        if call.alias is not None:
            result.model = msgspec.json.decode(call.alias)
        return response, _encoded(result), result.usage


async def _collect(
    response: ByteResponse, call: Call, dialect: Dialect[Any, Any]
) -> Any:
    attempts = call.attempts
    assert attempts is not None
    parser = parser_for(
        dialect, response.headers, request_id=request_id(response.headers)
    )
    collector = dialect.collector()
    problem: APIError | None = None
    limit = attempts.limit
    with limit.during("receive"):
        try:
            while not parser.done:
                data = await response.read()
                if not data:
                    collector.add(parser.feed_eof())
                    break
                collector.add(parser.feed(data))
                if parser.progressed:
                    limit.during("receive")
        except APIConnectionError as lost:
            problem = lost
    if parser.failure is not None:
        raise attempts.redacted(parser.failure)
    if not collector.is_whole:
        raise problem or StreamTruncatedError(
            "the answer ended before every choice had its finish_reason"
        )
    return collector.result()


def _encoded(result: object) -> bytes:
    return msgspec.json.encode(_lean(msgspec.to_builtins(result)))


def _lean(value: object) -> object:
    if is_object(value):
        return {
            name: _lean(inner)
            for name, inner in value.items()
            if inner is not None or name not in _LEFT_OUT
        }
    if is_list(value):
        return [_lean(inner) for inner in value]
    return value

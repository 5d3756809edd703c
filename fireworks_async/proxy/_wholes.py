"""Answers that are read whole before they are sent on: JSON, and what audio gives."""

from typing import Final

import msgspec

from fireworks_async._net.interfaces import ByteResponse
from fireworks_async._protocol.completions import Usage
from fireworks_async._protocol.failures import error_from_event
from fireworks_async._protocol.metadata import request_id
from fireworks_async.errors import FireworksError
from fireworks_async.proxy._aliasing import renamed_object
from fireworks_async.proxy._calls import Call
from fireworks_async.proxy._reading import WholeAnswer

__all__ = ("fetch_whole",)

_ANSWER: Final = msgspec.json.Decoder(WholeAnswer)
_JSON: Final = "application/json"


async def fetch_whole(call: Call) -> tuple[ByteResponse, bytes, Usage | None]:
    """Send, and read the answer to its end.

    One that is cut in the middle has been shown to nobody, so the call goes on as if
    none had come.

    Args:
        call: Already made, not opened.

    Raises:
        FireworksError: The call failed.
    """
    while True:
        response = await call.open()
        assert call.attempts is not None
        try:
            body = await call.attempts.read_whole(response)
            is_json = response.headers.get("Content-Type", _JSON).startswith(_JSON)
            usage = _usage_of(response, body) if is_json else None
        except FireworksError as error:
            if not await call.recovers(error):
                raise
            continue
        call.answered()
        alias = call.alias
        if alias is not None and is_json:
            body = renamed_object(body, msgspec.Raw(alias))
        return response, body, usage


def _usage_of(response: ByteResponse, body: bytes) -> Usage | None:
    """What the answer, JSON, says it took.

    Raises:
        APIError: It is an error, whatever its status says.
    """
    try:
        answer = _ANSWER.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if answer.error is not None:
        raise error_from_event(
            body.decode(errors="replace"),
            event="error",
            request_id=request_id(response.headers),
            headers=response.headers,
        )
    return answer.usage

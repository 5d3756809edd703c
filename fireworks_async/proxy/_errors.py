"""Errors as callers are told of them: before an answer, and inside a stream."""

import math
from typing import Final

import msgspec
from aiohttp import web

from fireworks_async._protocol.forgiving import is_object
from fireworks_async._web.error_body import error_answer
from fireworks_async.errors import APIError, APIStatusError, FireworksError

__all__ = ("error_event", "error_response", "refusal")

# Of an upstream's error, those that a caller acts upon. Nothing else: not its cookies.
_PASSED: Final = ("retry-after-ms", "x-should-retry", "x-request-id", "cf-ray")


def refusal(
    status: int,
    message: str,
    *,
    type: str = "invalid_request_error",  # noqa: A002 - the usual name
    code: str | None = None,
    param: str | None = None,
    retry_after: float | None = None,
) -> APIStatusError:
    """An error of the gateway's own."""
    return APIStatusError(
        message,
        status_code=status,
        type=type,
        code=code,
        param=param,
        retry_after=retry_after,
    )


def error_response(error: Exception) -> web.Response:
    """The answer that tells of an error."""
    status, body = _told(error)
    sent: dict[str, str] = {}
    if isinstance(error, APIStatusError):
        for name in _PASSED:
            if name in error.headers:
                sent[name] = error.headers[name]
        if "retry-after" in error.headers:
            sent["Retry-After"] = error.headers["retry-after"]
        elif error.retry_after is not None:
            sent["Retry-After"] = str(math.ceil(error.retry_after))
    return web.Response(
        status=status, body=body, headers=sent, content_type="application/json"
    )


def error_event(error: Exception) -> bytes:
    """The event that tells of an error inside a stream."""
    _, body = _told(error)
    return b"data: " + body + b"\n\n"


def _told(error: Exception) -> tuple[int, bytes]:
    if isinstance(error, FireworksError) and not isinstance(error, APIError):
        # Closed, say: nothing of the API's, and nothing of the caller's.
        error = refusal(503, error.message, type="unavailable")
    status, body = error_answer(error)
    if (
        isinstance(error, APIStatusError)
        and is_object(error.body)
        and is_object(error.body.get("error"))
    ):
        # As the API told it, with all that it told.
        return status, msgspec.json.encode(error.body)
    return status, body

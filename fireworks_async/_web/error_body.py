"""Exceptions as a status and OpenAI-shaped JSON; nothing here opens a socket."""

import msgspec
from aiohttp import web

from fireworks_async.errors import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    StreamError,
)

__all__ = ("error_answer", "error_body")


def error_body(
    message: str,
    *,
    type: str = "error",  # noqa: A002 - the name on the wire
    code: str | int | None = None,
    param: str | None = None,
) -> bytes:
    """Encode an error the way OpenAI-compatible clients read it."""
    return msgspec.json.encode(
        {"error": {"message": message, "type": type, "param": param, "code": code}}
    )


def error_answer(error: Exception) -> tuple[int, bytes]:
    """Give the HTTP status and the JSON body that tell a client of `error`.

    The text of an exception that is not meant for clients stays here.
    """
    match error:
        case web.HTTPException():
            return error.status, error_body(error.reason, code=error.status)
        case APIError():
            return _status_of(error), error_body(
                error.message,
                type=error.type or "error",
                code=error.code,
                param=error.param,
            )
        case _:
            return 500, error_body("Internal server error", code=500)


def _status_of(error: APIError) -> int:
    match error:
        case APIStatusError():
            return error.status_code
        case APITimeoutError():
            return 504
        case APIConnectionError() | StreamError():
            return 502
        case _:
            return 500

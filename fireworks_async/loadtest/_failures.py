"""The class of a failure: what a report counts errors by."""

from fireworks_async.errors import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    StreamProtocolError,
    StreamServerError,
    StreamTruncatedError,
)

__all__ = ("failure_class",)

_LONGEST = 200
_OF_PHASE = {"receive": "stall", "connect": "connect"}
_NAMES = {
    APIConnectionError: "connect",
    StreamTruncatedError: "truncated",
    StreamProtocolError: "protocol",
    StreamServerError: "stream_error",
}


def failure_class(error: Exception) -> tuple[str, str]:
    """Name the class of an error, and say what happened in a line.

    The classes are the HTTP status, ``connect``, ``stall`` (silence), ``timeout``,
    ``truncated`` (a stream that just stopped), ``protocol`` (no stream of completions),
    ``stream_error`` (reported inside the stream) and ``other``.
    """
    text = " ".join(str(error).split())
    said = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    return _class_of(error), said or type(error).__name__


def _class_of(error: Exception) -> str:
    if isinstance(error, APIStatusError):
        return str(error.status_code)
    if isinstance(error, APITimeoutError):
        return _OF_PHASE.get(error.phase, "timeout")
    return next(
        (name for kind, name in _NAMES.items() if isinstance(error, kind)), "other"
    )

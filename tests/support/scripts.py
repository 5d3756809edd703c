"""Scripts for ``raw_server`` that many tests play."""

from collections.abc import Mapping

from tests.support.raw_server import RawServer, Send, Step
from tests.support.wire import (
    LAST_CHUNK,
    answer,
    json_response,
    stream_body,
    stream_response,
)

# An answer without fault, whose content is "ab"; and what follows its head.
OK: list[Step] = [Send(stream_response(*answer("a", "b")))]
OK_BODY: Step = Send(stream_body(*answer("a", "b")) + LAST_CHUNK)

REFUSAL = {"error": {"message": "no", "code": "NO", "type": "error"}}


def refused(
    status: int, headers: Mapping[str, str] | None = None, body: object = REFUSAL
) -> list[Step]:
    """Answer with an error status."""
    return [Send(json_response(status, body, dict(headers or {})))]


def playing(*items: object) -> RawServer:
    """A server that answers one call with these events."""
    return RawServer([Send(stream_response(*items))])

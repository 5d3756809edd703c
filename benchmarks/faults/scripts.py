"""What the server plays in more than one row: a whole answer, its parts, refusals."""

from benchmarks.faults.outcome import DELTAS, WHOLE
from tests.support.raw_server import Send, Step
from tests.support.wire import (
    DONE,
    LAST_CHUNK,
    USAGE,
    chunk,
    json_response,
    stream_body,
    stream_head,
)

__all__ = (
    "COMPLETION",
    "FINISH",
    "GARBAGE",
    "STREAM",
    "WHOLE_ANSWER",
    "begun",
    "events",
    "refusal",
)

STREAM = tuple(chunk(text) for text in DELTAS)
FINISH = chunk(finish_reason="stop")


def begun(*items: object) -> Send:
    """The head of a stream, its first two deltas, and these events; no end."""
    return Send(stream_head() + stream_body(*STREAM[:2], *items))


def events(*items: object) -> list[Step]:
    """A stream of these events, and a good end of its body."""
    return [Send(stream_head() + stream_body(*items) + LAST_CHUNK)]


def refusal(
    status: int, message: str, code: str, headers: dict[str, str] | None = None
) -> list[Step]:
    """An error answer, worded as the API's are."""
    error = {"message": message, "param": None, "code": code, "type": "error"}
    return [Send(json_response(status, {"error": error}, headers))]


WHOLE_ANSWER = events(*STREAM, FINISH, DONE)
# The same, to a call that asked for no stream.
COMPLETION: list[Step] = [
    Send(
        json_response(
            200,
            {
                **{name: FINISH[name] for name in ("id", "created", "model")},
                "object": "chat.completion",
                "choices": [
                    {
                        "index": 0,
                        "message": {"role": "assistant", "content": WHOLE},
                        "finish_reason": "stop",
                    }
                ],
                "usage": USAGE,
            },
        )
    )
]
GARBAGE = Send(b"SMTP ready\r\n\r\n")

"""What a test can have the simulator say in place of a made-up answer."""

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

from fireworks_async.simulator._answers import Answer, Ending, Step

__all__ = ("ErrorReply", "Raw", "RawHTTP", "Reply", "ToolCall")


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool call to answer with.

    Attributes:
        name: The function's name.
        arguments: Its arguments, as JSON text.
        id: The call's id; made up when None.
    """

    name: str
    arguments: str = "{}"
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """A good answer whose words are given.

    Attributes:
        text: The content. A string is cut into words; a sequence is streamed as it is,
            one chunk an item. None: made up, or none at all beside tool calls.
        reasoning: The reasoning, likewise; None: as the request asks.
        tool_calls: The tool calls.
        finish_reason: Sent instead of what fits.
        deltas: When given, exactly these deltas are streamed as choice 0 after the
            role, whatever they are. An answer that is not streamed ignores them.
        stream: Whether to stream; None: as the request asks.
    """

    text: str | Sequence[str] | None = None
    _: KW_ONLY
    reasoning: str | Sequence[str] | None = None
    tool_calls: Sequence[ToolCall] = ()
    finish_reason: str | None = None
    deltas: Sequence[Mapping[str, Any] | None] | None = None
    stream: bool | None = None


@dataclass(frozen=True, slots=True)
class ErrorReply:
    """An answer with an error status.

    Attributes:
        status: The HTTP status.
        body: What is sent: bytes and text as they are, anything else as JSON.
        headers: Headers beside the usual ones; a content type among them wins.
    """

    status: int
    body: Any = b""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    def answer(self) -> Answer:
        """Give the answer as it goes over the wire."""
        match self.body:
            case bytes():
                data, kind = self.body, "text/html"
            case str():
                data, kind = self.body.encode(), "text/plain"
            case _:
                return Answer.of_json(self.body, self.status, self.headers)
        headers = {"Content-Type": kind, **self.headers}
        return Answer(self.status, headers, (Step(0.0, data),), length=len(data))


@dataclass(frozen=True, slots=True)
class Raw:
    """Any body at all.

    Attributes:
        pieces: The body, one HTTP chunk a piece.
        content_type: Its content type.
        ending: How the answer ends: `eof`, `leave`, `close`, `reset` or `hang`.
        status: The HTTP status.
        gap: Seconds before each piece but the first.
    """

    pieces: Sequence[bytes] = ()
    content_type: str = "text/event-stream"
    ending: Ending = "eof"
    status: int = 200
    gap: float = 0.0

    def answer(self) -> Answer:
        """Give the answer as it goes over the wire."""
        return Answer(
            self.status,
            {"Content-Type": self.content_type},
            _spaced(self.pieces, self.gap),
            ending=self.ending,
            joined=False,
        )


@dataclass(frozen=True, slots=True)
class RawHTTP:
    """Bytes past HTTP: the status line and all are in `pieces`, right or wrong.

    Attributes:
        pieces: What is sent.
        ending: `close` (also `eof`), `reset` or `hang`.
        gap: Seconds before each piece but the first.
    """

    pieces: Sequence[bytes] = ()
    ending: Ending = "close"
    gap: float = 0.0

    def answer(self) -> Answer:
        """Give the answer as it goes over the wire."""
        return Answer(
            steps=_spaced(self.pieces, self.gap),
            ending=self.ending,
            framed=False,
            joined=False,
        )


def _spaced(pieces: Sequence[bytes], gap: float) -> list[Step]:
    return [Step(gap if index else 0.0, piece) for index, piece in enumerate(pieces)]

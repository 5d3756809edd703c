"""A stream on its way through: bytes in, the bytes for the caller out; no I/O.

Whole events only leave here, and each leaves with the read that holds its last byte.
In a long read those that are like one that was read are not decoded (``_likeness``).
They go as they came, but for three things: the model's alias is put back, a final chunk
that holds nothing but a usage which the caller did not ask for stays out, and what
comes after the end, or is wrong, does not pass.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from fireworks_async._protocol.forgiving import is_list, is_object
from fireworks_async._protocol.parser import BodyParser, JsonParser, parser_for
from fireworks_async.errors import APIError, StreamTruncatedError
from fireworks_async.proxy._aliasing import Renaming, events_in
from fireworks_async.proxy._likeness import Likeness
from fireworks_async.proxy._reading import PASSING, PassingChunk, Tally

__all__ = ("Passage",)

_DONE: Final = b"data: [DONE]\n\n"
_DONE_LINE: Final = b"data: [DONE]"
_DATA: Final = b"data:"
_LONGEST_BORDER: Final = 4
_FIELDS: Final = msgspec.json.Decoder(dict[str, object])
# A read of so many bytes has events enough to look for those that are alike.
_MANY: Final = 4096
# After so many in vain nobody looks any more.
_TRIES: Final = 4
_EVENT_ENDS: Final = b"\n\n"


class Passage:
    """One answer to a request for a stream.

    Args:
        headers: Of the answer.
        request_id: The API's id for the request.
        alias: The caller's name for the model, as JSON; None to leave it.
        shows_usage: Whether the caller asked for the final usage chunk.

    Attributes:
        tally: Usage and ends, so far.
        ended: Whether no more is to be read.
        failure: What went wrong with the answer, or None.
        progressed: Whether the last read completed an event.
    """

    __slots__ = (
        "_has_cr",
        "_held",
        "_is_json",
        "_likeness",
        "_parser",
        "_renaming",
        "_said_done",
        "_shows_usage",
        "_tries",
        "ended",
        "failure",
        "progressed",
        "tally",
    )

    def __init__(
        self,
        headers: Mapping[str, str],
        *,
        request_id: str | None,
        alias: bytes | None,
        shows_usage: bool,
    ) -> None:
        self._parser: BodyParser[Any] = parser_for(
            PASSING, headers, request_id=request_id
        )
        self._is_json = isinstance(self._parser, JsonParser)
        self._renaming = None if alias is None else Renaming(alias)
        self._shows_usage = shows_usage
        self._held = bytearray()
        self._has_cr = False
        self._said_done = False
        self._likeness: Likeness | None = None
        self._tries = 0 if self._is_json else _TRIES
        self.tally = Tally()
        self.ended = False
        self.failure: APIError | None = None
        self.progressed = False

    def feed(self, data: bytes) -> bytes:
        """Take one network read; returns what is to be sent on."""
        if len(data) < _MANY or not self._tries or self._has_cr:
            return self._read(data)
        first, data = self._read_unlike(data)
        if self.ended or not data:
            return first
        likeness = self._likeness
        if likeness is None:
            return first + self._read(data)
        end = likeness.end_in(data)
        passed = likeness.pass_on(data[:end]) if end else None
        if passed is None or not self.tally.has_open(likeness.choices):
            self._likeness = None
            self._tries -= 1
            return first + self._read(data)
        count, block = passed
        self._tries = _TRIES
        self.tally.chunks += count
        last = self._read(data[end:]) if end < len(data) else b""
        self.progressed = True
        return first + block + last if first or last else block

    def _read_unlike(self, data: bytes) -> tuple[bytes, bytes]:
        """Read the first events if they are like none; what is sent on, what is left.

        The second of them is what those behind it may be like.
        """
        likeness = self._likeness
        if likeness is not None and not self._held and likeness.begins(data):
            return b"", data
        self._likeness = None
        border = data.find(_EVENT_ENDS) + len(_EVENT_ENDS)
        end = data.find(_EVENT_ENDS, border) + len(_EVENT_ENDS)
        if not len(_EVENT_ENDS) <= border < end:
            return self._read(data), b""
        sent = self._read(data[:border])
        if self.ended:
            return sent, b""
        event, left = data[border:end], data[end:]
        chunks = self.tally.chunks
        passed = self._read(event)
        if self.tally.chunks == chunks + 1 and not self._held and not self._has_cr:
            self._likeness = _likeness_of(event, passed)
        return sent + passed, left

    def _read(self, data: bytes) -> bytes:
        """Take a part of a read, and look at each of its events."""
        parser = self._parser
        chunks = parser.feed(data)
        self.progressed = parser.progressed
        # A stream may be called JSON; the parser looks at its first byte.
        self._is_json = self._is_json and parser.is_one_piece
        if self._is_json:
            self._held += data
            return self._conclude() if parser.done else b""
        has_usage = self.tally.add(chunks) if chunks else False
        block = self._whole_events(data)
        if parser.done:
            if parser.failure is None:
                self._said_done = True
                # The last line break may be on its way still.
                block = _up_to_done(block + self._held)
            return self._passed(block, chunks, has_usage) + self._conclude()
        if block and (has_usage or self._renaming is not None or self._has_cr):
            return self._passed(block, chunks, has_usage)
        return block

    def feed_eof(self) -> bytes:
        """Take the end of the body; returns what is still to be sent on."""
        chunks = self._parser.feed_eof()
        if self._is_json and chunks:
            self.tally.add(chunks)
        passed = self._as_event() if self._is_json and chunks else b""
        return passed + self._conclude()

    def lost(self, problem: APIError) -> bytes:
        """Take the loss of the connection; returns what is still to be sent on."""
        if not self.tally.is_whole:
            self._end(problem)
            return b""
        return self._conclude()

    def _whole_events(self, data: bytes) -> bytes:
        """All that is complete; the beginning of an event is held back."""
        held = self._held
        self._has_cr = self._has_cr or b"\r" in data
        if not held:
            end = self._end_of_events(data, 0)
            self._held += data[end:]
            return data[:end]
        known = max(0, len(held) - _LONGEST_BORDER)
        held += data
        end = self._end_of_events(held, known)
        if not end:
            return b""
        whole = bytes(held[:end])
        del held[:end]
        return whole

    def _end_of_events(self, data: bytes | bytearray, start: int) -> int:
        """Where the last whole event ends; 0 when there is none."""
        end = data.rfind(b"\n\n", start) + 2
        if self._has_cr:
            end = max(
                end,
                data.rfind(b"\r\n\r\n", start) + 4,
                data.rfind(b"\r\r", start) + 2,
            )
        return end if end > 3 else 0

    def _passed(
        self, block: bytes, chunks: list[PassingChunk], has_usage: bool
    ) -> bytes:
        """The events of a block that may pass, with the caller's name for the model."""
        if self._parser.failure is not None:
            # All before the one that is wrong; the error is told in our own words.
            block = b"".join(_first(events_in(block), len(chunks)))
        count = len(chunks)
        if self._has_cr:
            # Where the parser sees an event end with a CR, a line feed may be missing.
            block = self._by_event(block)
            count = -1
        elif has_usage and not self._shows_usage:
            bare = sum(bool(each.usage and not each.choices) for each in chunks)
            block = self._without_usage(block, bare)
            count -= bare
        if self._renaming is not None and block and count:
            return self._renaming.apply(block, count)
        return block

    def _by_event(self, block: bytes) -> bytes:
        if self._shows_usage:
            return block
        events = events_in(block)
        return b"".join(event for event in events if not _is_bare_usage(event))

    def _without_usage(self, block: bytes, bare: int) -> bytes:
        """Leave out so many events that hold a usage only; they come last."""
        end = len(block)
        while bare and end > 0:
            start = block.rfind(b"\n\n", 0, end - 2) + 2
            start = start if start > 1 else 0
            if _is_bare_usage(block[start:end]):
                block = block[:start] + block[end:]
                bare -= 1
            end = start
        return block

    def _as_event(self) -> bytes:
        """The completion that came instead of a stream, as a stream of one chunk."""
        try:
            fields = _FIELDS.decode(bytes(self._held))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return b""
        choices = fields.get("choices")
        for choice in choices if is_list(choices) else []:
            if is_object(choice) and "message" in choice:
                choice["delta"] = choice.pop("message")
                fields["object"] = "chat.completion.chunk"
        event = b"data: " + msgspec.json.encode(fields) + b"\n\n"
        return event if self._renaming is None else self._renaming.apply(event, 1)

    def _conclude(self) -> bytes:
        """Decide how the answer ended."""
        failure = self._parser.failure
        if failure is None and not self.tally.is_whole:
            failure = StreamTruncatedError(
                "the answer ended before every choice had its finish_reason"
            )
        self._end(failure)
        return b"" if failure is not None or self._said_done else _DONE

    def _end(self, failure: APIError | None) -> None:
        self.ended = True
        self.failure = failure


def _likeness_of(event: bytes, sent: bytes) -> Likeness | None:
    """What is like an event that was read as one chunk, if that changed nothing."""
    if not event.startswith(_DATA):
        return None
    try:
        chunk: PassingChunk = PASSING.decode_one(event[len(_DATA) :])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if chunk.usage is not None:
        return None
    if any(choice.finish_reason for choice in chunk.choices):
        return None
    return Likeness.of(event, sent, frozenset(each.index for each in chunk.choices))


def _up_to_done(block: bytes) -> bytes:
    """Without what comes behind the end."""
    at = 0 if block.startswith(_DONE_LINE) else block.find(b"\n" + _DONE_LINE) + 1
    if not at and not block.startswith(_DONE_LINE):
        return block
    end = block.find(b"\n\n", at)
    return block if end < 0 else block[: end + 2]


def _first(events: list[bytes], chunks: int) -> list[bytes]:
    """The events up to the one with the last good chunk."""
    passed: list[bytes] = []
    for event in events:
        if b"data" in event:
            if not chunks:
                break
            chunks -= 1
        passed.append(event)
    return passed


def _is_bare_usage(event: bytes) -> bool:
    if not event.startswith(_DATA) or b'"usage"' not in event:
        return False
    try:
        fields = _FIELDS.decode(event[len(_DATA) :].strip())
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return bool(fields.get("usage")) and not fields.get("choices")

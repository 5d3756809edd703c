"""Bytes in, chunks out: one object for the body of one answer.

``feed`` is called once per network read and never raises: what is wrong with a body is
kept in ``failure``, behind the chunks that came before it. The usual read of a stream
(whole events of one ``data`` line each, and the beginning of the next) is turned into
one JSON array and decoded by one call; everything else goes event by event through the
``SSEDecoder``, and both ways give the same chunks.
"""

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from fireworks_async._protocol.collector import Chunk
from fireworks_async._protocol.dialects import Dialect
from fireworks_async.errors import APIError, StreamProtocolError

if TYPE_CHECKING:
    from fireworks_async._protocol.sse import ServerSentEvent, SSEDecoder

__all__ = ("BodyParser", "JsonParser", "StreamParser", "parser_for")

ChunkT = TypeVar("ChunkT", bound=Chunk[Any])

_SENTINEL = "[DONE]"
_SENTINEL_LINE = b"data: [DONE]"
_PREFIX = b"data: "
_BORDER = b"\n\ndata: "
# What takes a border's place in a JSON array. The tab keeps two broken events from
# becoming a whole one: JSON text holds none inside its strings. A line break would do
# the same, but then those that belong to something unusual had to be told from these.
_COMMA = b",\t"
_BORDER_SHRINKS = len(_BORDER) - len(_COMMA)
# A part of an event up to here waits to be joined to the next read; a longer one goes
# to the SSEDecoder, which joins the parts of a line once however many they are.
_LONGEST_TAIL = 64 * 1024
# Events by these names may carry data that is no JSON and means nothing.
_HEARTBEATS = frozenset({"ping", "heartbeat", "keepalive"})
_EXCERPT_BYTES = 200
_NOT_AS_DOCUMENTED = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)
_LARGEST_JSON = 16 * 1024 * 1024
# Of ``data``, ``event``, ``id``, ``retry`` and comments; no JSON begins so.
_STREAM_BEGINS = frozenset({b"d", b"e", b"i", b"r", b":"})


class BodyParser(ABC, Generic[ChunkT]):
    """The body of one answer.

    Attributes:
        done: The sentinel ``[DONE]`` came, or ``failure`` is set; the rest of the body
            is not looked at.
        failure: What is wrong with the body, or None.
        progressed: Whether the last ``feed`` completed an event; comments and
            heartbeats are no progress.
        is_one_piece: Whether a body that can be read has all choices there are.
    """

    __slots__ = (
        "_dialect",
        "_headers",
        "_request_id",
        "done",
        "failure",
        "is_one_piece",
        "progressed",
    )

    def __init__(
        self,
        dialect: Dialect[ChunkT, Any],
        *,
        request_id: str | None,
        headers: Mapping[str, str],
    ) -> None:
        self._dialect = dialect
        self._request_id = request_id
        self._headers = headers
        self.done = False
        self.failure: APIError | None = None
        self.progressed = False
        self.is_one_piece = False

    @abstractmethod
    def feed(self, data: bytes) -> list[ChunkT]:
        """Take one network read; returns the chunks that it completes, in order."""

    @abstractmethod
    def feed_eof(self) -> list[ChunkT]:
        """Take the end of the body; returns the chunks that only it completes."""

    def _fail(self, error: APIError) -> None:
        self.failure = error
        self.done = True

    def _fail_protocol(self, message: str, excerpt: str) -> None:
        self._fail(
            StreamProtocolError(
                f"{message}: {excerpt!r}" if excerpt else message,
                request_id=self._request_id,
                body=excerpt or None,
            )
        )

    def _fail_reported(self, data: str, event: str) -> None:
        from fireworks_async._protocol.failures import (  # noqa: PLC0415 - on first use
            error_from_event,
        )

        self._fail(
            error_from_event(
                data, event=event, request_id=self._request_id, headers=self._headers
            )
        )


class StreamParser(BodyParser[ChunkT]):
    """An event stream, as every call asks for."""

    __slots__ = ("_beginning", "_between", "_decode_one", "_seen", "_sse", "_tail")

    def __init__(
        self,
        dialect: Dialect[ChunkT, Any],
        *,
        request_id: str | None,
        headers: Mapping[str, str],
    ) -> None:
        super().__init__(dialect, request_id=request_id, headers=headers)
        self._decode_one = dialect.decode_one
        self._sse: SSEDecoder | None = None
        self._tail = b""
        # Whether the next read begins with an event, and nothing unusual is under way.
        self._between = True
        # The first bytes, as long as no event has come, to show what came instead.
        self._beginning = b""
        self._seen = False

    def feed(self, data: bytes) -> list[ChunkT]:
        """Take one network read; returns the chunks that it completes, in order."""
        # A read that is one event of one line, as in a paced stream.
        if (
            self._between
            and data.find(b"\n") == len(data) - 2
            and data.startswith(_PREFIX)
            and data.endswith(b"\n\n")
            and b"\r" not in data
        ):
            try:
                chunk = self._decode_one(data[len(_PREFIX) : -2])
            except _NOT_AS_DOCUMENTED:
                pass
            else:
                self._seen = self.progressed = True
                return [chunk]
        self.progressed = False
        chunks = [] if self.done else self._feed_any(data)
        self._between = not self._tail and self._sse is None and not self.done
        return chunks

    def feed_eof(self) -> list[ChunkT]:
        """Take the end of the body; an unterminated event is dropped, as in SSE."""
        if self._sse is not None and not self.done:
            try:
                self._sse.close()
            except StreamProtocolError as error:
                # A line over the cap, behind events that were good.
                self._fail(error)
        if not self._seen and not self.done:
            came = (self._beginning + self._tail)[:_EXCERPT_BYTES]
            self._fail_protocol(
                "the answer holds no event of a stream"
                if came
                else "the answer to a stream request is empty",
                came.decode("utf-8", "replace"),
            )
        return []

    def _feed_any(self, data: bytes) -> list[ChunkT]:
        if self._sse is None:
            if self._tail:
                data = self._tail + data
                self._tail = b""
            chunks = self._feed_plain(data)
            if chunks is not None:
                return chunks
            from fireworks_async._protocol.sse import SSEDecoder  # noqa: PLC0415 - on first use

            self._sse = SSEDecoder()
            if self._seen:
                # A blank line means nothing here, and puts the decoder past the only
                # place where a byte order mark is one.
                self._sse.feed(b"\n")
        return self._feed_by_event(self._sse, data)

    def _feed_plain(self, data: bytes) -> list[ChunkT] | None:
        """Decode a read that holds nothing unusual; None leaves it untouched."""
        end = data.rfind(b"\n\n")
        rest = data[end + 2 :] if end >= 0 else data
        if rest and not _is_plain_beginning(rest):
            return None
        if end < 0:
            self._tail = rest
            return []
        body = data[:end]
        done = body == _SENTINEL_LINE or body.endswith(b"\n\n" + _SENTINEL_LINE)
        if done:
            body = body[: -len(_SENTINEL_LINE)].removesuffix(b"\n\n")
        chunks = _decode_plain(body, self._dialect.decode_chunks) if body else []
        if chunks is None:
            return None
        self._tail = rest
        self.done = done
        if chunks or done:
            # Blank lines alone are no event.
            self._seen = self.progressed = True
        return chunks

    def _feed_by_event(self, decoder: "SSEDecoder", data: bytes) -> list[ChunkT]:
        if not self._seen:
            self._beginning += data[: _EXCERPT_BYTES - len(self._beginning)]
        chunks: list[ChunkT] = []
        try:
            events = decoder.feed(data)
        except StreamProtocolError as error:
            self._fail(error)
            return chunks
        for event in events:
            if event.data.startswith(_SENTINEL):
                self.done = self._seen = self.progressed = True
            else:
                chunk = self._decode(event)
                if chunk is not None:
                    self._seen = self.progressed = True
                    chunks.append(chunk)
            if self.done:
                break
        if decoder.is_idle:
            # Back to the usual way: one comment must not slow the rest of the stream.
            self._sse = None
        return chunks

    def _decode(self, event: "ServerSentEvent") -> ChunkT | None:
        """One event's chunk; None for what means nothing, and on failure."""
        data = event.data
        if event.event == "error":
            self._fail_reported(data, event.event)
            return None
        if event.event in _HEARTBEATS or not data.strip():
            return None
        try:
            chunk = self._dialect.decode_chunk(data)
        except ValueError as problem:
            self._fail_protocol(
                f"an event of the stream is no chunk ({problem})",
                data[:_EXCERPT_BYTES],
            )
            return None
        if isinstance(chunk, self._dialect.chunk):
            return chunk
        self._fail_reported(data, event.event)
        return None


class JsonParser(BodyParser[ChunkT]):
    """One JSON object, as some servers answer to a stream request.

    Others call a stream so: its first byte tells, and it is read as what it is.
    """

    __slots__ = ("_parts", "_size", "_stream")

    def __init__(
        self,
        dialect: Dialect[ChunkT, Any],
        *,
        request_id: str | None,
        headers: Mapping[str, str],
    ) -> None:
        super().__init__(dialect, request_id=request_id, headers=headers)
        self.is_one_piece = True
        self._parts: list[bytes] = []
        self._size = 0
        self._stream: StreamParser[ChunkT] | None = None

    def feed(self, data: bytes) -> list[ChunkT]:
        """Take one network read; a chunk comes only at the end of the body."""
        if not self._size and self.is_one_piece and data[:1] in _STREAM_BEGINS:
            self.is_one_piece = False
            self._stream = StreamParser(
                self._dialect, request_id=self._request_id, headers=self._headers
            )
        if self._stream is not None:
            return self._told_by(self._stream, self._stream.feed(data))
        self.progressed = True
        self._size += len(data)
        if self._size > _LARGEST_JSON:
            self._parts.clear()
            self._fail_protocol("the answer is larger than 16 MiB of JSON", "")
        if not self.done:
            self._parts.append(data)
        return []

    def feed_eof(self) -> list[ChunkT]:
        """Take the end of the body: the whole completion, as one chunk."""
        if self.done:
            return []
        if self._stream is not None:
            return self._told_by(self._stream, self._stream.feed_eof())
        text = b"".join(self._parts).decode("utf-8", "replace")
        try:
            chunk = self._dialect.chunk_from_completion(text)
        except ValueError as problem:
            self._fail_protocol(
                f"the answer is no completion ({problem})", text[:_EXCERPT_BYTES]
            )
            return []
        if not isinstance(chunk, self._dialect.chunk):
            self._fail_reported(text, "message")
        elif not chunk.choices:
            self._fail_protocol(
                "the answer is no completion (it has no choices)", text[:_EXCERPT_BYTES]
            )
        else:
            return [chunk]
        return []

    def _told_by(
        self, stream: StreamParser[ChunkT], chunks: list[ChunkT]
    ) -> list[ChunkT]:
        self.done, self.failure = stream.done, stream.failure
        self.progressed = stream.progressed
        return chunks


def parser_for(
    dialect: Dialect[ChunkT, Any],
    headers: Mapping[str, str],
    *,
    request_id: str | None,
) -> BodyParser[ChunkT]:
    """The parser for an answer with these headers (names in lower case).

    Everything but JSON is read as an event stream: servers label theirs in many ways,
    and what is none is found out by its bytes.
    """
    if _is_json(headers.get("content-type", "")):
        return JsonParser(dialect, request_id=request_id, headers=headers)
    return StreamParser(dialect, request_id=request_id, headers=headers)


# A server says the same with every answer.
@functools.lru_cache(16)
def _is_json(content_type: str) -> bool:
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type == "application/json" or media_type.endswith("+json")


def _is_plain_beginning(rest: bytes) -> bool:
    """Whether this can be the beginning of a one-line event, and of nothing else."""
    return (
        len(rest) <= _LONGEST_TAIL
        and b"\n" not in rest
        and b"\r" not in rest
        and (rest.startswith(_PREFIX) or _PREFIX.startswith(rest))
    )


def _decode_plain(
    body: bytes, decode_chunks: Callable[[bytes], list[ChunkT]]
) -> list[ChunkT] | None:
    """Decode one-line events, the last blank line cut off; None if they are not that.

    A line break beside those of the borders belongs to something unusual. The number of
    chunks guards against a line that holds several JSON values.
    """
    if not body.startswith(_PREFIX):
        return None
    items = body.replace(_BORDER, _COMMA)
    if b"\n" in items or b"\r" in items:
        return None
    borders = (len(body) - len(items)) // _BORDER_SHRINKS
    try:
        # A view, to copy what may be 64 KiB once and not twice.
        array = b"".join((b"[", memoryview(items)[len(_PREFIX) :], b"]"))
        chunks = decode_chunks(array)
    except _NOT_AS_DOCUMENTED:
        return None
    return chunks if len(chunks) == borders + 1 else None

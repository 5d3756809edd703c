"""Turns the bytes of an event stream into events, and knows nothing of their content.

What the data of an event means (JSON, ``[DONE]``) must never enter.

The rules are those of the WHATWG HTML standard, "Parsing an event stream" and
"Interpreting an event stream" (https://html.spec.whatwg.org/multipage/server-sent-events.html):

- A stream is UTF-8, whatever its headers say; one byte order mark before it is dropped.
- A line ends with CR LF, LF or CR. As a CR ends its line whether or not an LF follows,
  nobody waits for the next byte to know: an LF that comes right after it is swallowed.
- The lines ``event``, ``data``, ``id`` and ``retry``, with or without a colon and a
  value, build an event; all other lines are ignored; a blank line dispatches what
  has been built, if there was data in it.
- What the stream's end leaves undispatched is dropped.

All line structure is ASCII, and no byte of a longer UTF-8 sequence looks like ASCII, so
lines are found in bytes and only whole values are decoded: a character that two reads
share is whole by then, and broken bytes are replaced as if the whole stream had been
decoded first.
"""

import msgspec

from fireworks_async.errors import StreamProtocolError

__all__ = ("SSEDecoder", "ServerSentEvent")

_BOM = b"\xef\xbb\xbf"

_FIELDS = (b"data:", b"event:", b"id:", b"retry:")
_LONGEST_FIELD = max(map(len, _FIELDS))

# int() takes this many digits however low its limit has been set in this process
# (sys.int_info.str_digits_check_threshold). No longer wait would end anyway.
_MOST_RETRY_DIGITS = 640


class ServerSentEvent(msgspec.Struct, frozen=True, gc=False):
    """One event of the stream.

    Attributes:
        event: Its type; ``message`` when the stream named none.
        data: Its data; the values of several ``data`` lines are joined by LF.
        id: The last event id: what the latest ``id`` line of the stream so far said,
            in this event or in one before it; empty before the first.
        retry: The reconnection time in milliseconds that this event's block asked for,
            or None.
    """

    event: str = "message"
    data: str = ""
    id: str = ""
    retry: int | None = None


class SSEDecoder:
    """An incremental decoder of one event stream: bytes in, events out.

    The same bytes give the same events however they are cut into reads, and each event
    is given out by the read that holds the last byte of its blank line. The work is
    linear in the number of bytes, and the memory is bounded by ``max_line_bytes``:
    lines that mean nothing (comments, unknown fields) are not kept even while they
    are unfinished.

    Args:
        max_line_bytes: The longest line that is accepted, its end not counted, and also
            the most data that one event may have, in bytes of UTF-8.
    """

    __slots__ = (
        "_data",
        "_event_type",
        "_failure",
        "_head",
        "_is_after_cr",
        "_is_at_start",
        "_is_line_ignored",
        "_is_mid_event",
        "_last_event_id",
        "_line",
        "_line_bytes",
        "_max_line_bytes",
        "_retry",
    )

    def __init__(self, max_line_bytes: int = 16 * 1024 * 1024) -> None:
        self._max_line_bytes = max_line_bytes
        self._failure: str | None = None
        self._last_event_id = ""
        self._begin_stream()

    @property
    def is_idle(self) -> bool:
        """Whether nothing is held back: no line has begun, no event awaits its end."""
        return not (
            self._is_mid_event or self._line_bytes or self._head or self._failure
        )

    def feed(self, data: bytes) -> list[ServerSentEvent]:
        """Take what one read gave, of any length and cut anywhere.

        Returns:
            The events that it completed, in their order.

        Raises:
            StreamProtocolError: A line, or the data of one event, is too long. Events
                that the same read completed before that are returned first, and the
                error is raised by the next call. It is final: every call after it
                raises it again.
        """
        if self._failure is not None:
            raise StreamProtocolError(self._failure)
        if self._is_at_start:
            data = self._without_bom(data)
        if self._is_after_cr or b"\r" in data:
            data = self._with_lf_only(data)
        events: list[ServerSentEvent] = []
        try:
            if b"\n" not in data:
                self._keep_line(data)
            elif self._is_mid_event or self._line_bytes or not data.endswith(b"\n\n"):
                self._decode_cut(data, events)
            else:
                self._decode_whole(data, events)
        except StreamProtocolError as error:
            self._fail(error.message)
            if not events:
                raise
        return events

    def close(self) -> list[ServerSentEvent]:
        """Take the end of the stream; an event without its blank line is dropped.

        What is fed afterwards is a new stream, of a new connection, say. The last event
        id lives on, as the standard has it.

        Returns:
            Nothing: every whole event has been given out by then.

        Raises:
            StreamProtocolError: The decoder has failed; see ``feed``.
        """
        if self._failure is not None:
            raise StreamProtocolError(self._failure)
        self._begin_stream()
        return []

    def _begin_stream(self) -> None:
        self._is_at_start = True
        self._head: bytes = b""  # what may turn out to be a byte order mark
        self._is_after_cr = False
        self._begin_line()
        self._event_type = ""
        # None and empty differ: a lone "data" line is an event without content.
        self._data: bytes | bytearray | None = None
        self._retry: int | None = None
        self._is_mid_event = False

    def _begin_line(self) -> None:
        self._line = bytearray()  # what has come of an unfinished line
        self._line_bytes = 0  # and how long that is, kept or not
        self._is_line_ignored = False

    def _fail(self, message: str) -> None:
        self._begin_stream()
        self._failure = message

    def _without_bom(self, data: bytes) -> bytes:
        """Hold the stream's first bytes back until they can be told from a BOM."""
        data = self._head + data
        if len(data) < len(_BOM) and _BOM.startswith(data):
            self._head = data
            return b""
        self._head = b""
        self._is_at_start = False
        return data.removeprefix(_BOM)

    def _with_lf_only(self, data: bytes) -> bytes:
        """Make every line end with LF, so that all that follows knows one line end."""
        if not data:
            return data
        if self._is_after_cr:
            data = data.removeprefix(b"\n")
        self._is_after_cr = data.endswith(b"\r")
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _decode_cut(self, data: bytes, events: list[ServerSentEvent]) -> None:
        """Decode a read that begins or ends within an event, and ends some line.

        Two LF in a row are an event boundary whatever came before them, so what is
        between the first (if an event had begun) and the last are whole events.
        """
        if self._line_bytes:
            data = self._join_line(data)
        if self._is_mid_event:
            head, boundary, data = data.partition(b"\n\n")
            self._decode_lines(head + boundary, events)
        end = data.rfind(b"\n\n") + 2
        if end >= 2:
            self._decode_whole(data[:end], events)
            data = data[end:]
        if data:
            self._decode_lines(data, events)

    def _decode_whole(self, data: bytes, events: list[ServerSentEvent]) -> None:
        """Decode bytes that begin and end at an event boundary.

        The usual stream is nothing but events of one ``data: `` line. If what is
        between its borders holds no LF, that is what this is; there is no cheaper way
        to tell, and at worst it is decoded twice. No line of a read that is no longer
        than the longest line needs to be measured.
        """
        if data.startswith(b"data: ") and len(data) <= self._max_line_bytes:
            text = data[6:-2].decode("utf-8", "replace")
            last_id = self._last_event_id
            if "\n" not in text:
                events.append(ServerSentEvent("message", text, last_id))
                return
            values = text.split("\n\ndata: ")
            if "\n" not in "".join(values):
                events += [
                    ServerSentEvent("message", value, last_id) for value in values
                ]
                return
        self._decode_lines(data, events)

    def _decode_lines(self, data: bytes, events: list[ServerSentEvent]) -> None:
        """Decode anything, line by line, and keep what has come of the last line."""
        lines = data.split(b"\n")
        rest = lines.pop()
        longest = self._max_line_bytes
        for line in lines:
            if not line:
                self._dispatch(events)
            elif len(line) > longest:
                raise self._line_too_long()
            elif line.startswith(b"data: "):
                self._add_data(line[6:])
            else:
                self._set_field(line)
        self._is_mid_event = (
            self._data is not None or self._event_type != "" or self._retry is not None
        )
        self._keep_line(rest)

    def _keep_line(self, piece: bytes) -> None:
        """Keep a piece of an unfinished line, unless the line will be ignored.

        Pieces go into one growing array: a list of them to join at the end would cost
        many times their size when they come byte by byte.
        """
        if not piece:
            return
        had = self._line_bytes
        self._line_bytes += len(piece)
        if self._line_bytes > self._max_line_bytes:
            raise self._line_too_long()
        if had < _LONGEST_FIELD and not self._is_line_ignored:
            begun = bytes(self._line) + piece[:_LONGEST_FIELD]
            self._is_line_ignored = not (
                begun.startswith(_FIELDS)
                or any(field.startswith(begun) for field in _FIELDS)
            )
        if not self._is_line_ignored:
            self._line += piece

    def _join_line(self, data: bytes) -> bytes:
        """Put what was kept of a line before the read that ends it, or drop both."""
        end = data.find(b"\n")
        if self._line_bytes + end > self._max_line_bytes:
            raise self._line_too_long()
        kept, is_ignored = self._line, self._is_line_ignored
        self._begin_line()
        return data[end + 1 :] if is_ignored else b"".join((kept, data))

    def _add_data(self, value: bytes) -> None:
        if self._data is None:
            # Nearly always the only one, so it is not copied yet.
            self._data = value
            return
        if isinstance(self._data, bytes):
            self._data = bytearray(self._data)
        self._data += b"\n"
        self._data += value
        if len(self._data) > self._max_line_bytes:
            raise StreamProtocolError(
                "the data of one event in the stream is longer than"
                f" {self._max_line_bytes} bytes"
            )

    def _set_field(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._add_data(value)
        elif name == b"event":
            self._event_type = value.decode("utf-8", "replace")
        elif name == b"id":
            if b"\0" not in value:
                self._last_event_id = value.decode("utf-8", "replace")
        elif name == b"retry" and value.isdigit() and len(value) <= _MOST_RETRY_DIGITS:
            self._retry = int(value)

    def _dispatch(self, events: list[ServerSentEvent]) -> None:
        if self._data is not None:
            events.append(
                ServerSentEvent(
                    self._event_type or "message",
                    self._data.decode("utf-8", "replace"),
                    self._last_event_id,
                    self._retry,
                )
            )
            self._data = None
        self._event_type = ""
        self._retry = None

    def _line_too_long(self) -> StreamProtocolError:
        return StreamProtocolError(
            f"a line of the event stream is longer than {self._max_line_bytes} bytes"
        )

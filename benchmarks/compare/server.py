"""The other side of every run: a chat endpoint on a bare asyncio protocol.

No HTTP library, so that it is many times faster than the fastest client, and none of
its cost is a client's. It answers by path (``load.py``), one HTTP chunk per event, as
servers that flush each event do. ``GET /open`` says how many streams are open.

    python -m benchmarks.compare.server [--core N]      prints its port, then serves
"""

import argparse
import asyncio
import functools
import json
import time
from collections.abc import Callable

from benchmarks.compare import load
from benchmarks.compare.machine import pin

__all__ = ("ChatServer", "serve")

_STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\n"
    b"content-type: text/event-stream; charset=utf-8\r\n"
    b"transfer-encoding: chunked\r\n"
    b"cache-control: no-cache\r\n"
    b"x-request-id: 0f1e2d3c4b5a69788796a5b4c3d2e1f0\r\n"
    b"fireworks-prompt-tokens: 17\r\n"
    b"\r\n"
)
_LAST_CHUNK = b"0\r\n\r\n"
# Time for the last of the streams that start together to reach its reader.
_GROUP_START = 0.25
_CLOCK_FORMAT = "%017.6f"


def _event(payload: bytes) -> bytes:
    """One event as the one HTTP chunk that carries it."""
    return b"%x\r\ndata: %b\n\n\r\n" % (len(payload) + 8, payload)


def _json_answer(body: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: "
    return head + b"%d\r\n\r\n" % len(body) + body


@functools.cache
def _flat_writes(deltas: int, events_per_write: int) -> tuple[bytes, ...]:
    payloads = [
        load.opening_chunk(),
        *(load.delta_chunk(load.word(index)) for index in range(deltas)),
        *load.closing_chunks(deltas),
        b"[DONE]",
    ]
    events = list(map(_event, payloads))
    writes = [
        b"".join(events[start : start + events_per_write])
        for start in range(0, len(events), events_per_write)
    ]
    writes[0] = _STREAM_HEAD + writes[0]
    writes[-1] += _LAST_CHUNK
    return tuple(writes)


@functools.cache
def _completion(deltas: int) -> bytes:
    return _json_answer(load.completion_body(deltas))


@functools.cache
def _opening() -> bytes:
    return _STREAM_HEAD + _event(load.opening_chunk())


@functools.cache
def _closing(deltas: int) -> bytes:
    payloads = (*load.closing_chunks(deltas), b"[DONE]")
    return b"".join(map(_event, payloads)) + _LAST_CHUNK


@functools.cache
def _clock_event() -> bytes:
    """An event with a hole for the clock, which always prints in the same length."""
    hole = _CLOCK_FORMAT % 0.0
    return _event(load.delta_chunk(hole)).replace(hole.encode(), b"%b")


class _Group:
    """Paced streams that start together, spread evenly over one gap."""

    def __init__(self, gap: float, size: int) -> None:
        self._gap = gap
        self._size = size
        self._waiting: list[tuple[Connection, int]] = []

    def join(self, connection: "Connection", deltas: int) -> None:
        self._waiting.append((connection, deltas))
        if len(self._waiting) < self._size:
            return
        members, self._waiting = self._waiting, []
        start = asyncio.get_running_loop().time() + _GROUP_START
        for position, (member, its_deltas) in enumerate(members):
            phase = self._gap * position / len(members)
            member.pace(start + phase, self._gap, its_deltas)


class ChatServer:
    """What the connections share."""

    def __init__(self) -> None:
        self.open_streams = 0
        self._groups: dict[str, _Group] = {}

    def group(self, path: str, gap: float, size: int) -> _Group:
        """The group of the streams that were asked for at this path."""
        return self._groups.setdefault(path, _Group(gap, size))

    def connection(self) -> "Connection":
        """A protocol for one more connection."""
        return Connection(self)


class Connection(asyncio.Protocol):
    """One keep-alive connection: one request after the other, never pipelined."""

    def __init__(self, server: ChatServer) -> None:
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._received = bytearray()
        self._streaming = False
        self._resume: Callable[[], object] | None = None
        self._paused = False
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        if self._timer is not None:
            self._timer.cancel()
        self._resume = None
        self._set_streaming(streaming=False)

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        if self._resume is not None:
            resume, self._resume = self._resume, None
            resume()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, separator, rest = self._received.partition(b"\r\n\r\n")
        if not separator:
            return
        length = 0
        for line in head.lower().split(b"\r\n")[1:]:
            if line.startswith(b"content-length:"):
                length = int(line[15:])
        if len(rest) < length:
            return
        self._received = rest[length:]
        path = head.split(b" ", 2)[1].decode()
        self._answer(path, json.loads(rest[:length]) if length else {})

    def _answer(self, path: str, body: dict[str, object]) -> None:
        if path == "/open":
            count = b"%d" % self._server.open_streams
            self._transport.write(_json_answer(count))
            return
        deltas = body["max_tokens"]
        assert isinstance(deltas, int)
        if not body.get("stream"):
            self._transport.write(_completion(deltas))
            return
        self._set_streaming(streaming=True)
        kind, *arguments = path.strip("/").split("/")
        if kind == "flat":
            self._write_flat(_flat_writes(deltas, int(arguments[0])), 0)
            return
        self._transport.write(_opening())
        if kind == "paced":
            gap, size = int(arguments[0]) / 1e6, int(arguments[1])
            self._server.group(path, gap, size).join(self, deltas)
        else:
            self._transport.write(_event(load.delta_chunk(load.word(0))))

    def _set_streaming(self, *, streaming: bool) -> None:
        self._server.open_streams += streaming - self._streaming
        self._streaming = streaming

    def _write_flat(self, writes: tuple[bytes, ...], position: int) -> None:
        """One write, then the turn of the other streams."""
        if self._transport.is_closing():
            return
        self._transport.write(writes[position])
        if position + 1 == len(writes):
            self._set_streaming(streaming=False)
            return
        go_on = functools.partial(self._write_flat, writes, position + 1)
        if self._paused:
            self._resume = go_on
        else:
            self._loop.call_soon(go_on)

    def pace(self, start: float, gap: float, deltas: int) -> None:
        """Write one delta at each ``start + n * gap`` of the loop's clock."""
        if self._transport.is_closing():
            return
        event, write = _clock_event(), self._transport.write
        written = 0

        def tick() -> None:
            nonlocal written
            write(event % (_CLOCK_FORMAT % time.monotonic()).encode())
            written += 1
            if written < deltas:
                self._timer = self._loop.call_at(start + written * gap, tick)
            else:
                write(_closing(deltas))
                self._set_streaming(streaming=False)

        self._timer = self._loop.call_at(start, tick)


async def serve(port_is: Callable[[int], object]) -> None:
    """Serve on a free port of the loopback interface until cancelled."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        ChatServer().connection, "127.0.0.1", 0, backlog=4096
    )
    port_is(server.sockets[0].getsockname()[1])
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description="The endpoint of the comparison.")
    parser.add_argument("--core", type=int)
    arguments = parser.parse_args()
    if arguments.core is not None:
        pin(arguments.core)
    try:
        asyncio.run(serve(functools.partial(print, flush=True)))
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()

"""Callers that cost next to nothing: raw asyncio protocols with canned requests.

Each connection sends, reads to the end of the answer as HTTP has it, and sends again.
What came is checked by its number of events, and for errors by the status line.
"""

import asyncio
import json
import time
from dataclasses import dataclass, field

__all__ = ("Tally", "drive", "request_bytes")


@dataclass
class Tally:
    """What all callers of one run saw."""

    calls: int = 0
    events: int = 0
    wall: float = 0.0
    seconds: list[float] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)
    wrong: list[bytes] = field(default_factory=list)


def request_bytes(host, path, key, model, *, stream, deltas):
    body = json.dumps(
        {
            "model": model,
            "messages": [
                {
                    "role": "user",
                    "content": "Say something of the asked length, please.",
                }
            ],
            "max_tokens": deltas,
            "stream": stream,
        }
    ).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class _Caller(asyncio.Protocol):
    def __init__(self, request, calls, tally, *, stream, clocks, done):
        self._request = request
        self._left = calls
        self._tally = tally
        self._stream = stream
        self._clocks = clocks
        self._done = done
        self._began = 0.0
        self._size = -1
        self._tail = b""
        self._received = 0

    def connection_made(self, transport):
        self.transport = transport

    def go(self):
        self._began = time.perf_counter()
        self._received = 0
        self._size = -1
        self._tail = b""
        self.transport.write(self._request)

    def data_received(self, data):
        if self._received == 0 and not data.startswith(b"HTTP/1.1 200"):
            self._tally.wrong.append(data[:300])
            self._finish()
            return
        self._received += len(data)
        if self._clocks:
            now = time.monotonic()
            for piece in data.split(b'"content":"')[1:]:
                clock = piece[:17]
                if clock[:1].isdigit():
                    self._tally.lags.append(now - float(clock))
        if self._stream:
            joined = self._tail + data
            self._tally.events += data.count(b"data: ")
            self._tail = joined[-5:]
            if self._tail == b"0\r\n\r\n":
                self._answered()
            return
        if self._size < 0:
            head, _, _ = data.partition(b"\r\n\r\n")
            lowered = head.lower()
            start = lowered.index(b"content-length:") + 15
            end = lowered.find(b"\r", start)
            size = int(lowered[start : end if end > 0 else len(lowered)])
            self._size = len(head) + 4 + size
        if self._received >= self._size:
            self._answered()

    def _answered(self):
        self._tally.seconds.append(time.perf_counter() - self._began)
        self._tally.calls += 1
        self._left -= 1
        if self._left > 0:
            self.go()
        else:
            self._finish()

    def _finish(self):
        if not self._done.done():
            self._done.set_result(None)

    def connection_lost(self, exc):
        del exc
        if not self._done.done():
            self._tally.wrong.append(b"connection lost")
            self._done.set_result(None)


async def drive(host, port, request, *, at_once, calls, stream, clocks=False):
    """Have ``calls`` answered in all, so many at once; what was seen."""
    loop = asyncio.get_running_loop()
    tally = Tally()
    each = max(1, calls // at_once)
    waits, callers = [], []
    for _ in range(at_once):
        done = loop.create_future()
        _, caller = await loop.create_connection(
            lambda done=done: _Caller(
                request, each, tally, stream=stream, clocks=clocks, done=done
            ),
            host,
            port,
        )
        waits.append(done)
        callers.append(caller)
    began = time.perf_counter()
    for caller in callers:
        caller.go()
    await asyncio.gather(*waits)
    tally.wall = time.perf_counter() - began
    for caller in callers:
        caller.transport.close()
    return tally

"""A server that plays scripts of literal bytes, so that it can be wrong on purpose.

It shares no code with the client or the simulator and corrects nothing: what a script
sends is what is on the wire. One script answers one request; the connection stays open
between scripts, as a real server's does, unless a step ends it.
"""

import asyncio
import json
import socket
import ssl as tls
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

# A wait that a test would otherwise be stuck in; far above what any wait needs.
_PATIENCE = 5.0

_RESET = struct.pack("ii", 1, 0)


class Step(Protocol):
    """One thing that the server does; scripts are lists of these."""

    async def play(self, connection: "_Connection") -> None: ...


@dataclass(frozen=True)
class Send:
    """Send bytes and wait until the kernel has taken them all."""

    data: bytes

    async def play(self, connection: "_Connection") -> None:
        await connection.send(self.data)


@dataclass(frozen=True)
class Trickle:
    """Send bytes in small pieces, each of which is a read of its own for the client."""

    data: bytes
    size: int = 1

    async def play(self, connection: "_Connection") -> None:
        for start in range(0, len(self.data), self.size):
            await connection.send(self.data[start : start + self.size])
            # Both ends live in one loop: two turns let the client read this piece
            # before the next is written.
            await asyncio.sleep(0)
            await asyncio.sleep(0)


@dataclass(frozen=True)
class WaitFor:
    """Do nothing until the test sets the event."""

    event: asyncio.Event

    async def play(self, connection: "_Connection") -> None:
        await self.event.wait()


@dataclass(frozen=True)
class Pause:
    """Do nothing for a while; for faults that are about time itself."""

    seconds: float

    async def play(self, connection: "_Connection") -> None:
        await asyncio.sleep(self.seconds)


@dataclass(frozen=True)
class Fin:
    """Close the connection in good order, after what was sent."""

    async def play(self, connection: "_Connection") -> None:
        connection.finish()


@dataclass(frozen=True)
class Reset:
    """Close the connection with an RST."""

    async def play(self, connection: "_Connection") -> None:
        connection.reset()


@dataclass(frozen=True)
class Hang:
    """Do nothing until the client closes the connection."""

    async def play(self, connection: "_Connection") -> None:
        await connection.log.closed.wait()


@dataclass(frozen=True)
class Repeat:
    """Play steps again and again: a number of times, or until the client leaves."""

    steps: Sequence[Step]
    times: int | None = None

    async def play(self, connection: "_Connection") -> None:
        played = 0
        while played != self.times:
            for step in self.steps:
                await step.play(connection)
            played += 1
            # Writing to a connection that was lost does not wait, and would spin.
            await asyncio.sleep(0)


@dataclass(frozen=True)
class BeforeBody:
    """As the first step: start before the body is read; later: read it now."""

    async def play(self, connection: "_Connection") -> None:
        await connection.read_body()


@dataclass
class ConnectionLog:
    """What became of one connection.

    Attributes:
        number: Counted from 0 in the order of arrival.
        opened_at: When it was accepted, by the loop's clock.
        closed: Set once either side has closed it.
        client_closed: Set once the client has closed it (EOF or reset seen).
        client_closed_at: When that was, or None.
    """

    number: int
    opened_at: float
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    client_closed: asyncio.Event = field(default_factory=asyncio.Event)
    client_closed_at: float | None = None


@dataclass
class ReceivedRequest:
    """One request as it arrived; header names are in lower case.

    Attributes:
        arrived_at: When its head was whole, by the loop's clock.
        bytes_sent: How much of the answer the kernel has taken so far.
        answered: Set once its script has been played to the end.
    """

    connection: ConnectionLog
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    arrived_at: float
    bytes_sent: int = 0
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Script = Sequence[Step] | Callable[[ReceivedRequest], Sequence[Step]]


class RawServer:
    """Plays ``scripts`` in the order in which requests arrive, then ``default``.

    A script is a list of steps, or a function of the request that gives one. Leaving
    the ``async with`` block closes all connections and fails when something came that
    no script was written for.

    Attributes:
        log: The requests, in the order of arrival.
        links: All connections ever opened.
        surprises: What came that no script was written for.
    """

    def __init__(
        self,
        *scripts: Script,
        default: Script | None = None,
        ssl: tls.SSLContext | None = None,
    ) -> None:
        self._scripts = list(scripts)
        self._default = default
        self._ssl = ssl
        self._open: set[_Connection] = set()
        self._changed = asyncio.Event()
        self.log: list[ReceivedRequest] = []
        self.links: list[ConnectionLog] = []
        self.surprises: list[str] = []
        self.port = 0

    @property
    def base_url(self) -> str:
        scheme = "http" if self._ssl is None else "https"
        return f"{scheme}://127.0.0.1:{self.port}/v1"

    @property
    def connections(self) -> int:
        """How many connections were opened, ever."""
        return len(self.links)

    @property
    def open_connections(self) -> int:
        """How many connections neither side has closed."""
        return sum(not link.closed.is_set() for link in self.links)

    async def request(self, number: int = 0) -> ReceivedRequest:
        """Wait for the request with this number, counted from 0."""
        await self._until(lambda: len(self.log) > number, f"request {number}")
        return self.log[number]

    async def emptied(self) -> None:
        """Wait until no connection is open."""
        await self._until(lambda: self.open_connections == 0, "all connections closed")

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Connection(self), "127.0.0.1", 0, ssl=self._ssl, backlog=1024
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, exc_type: object, *_: object) -> None:
        self._server.close()
        connections = list(self._open)
        for connection in connections:
            connection.reset()
        for connection in connections:
            await connection.stopped()
        await self._server.wait_closed()
        if exc_type is None:
            assert not self.surprises, self.surprises

    def play(self, *scripts: Script) -> None:
        """Play these next, for requests to come."""
        self._scripts += scripts

    def next_script(self) -> Script | None:
        return self._scripts.pop(0) if self._scripts else self._default

    def opened(self, connection: "_Connection") -> ConnectionLog:
        link = ConnectionLog(len(self.links), connection.loop.time())
        self.links.append(link)
        self._open.add(connection)
        self.changed()
        return link

    def forget(self, connection: "_Connection") -> None:
        self._open.discard(connection)

    def arrived(self, request: ReceivedRequest) -> None:
        self.log.append(request)
        self.changed()

    def changed(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _until(self, met: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(_PATIENCE):
                while not met():
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"waited in vain for {what}: {self.log}") from None


class _Connection(asyncio.Protocol):
    """One connection.

    Reading never pauses, so the client's close is seen at once, whatever the script is
    at; the script is then cancelled.
    """

    def __init__(self, server: RawServer) -> None:
        self.server = server
        self.loop = asyncio.get_running_loop()
        self.task: asyncio.Task[None] | None = None
        self.lost = asyncio.Event()
        self._reader = asyncio.StreamReader(limit=1 << 20)
        self._writable = asyncio.Event()
        self._writable.set()
        self._request: ReceivedRequest | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        transport.set_write_buffer_limits(high=0)
        self.log = self.server.opened(self)
        self.task = self.loop.create_task(self._serve())
        self.task.add_done_callback(self._ended)

    def data_received(self, data: bytes) -> None:
        self._reader.feed_data(data)

    def eof_received(self) -> None:
        self._client_left()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.log.closed.is_set():
            self._client_left()
        if self.task is not None:
            self.task.cancel()
        self.lost.set()
        self._writable.set()
        self.server.forget(self)

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    async def send(self, data: bytes) -> None:
        assert self._request is not None
        before = self._request.bytes_sent
        self._transport.write(data)
        while not self._writable.is_set():
            left = self._transport.get_write_buffer_size()
            self._request.bytes_sent = before + len(data) - left
            await self._writable.wait()
        self._request.bytes_sent = before + len(data)

    def finish(self) -> None:
        self._closed()
        self._transport.close()

    def reset(self) -> None:
        self._closed()
        raw = self._transport.get_extra_info("socket")
        if raw is not None and raw.fileno() != -1:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._transport.abort()

    async def read_body(self) -> None:
        assert self._request is not None
        length = int(self._request.headers.get("content-length", "0"))
        self._request.body = await self._reader.readexactly(length)

    async def stopped(self) -> None:
        """Wait until the connection and its script are gone."""
        await self.lost.wait()
        if self.task is not None:
            await asyncio.wait([self.task])

    def _client_left(self) -> None:
        if not self.log.closed.is_set():
            self.log.client_closed_at = self.loop.time()
            self.log.client_closed.set()
            self._closed()
        if self.task is not None:
            self.task.cancel()

    def _closed(self) -> None:
        self.log.closed.set()
        self.server.changed()

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.server.surprises.append(repr(error))
            self.reset()

    async def _serve(self) -> None:
        while not self.log.closed.is_set():
            self._request = request = await self._read_head()
            script = self.server.next_script()
            if script is None:
                self.server.surprises.append(f"no script for {request.path}")
                script = [Reset()]
            early = (
                not callable(script) and script and isinstance(script[0], BeforeBody)
            )
            if not early:
                await self.read_body()
            self.server.arrived(request)
            steps = script(request) if callable(script) else script
            for step in steps[1:] if early else steps:
                await step.play(self)
            request.answered.set()

    async def _read_head(self) -> ReceivedRequest:
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head[:-4].split("\r\n")
        method, path, version = first.split(" ")
        names = [line.partition(":")[0].lower() for line in lines]
        values = [line.partition(":")[2].strip() for line in lines]
        headers = dict(zip(names, values, strict=True))
        if version != "HTTP/1.1" or len(headers) != len(names):
            self.server.surprises.append(f"odd request head: {names}")
        if "transfer-encoding" in headers:
            self.server.surprises.append("a body without a length")
        return ReceivedRequest(self.log, method, path, headers, b"", self.loop.time())

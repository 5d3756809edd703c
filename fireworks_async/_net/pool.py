"""The session pool: leases on one session, admitted by a gate, in one event loop.

A lease begins when a call is admitted and ends when its answer is finished or closed;
the answer holds it, so that whoever lets go of the answer gives the lease back. What
the pool holds for a loop is made at the first call there.
"""

import asyncio
import ssl
from typing import Final

import aiohttp
import anyio

from fireworks_async._measure.timings import StreamTimings
from fireworks_async._net.clock import SystemClock
from fireworks_async._net.drains import Drains
from fireworks_async._net.gate import Gate
from fireworks_async._net.interfaces import (
    ByteResponse,
    Clock,
    Limit,
    PoolStatistics,
    WireCall,
)
from fireworks_async._net.response import (
    BORDER_ERRORS,
    PooledResponse,
    is_silence,
    translate,
)
from fireworks_async._net.session import Connector, Delivery, open_session, send
from fireworks_async._net.watchdog import TimeLimit, Watchdog
from fireworks_async._policy.timeouts import Timeout
from fireworks_async.errors import (
    APIConnectionError,
    ClientClosedError,
    ConfigurationError,
    FireworksError,
)

__all__ = ("SessionPool",)

_LAST_BYTES: Final = 0.5
"""Seconds that closing waits for connections to say goodbye."""


class SessionPool:
    """A ``Transport`` over aiohttp.

    Args:
        limit: How many calls are in flight at once.
        session: A session of the user's, which is used and never closed; None to open
            and close one.
        context: TLS settings for the pool's own session; None for the system's.
        clock: Time; None for the system's.
    """

    def __init__(
        self,
        *,
        limit: int,
        session: aiohttp.ClientSession | None = None,
        context: ssl.SSLContext | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.clock: Clock = clock or SystemClock()
        self._limit = limit
        self._given = session
        self._context = context
        self._closed = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._session: aiohttp.ClientSession | None = None
        self._renew()

    def __repr__(self) -> str:
        s = self.statistics()
        return (
            f"<SessionPool {s.in_flight}/{s.limit} in flight, {s.waiting} waiting, "
            f"{s.connections} connections>"
        )

    def _renew(self) -> None:
        """Begin with nothing in flight: at first, and in another event loop."""
        self._gate = Gate(self._limit)
        self._watchdog = Watchdog(self.clock)
        self._drains = Drains(self.clock, self._gate.release)
        self._open: set[PooledResponse] = set()

    @property
    def is_open(self) -> bool:
        """Whether it holds a session of its own that nobody has closed."""
        return self._session is not None and self._session is not self._given

    def limit(self, timeout: Timeout) -> TimeLimit:
        """The time limits of one call; its total counts from now."""
        return self._watchdog.limit(timeout)

    async def send(
        self, call: WireCall, *, limit: Limit, timings: StreamTimings
    ) -> ByteResponse:
        """Wait to be admitted, send, and wait for the answer's headers.

        A request that dies on a connection that had served before, before any byte of
        an answer, is repeated at once on a new one: the server had closed the old one.

        Raises:
            APIConnectionError: No answer came.
            APITimeoutError: A limit ran out first.
            ClientClosedError: The pool is closed.
            ConfigurationError: The pool is in use by another running event loop.
        """
        session = self._session_here()
        gate = self._gate
        with limit.during("pool"):
            await gate.admit()
        timings.sent_at = self.clock.now()
        try:
            response = await self._exchange(session, call, limit)
        except BaseException:
            gate.release()
            raise
        timings.headers_at = self.clock.now()
        self._open.add(response)
        return response

    def statistics(self) -> PoolStatistics:
        """What the pool holds now."""
        draining = len(self._drains)
        connector = self._session.connector if self._session is not None else None
        return PoolStatistics(
            connections=(
                connector.connections
                if isinstance(connector, Connector)
                else self._gate.admitted
            ),
            in_flight=self._gate.admitted - draining,
            waiting=self._gate.waiting,
            draining=draining,
            limit=self._limit,
        )

    async def aclose(self) -> None:
        """End all calls and close all connections; idempotent, done within a second."""
        session = self._session
        if session is None or self._loop is not asyncio.get_running_loop():
            self.drop()
            return
        self._session = None
        self._end_calls()
        if session is not self._given:
            # Closing is done when this is called; it waits for the last bytes to go.
            with anyio.move_on_after(_LAST_BYTES):
                await session.close()

    def drop(self) -> None:
        """Close all connections without waiting; for a client that is thrown away."""
        session, self._session = self._session, None
        if self._loop is not None and not self._loop.is_closed():
            self._end_calls()
        self._closed = True
        if session is not None and session is not self._given:
            connector = session.connector
            # Detached, so that aiohttp does not report what has been reported by us.
            session.detach()
            if isinstance(connector, Connector):
                connector.drop()

    def _end_calls(self) -> None:
        self._closed = True
        self._gate.close()
        for response in tuple(self._open):
            response.close(ClientClosedError("the client was closed"))
        self._drains.close()
        self._watchdog.close()

    def _session_here(self) -> aiohttp.ClientSession:
        """The session of the running loop."""
        if self._closed:
            raise ClientClosedError("the client is closed")
        loop = asyncio.get_running_loop()
        if self._session is None or self._loop is not loop:
            self._move_to(loop)
        assert self._session is not None
        if self._session.closed:
            raise ClientClosedError("the aiohttp session given to the client is closed")
        return self._session

    def _move_to(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._loop is not None and self._loop is not loop:
            if not self._loop.is_closed():
                raise ConfigurationError(
                    "the client is in use by another event loop; make one client for "
                    "each loop"
                )
            # What the closed loop left behind can only be dropped.
            self.drop()
            self._closed = False
            self._renew()
        self._loop = loop
        self._session = self._given or open_session(self._drains, self._context)

    async def _exchange(
        self, session: aiohttp.ClientSession, call: WireCall, limit: Limit
    ) -> PooledResponse:
        delivery = Delivery(limit, fresh=False)
        problem, stale = await self._try(session, call, delivery)
        if isinstance(problem, APIConnectionError) and stale and not self._closed:
            delivery = Delivery(limit, fresh=True)
            problem, _ = await self._try(session, call, delivery)
        if isinstance(problem, PooledResponse):
            return problem
        if self._closed:
            raise ClientClosedError("the client was closed")
        raise problem

    async def _try(
        self, session: aiohttp.ClientSession, call: WireCall, delivery: Delivery
    ) -> tuple[PooledResponse | APIConnectionError, bool]:
        """One request; its answer or what went wrong, and whether that was staleness.

        Returned, not raised, so that aiohttp's error is not in its context.
        """
        origin = "/".join(call.url.split("/", 3)[:3])
        try:
            with delivery.limit.during("receive"):
                answer = await send(session, call, delivery)
        except FireworksError:
            raise
        except BORDER_ERRORS as error:
            stale = bool(delivery.reused) and is_silence(error)
            return translate(error, origin), stale
        return PooledResponse(
            answer, origin=origin, drains=self._drains, on_end=self._ended
        ), False

    def _ended(self, response: PooledResponse) -> None:
        self._open.discard(response)
        if not response.is_draining:
            self._gate.release()

"""The session pool: leases on one session, admitted by a gate, in one event loop.

A lease begins when a call is admitted and ends when its answer is finished or closed;
the answer holds it, so that whoever lets go of the answer gives the lease back. What
the pool holds for a loop is made at the first call there.
"""

import asyncio
import contextlib
import ssl
import warnings
from typing import Final

import aiohttp

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
from fireworks_async._net.session import (
    Connector,
    Deliveries,
    Delivery,
    Sender,
    open_session,
)
from fireworks_async._net.watchdog import TimeLimit, Watchdog
from fireworks_async._policy.timeouts import Timeout
from fireworks_async.errors import (
    ClientClosedError,
    ConfigurationError,
    FireworksError,
)

__all__ = ("SessionPool",)

_LAST_BYTES: Final = 0.5
"""Seconds that closing waits for connections to say goodbye."""


class _Lodge:
    """What the pool holds in one event loop, from the first call there."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        *,
        limit: int,
        clock: Clock,
        session: aiohttp.ClientSession | None,
        context: ssl.SSLContext | None,
    ) -> None:
        self.loop = loop
        self.gate = Gate(limit)
        self.watchdog = Watchdog(clock)
        self.drains = Drains(clock, self.gate.release)
        self.deliveries: Deliveries = {}
        self.answers: set[PooledResponse] = set()
        self.sender = Sender(
            session or open_session(self.drains, self.deliveries, context), context
        )

    @property
    def connections(self) -> int:
        """Open ones; with a session that is not ours, those in use."""
        connector = self.sender.session.connector
        if isinstance(connector, Connector):
            return connector.connections
        return self.gate.admitted

    def ended(self, response: PooledResponse) -> None:
        """Take an answer back: finished, or closed."""
        self.answers.discard(response)
        if not response.is_draining:
            self.gate.release()

    def end_calls(self) -> None:
        """Wake whoever waits for anything, with a typed error."""
        self.gate.close()
        self.watchdog.abort_all(_closed)
        for response in tuple(self.answers):
            response.close(_closed())
        self.drains.close()
        self.watchdog.close()


class SessionPool:
    """A ``Transport`` over aiohttp.

    Args:
        limit: How many calls are in flight at once.
        session: A session of the user's, which is used and never closed; None to open
            and close one.
        context: TLS settings; None for the session's, or the system's.
        clock: Time; None for the system's.
        label: What a warning calls it when it is thrown away open.

    Raises:
        ConfigurationError: The session is no aiohttp session, or the TLS settings
            are no ``ssl.SSLContext``.
    """

    def __init__(
        self,
        *,
        limit: int,
        session: aiohttp.ClientSession | None = None,
        context: ssl.SSLContext | None = None,
        clock: Clock | None = None,
        label: str = "<SessionPool>",
    ) -> None:
        self.clock: Clock = clock or SystemClock()
        self._label = label
        self._limit = limit
        self._given = session
        self._context = context
        self._closed = False
        self._lodge: _Lodge | None = None
        if session is not None and not hasattr(session, "request"):
            raise ConfigurationError(
                f"session: expected an aiohttp.ClientSession, not {_kind(session)}"
            )
        if context is not None and not hasattr(context, "wrap_bio"):
            raise ConfigurationError(
                f"ssl: expected an ssl.SSLContext, not {_kind(context)}"
            )

    def __repr__(self) -> str:
        s = self.statistics()
        return (
            f"<SessionPool {s.in_flight}/{s.limit} in flight, {s.waiting} waiting, "
            f"{s.connections} connections>"
        )

    def __del__(self) -> None:
        # The lodge is there from the first call on, and until it is closed.
        if self._lodge is not None and self._given is None:
            # First of all, since a warning may be made an error.
            self._drop()
            warnings.warn(
                f"unclosed {self._label}: use `async with`, or call aclose()",
                ResourceWarning,
                stacklevel=2,
                source=self,
            )

    def limit(self, timeout: Timeout) -> TimeLimit:
        """The time limits of one call; its total counts from now.

        Raises:
            ClientClosedError: The pool is closed.
            ConfigurationError: The pool is in use by another running event loop.
        """
        return self._here().watchdog.limit(timeout)

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
        lodge = self._here()
        if not lodge.gate.admit_nowait():
            with limit.during("pool"):
                await lodge.gate.admit()
        timings.sent_at = self.clock.now()
        task = asyncio.current_task()
        delivery = Delivery(limit, fresh=False)
        answered = False
        try:
            while True:
                lodge.deliveries[task] = delivery
                try:
                    with limit.during("receive"):
                        answer = await lodge.sender.request(call)
                except FireworksError:
                    raise
                except BORDER_ERRORS as error:
                    problem = translate(error, call.url)
                    stale = delivery.reused and is_silence(error)
                else:
                    response = PooledResponse(
                        answer,
                        url=call.url,
                        drains=lodge.drains,
                        on_end=lodge.ended,
                    )
                    answered = True
                    break
                # Outside the handler, so that aiohttp's error is not in its context.
                if self._closed:
                    raise _closed()
                if not stale or delivery.fresh:
                    raise problem
                delivery = Delivery(limit, fresh=True)
        finally:
            del lodge.deliveries[task]
            if not answered:
                lodge.gate.release()
        timings.headers_at = self.clock.now()
        lodge.answers.add(response)
        return response

    def statistics(self) -> PoolStatistics:
        """What the pool holds now."""
        lodge = self._lodge
        if lodge is None:
            return PoolStatistics(0, 0, 0, 0, self._limit)
        draining = len(lodge.drains)
        return PoolStatistics(
            connections=lodge.connections,
            in_flight=lodge.gate.admitted - draining,
            waiting=lodge.gate.waiting,
            draining=draining,
            limit=self._limit,
        )

    async def aclose(self) -> None:
        """End all calls and close all connections; idempotent, done within a second."""
        lodge = self._lodge
        if lodge is None or lodge.loop is not asyncio.get_running_loop():
            self._drop()
            return
        self._closed = True
        self._lodge = None
        lodge.end_calls()
        if self._given is None:
            # All is closed when this is called; it waits for the last bytes to go.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LAST_BYTES):
                    await lodge.sender.session.close()

    def _drop(self) -> None:
        """Close all connections without waiting; for a pool that is thrown away."""
        self._closed = True
        self._forget_lodge()

    def _forget_lodge(self) -> None:
        lodge, self._lodge = self._lodge, None
        if lodge is None:
            return
        if not lodge.loop.is_closed():
            lodge.end_calls()
        if self._given is None:
            session = lodge.sender.session
            connector = session.connector
            # Detached, so that aiohttp does not report what has been reported by us.
            session.detach()
            if isinstance(connector, Connector):
                connector.drop()

    def _here(self) -> _Lodge:
        """What is held in the running loop."""
        if self._closed:
            raise _closed()
        if self._given is not None and self._given.closed:
            raise ClientClosedError("the aiohttp session given to the client is closed")
        loop = asyncio.get_running_loop()
        lodge = self._lodge
        if lodge is not None and lodge.loop is not loop:
            if not lodge.loop.is_closed():
                raise ConfigurationError(
                    "the client is in use by another event loop; make one client for "
                    "each loop"
                )
            # What the closed loop left behind can only be dropped.
            self._forget_lodge()
            lodge = None
        if lodge is None:
            lodge = self._lodge = _Lodge(
                loop,
                limit=self._limit,
                clock=self.clock,
                session=self._given,
                context=self._context,
            )
        return lodge


def _kind(value: object) -> str:
    return type(value).__name__


def _closed() -> ClientClosedError:
    return ClientClosedError("the client is closed")

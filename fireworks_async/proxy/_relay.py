"""Carries one streamed answer from the API to a caller, read by read.

Until the first event has left, a failure is the call's to recover from; afterwards it
becomes an error event, and the connection is closed without HTTP's own end, so that
nobody can take what came for the whole.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

from aiohttp import web

from fireworks_async._net.interfaces import ByteResponse, Clock
from fireworks_async._protocol.metadata import request_id
from fireworks_async.errors import APIConnectionError, FireworksError
from fireworks_async.proxy._calls import Call
from fireworks_async.proxy._errors import error_event
from fireworks_async.proxy._passage import Passage
from fireworks_async.proxy._reading import Tally

__all__ = ("Relay", "Sweeper")

_PING: Final = b": keep-alive\n\n"
_SSE_HEADERS: Final = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache",
    "X-Accel-Buffering": "no",
}


class Relay:
    """One streamed answer.

    Args:
        request: The caller's.
        call: Already made, not opened.
        clock: Time.
        shows_usage: Whether the caller asked for the final usage chunk.
        headers_of: Gives the headers for the caller, for those of an answer.
        on_end: Called with what was counted, before the caller can see the end.

    Attributes:
        left_at: When bytes last left; for the sweeper.
        response: The answer to the caller, once it has begun.
    """

    __slots__ = (
        "_call",
        "_clock",
        "_headers_of",
        "_on_end",
        "_request",
        "_shows_usage",
        "_tally",
        "left_at",
        "response",
    )

    def __init__(
        self,
        request: web.Request,
        call: Call,
        *,
        clock: Clock,
        shows_usage: bool,
        headers_of: Callable[[Mapping[str, str]], dict[str, str]],
        on_end: Callable[[Tally], None],
    ) -> None:
        self._request = request
        self._call = call
        self._clock = clock
        self._shows_usage = shows_usage
        self._headers_of = headers_of
        self._on_end = on_end
        self._tally: Tally | None = None
        self.response: web.StreamResponse | None = None
        self.left_at = clock.now()

    async def run(self) -> web.StreamResponse:
        """Carry all of it.

        Raises:
            FireworksError: Nothing has left, and the call cannot go on.
        """
        try:
            return await self._run()
        finally:
            # Its caller may have left in the middle.
            self._settle()

    async def _run(self) -> web.StreamResponse:
        call = self._call
        while True:
            try:
                upstream = await call.open()
            except FireworksError as error:
                if self.response is None:
                    raise
                return await self._end_badly(error)
            passage = Passage(
                upstream.headers,
                request_id=request_id(upstream.headers),
                alias=call.alias,
                shows_usage=self._shows_usage,
            )
            self._tally = passage.tally
            failure = await self._carry(upstream, passage)
            if failure is None:
                assert self.response is not None
                return self.response
            self._settle()
            if self._call.timings.first_delta_at is not None:
                return await self._end_badly(failure)
            if not await call.recovers(failure):
                if self.response is None:
                    raise failure
                return await self._end_badly(failure)

    async def _carry(
        self, upstream: ByteResponse, passage: Passage
    ) -> FireworksError | None:
        """Carry one attempt's answer; what went wrong with it, or None."""
        attempts = self._call.attempts
        assert attempts is not None
        limit = attempts.limit
        clock = self._clock
        limit.guard(upstream.close)
        waited_since = clock.now()
        while True:
            limit.watch(waited_since, 0.0)
            try:
                data = await upstream.read()
            except APIConnectionError as problem:
                out = passage.lost(problem)
            else:
                out = passage.feed(data) if data else passage.feed_eof()
            finally:
                limit.rest()
            if passage.progressed:
                waited_since = clock.now()
            if passage.ended:
                break
            if out:
                await self._send(out, upstream)
        if passage.failure is not None:
            if out:
                await self._send(out, upstream)
            return attempts.redacted(passage.failure)
        self._settle()
        self._call.answered()
        response = self.response
        if response is None:
            response = await self._open(upstream)
        self._mark()
        # With HTTP's end in the same piece: one step of the network less.
        await response.write_eof(out)
        return None

    def _settle(self) -> None:
        tally, self._tally = self._tally, None
        if tally is not None:
            self._on_end(tally)

    async def _send(self, data: bytes, upstream: ByteResponse) -> None:
        response = self.response
        if response is None:
            response = await self._open(upstream)
        self._mark()
        await response.write(data)

    def _mark(self) -> None:
        self.left_at = now = self._clock.now()
        timings = self._call.timings
        if timings.first_delta_at is None:
            timings.first_delta_at = now

    async def _open(self, upstream: ByteResponse) -> web.StreamResponse:
        return await self._prepare(self._headers_of(upstream.headers))

    async def _prepare(self, headers: dict[str, str]) -> web.StreamResponse:
        headers.update(_SSE_HEADERS)
        response = web.StreamResponse(headers=headers)
        self.response = response
        await response.prepare(self._request)
        return response

    async def _end_badly(self, error: FireworksError) -> web.StreamResponse:
        self._call.failure = error
        self._call.close()
        response = self.response
        assert response is not None
        await response.write(error_event(error))
        transport = self._request.transport
        if transport is not None:
            # What was written arrives; HTTP's end of the body does not.
            transport.close()
        return response

    @property
    def model(self) -> str:
        """The caller's name for the model."""
        return self._call.asked

    @property
    def chunks(self) -> int:
        """How many have come so far and are not settled."""
        tally = self._tally
        return 0 if tally is None else tally.chunks

    @property
    def is_deserted(self) -> bool:
        """Whether the caller has gone."""
        transport = self._request.transport
        return transport is None or transport.is_closing()

    async def ping(self) -> None:
        """Let a caller that has waited for long know that its call is alive."""
        transport = self._request.transport
        if transport is None or transport.get_write_buffer_size():
            return
        self.left_at = self._clock.now()
        response = self.response
        if response is None:
            response = await self._prepare(self._headers_of({}))
        elif not response.prepared:
            return
        await response.write(_PING)


class Sweeper:
    """Looks at all relays once a second: no timer is set for any of them.

    Args:
        clock: Time.
        keepalive: Seconds of silence before a caller gets a comment.
    """

    def __init__(self, clock: Clock, keepalive: float) -> None:
        self._clock = clock
        self.keepalive = keepalive
        self.relays: dict[Relay, asyncio.Task[object]] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.ensure_future(self._run())

    async def stop(self) -> None:
        """Stop looking."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def look(self) -> None:
        """Ping those that have waited for long, and end those that nobody reads."""
        now = self._clock.now()
        for relay, task in tuple(self.relays.items()):
            if relay.is_deserted:
                task.cancel()
            elif now - relay.left_at >= self.keepalive:
                try:
                    await relay.ping()
                except ConnectionError:
                    task.cancel()

    async def _run(self) -> None:
        interval = min(0.5, self.keepalive / 2)
        while True:
            await self._clock.sleep(interval)
            await self.look()

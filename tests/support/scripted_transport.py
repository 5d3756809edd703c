"""A transport without sockets, that answers from scripts.

It keeps the promises of ``Transport``; the suite in ``tests/conformance`` holds it to
the same tests as the real pool.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from fireworks_async._measure.timings import StreamTimings
from fireworks_async._net.gate import Gate
from fireworks_async._net.interfaces import Clock, Limit, PoolStatistics, WireCall
from fireworks_async._net.watchdog import TimeLimit, Watchdog
from fireworks_async._policy.timeouts import Timeout
from fireworks_async.errors import (
    APIConnectionError,
    ClientClosedError,
    FireworksError,
    StreamStateError,
)
from tests.support.manual_clock import ManualClock
from tests.support.wire import answer, sse

__all__ = ("Answer", "Hold", "ScriptedResponse", "ScriptedTransport", "lost", "ok")

STREAM_HEADERS = {"content-type": "text/event-stream", "x-request-id": "req-scripted"}


class Hold:
    """A step at which nothing comes until the test lets go."""

    def __init__(self) -> None:
        self._released = False
        self._waiting: set[asyncio.Future[None]] = set()

    def release(self) -> None:
        self._released = True
        for future in self._waiting:
            if not future.done():
                future.set_result(None)
        self._waiting.clear()

    def wait(self) -> asyncio.Future[None]:
        future = asyncio.get_running_loop().create_future()
        if self._released:
            future.set_result(None)
        else:
            self._waiting.add(future)
        return future


Step: TypeAlias = bytes | Hold | Exception


@dataclass
class Answer:
    """One answer: its head, and what each read of its body gives.

    Attributes:
        steps: Bytes are one read, an exception is a loss, a ``Hold`` waits. The body
            ends behind the last.
        before: What the call waits for, or fails with, before its headers come.
    """

    steps: Iterable[Step] = ()
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: dict(STREAM_HEADERS))
    before: Hold | Exception | None = None


def ok(*contents: str) -> Answer:
    """A whole answer; each event is a read of its own."""
    return Answer([sse(event) for event in answer(*contents)])


class ScriptedResponse:
    """A ``ByteResponse``.

    Attributes:
        ended: ``finished`` or ``closed`` once the lease has been given back.
        reads: How often it was read.
    """

    def __init__(self, transport: "ScriptedTransport", answer: Answer) -> None:
        self.status = answer.status
        self.headers = answer.headers
        self.ended: str | None = None
        self.reads = 0
        self._transport = transport
        self._steps = list(answer.steps)
        self._lost: Exception | None = None
        self._waiting: asyncio.Future[None] | None = None

    @property
    def left(self) -> int:
        """How many steps have not been read."""
        return len(self._steps)

    @property
    def is_held(self) -> bool:
        """Whether the lease has not been given back."""
        return self.ended is None

    async def read(self) -> bytes:
        self.reads += 1
        if self._lost is not None:
            raise self._lost
        while self._steps:
            step = self._steps[0]
            if isinstance(step, Hold):
                self._waiting = step.wait()
                try:
                    await self._waiting
                finally:
                    self._waiting = None
            del self._steps[0]
            if isinstance(step, bytes):
                return step
            if isinstance(step, Exception):
                self._lost = step
                raise step
        return b""

    def finish(self) -> None:
        self._end("finished")

    def close(self, reason: FireworksError | None = None) -> None:
        if self.ended is None:
            self._lost = reason or StreamStateError("the stream was closed")
            if self._waiting is not None and not self._waiting.done():
                self._waiting.set_exception(self._lost)
            self._end("closed")

    def _end(self, how: str) -> None:
        if self.ended is None:
            self.ended = how
            self._transport.take_back(self)


class ScriptedTransport:
    """A ``Transport`` whose answers are given in the order in which calls are sent.

    Attributes:
        calls: What was sent.
        times: When each was sent.
        responses: The answers given out.
    """

    def __init__(
        self, *answers: Answer, limit: int = 100, clock: Clock | None = None
    ) -> None:
        self.clock: Clock = clock or ManualClock()
        self.calls: list[WireCall] = []
        self.times: list[float] = []
        self.responses: list[ScriptedResponse] = []
        self._answers = list(answers)
        self._gate = Gate(limit)
        self._watchdog = Watchdog(self.clock)
        self._open: set[ScriptedResponse] = set()
        self._closed = False

    @property
    def limits(self) -> int:
        """How many time limits are being watched."""
        return len(self._watchdog)

    def play(self, *answers: Answer) -> None:
        """Give these next."""
        self._answers += answers

    def limit(self, timeout: Timeout) -> TimeLimit:
        if self._closed:
            raise _closed()
        return self._watchdog.limit(timeout)

    async def send(
        self, call: WireCall, *, limit: Limit, timings: StreamTimings
    ) -> ScriptedResponse:
        with limit.during("pool"):
            await self._gate.admit()
        timings.sent_at = self.clock.now()
        self.calls.append(call)
        self.times.append(self.clock.now())
        try:
            answer = self._next_answer()
            with limit.during("receive"):
                await self._wait_before(answer)
        except BaseException:
            self._gate.release()
            raise
        timings.headers_at = self.clock.now()
        response = ScriptedResponse(self, answer)
        self.responses.append(response)
        self._open.add(response)
        return response

    def statistics(self) -> PoolStatistics:
        return PoolStatistics(
            connections=self._gate.admitted,
            in_flight=self._gate.admitted,
            waiting=self._gate.waiting,
            draining=0,
            limit=self._gate.limit,
        )

    async def aclose(self) -> None:
        self._closed = True
        self._gate.close()
        self._watchdog.abort_all(_closed)
        for response in tuple(self._open):
            response.close(_closed())
        self._watchdog.close()

    def take_back(self, response: ScriptedResponse) -> None:
        self._open.discard(response)
        self._gate.release()

    def _next_answer(self) -> Answer:
        assert self._answers, "a call for which no answer was written"
        return self._answers.pop(0)

    async def _wait_before(self, answer: Answer) -> None:
        if isinstance(answer.before, Hold):
            await answer.before.wait()
        elif answer.before is not None:
            raise answer.before


def lost(text: str = "the connection was lost") -> APIConnectionError:
    """A new error, as the border to the network gives it."""
    return APIConnectionError(text)


def _closed() -> ClientClosedError:
    return ClientClosedError("the client is closed")

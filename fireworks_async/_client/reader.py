"""Reads one call's answer to its end, batch by batch, and knows how it ended.

A batch is the chunks of one network read. Until a batch has been handed out, a failed
attempt is repeated in secret; afterwards never. The answer's lease is given back when
the stream ends, fails, is cancelled or is closed, whichever comes first.
"""

import asyncio
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from fireworks_async._client.attempts import Attempts, Service
from fireworks_async._client.options import CallOptions
from fireworks_async._measure.timings import StreamTimings
from fireworks_async._net.interfaces import ByteResponse, Clock, Limit
from fireworks_async._protocol.collector import Chunk, Collector
from fireworks_async._protocol.dialects import Dialect
from fireworks_async._protocol.lifecycle import Lifecycle, Signal, State
from fireworks_async._protocol.metadata import request_id
from fireworks_async._protocol.parser import BodyParser, parser_for
from fireworks_async._protocol.requests import WireRequest
from fireworks_async.errors import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    FireworksError,
    StreamStateError,
    StreamTruncatedError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fireworks_async._client.response_info import ResponseInfo
    from fireworks_async._protocol.completions import ChatCompletion
    from fireworks_async._protocol.text_completions import Completion

__all__ = ("AnswerReader", "reader_for")

ChunkT = TypeVar("ChunkT", bound=Chunk[Any])
ResultT = TypeVar("ResultT", bound="ChatCompletion | Completion")

# What is there while an answer is read.
_Live = tuple[ByteResponse, BodyParser[ChunkT], Limit]


@cache
def _response_info() -> "type[ResponseInfo]":
    """Loaded on first use, and once: an import statement takes a microsecond or two."""
    from fireworks_async._client.response_info import ResponseInfo  # noqa: PLC0415 - on first use

    return ResponseInfo


_HOW_IT_ENDED: Final = {
    Signal.SENTINEL: "[DONE] came",
    Signal.END: "the answer ended",
    Signal.LOST: "the connection was lost",
}


class AnswerReader(Generic[ChunkT, ResultT]):
    """One call's answer.

    Attributes:
        collector: What has come so far; begins anew with each attempt.
        timings: The call's marks.
        handed_out: Whether the caller has seen a chunk.
    """

    __slots__ = (
        "_asked",
        "_attempts",
        "_busy",
        "_dialect",
        "_ended",
        "_failure",
        "_headers",
        "_identity",
        "_life",
        "_live",
        "_now",
        "_problem",
        "_retries_taken",
        "_status",
        "_waited",
        "collector",
        "handed_out",
        "timings",
    )

    def __init__(
        self,
        dialect: Dialect[ChunkT, ResultT],
        attempts: Attempts,
        *,
        clock: Clock,
        timings: StreamTimings,
        asked: int = 1,
    ) -> None:
        self.collector: Collector[Any, Any, ResultT] = dialect.collector()
        self.timings = timings
        self.handed_out = False
        self._asked = asked
        self._dialect = dialect
        self._attempts = attempts
        self._now = clock.now
        self._live: _Live[ChunkT] | None = None
        # Of the answer, from its headers on.
        self._headers: Mapping[str, str] | None = None
        self._status = 0
        self._identity: str | None = None
        self._retries_taken = 0
        self._life = Lifecycle()
        # What the last batch was followed by, to be raised when the next is asked for.
        self._problem: APIError | None = None
        self._failure: FireworksError | None = None
        self._ended = False
        # Seconds waited for nothing but empty deltas.
        self._waited = 0.0
        self._busy = False

    @property
    def state(self) -> str:
        """In one word: where the stream stands."""
        if self._failure is not None:
            return "failed"
        return self._life.state.value if self._headers is not None else "not sent"

    @property
    def is_live(self) -> bool:
        """Whether a connection is held."""
        return self._live is not None and self._live[0].is_held

    @property
    def info(self) -> "ResponseInfo":
        """The HTTP side of the answer.

        Raises:
            StreamStateError: No answer has come yet.
        """
        if self._headers is None:
            raise StreamStateError(
                "no answer has come yet: await the stream, enter it or iterate first"
            )
        return _response_info()(
            self._status,
            self._headers,
            self._identity,
            self._retries_taken,
            self.collector.perf_metrics,
        )

    async def open(self) -> None:
        """Send, unless that is done; status errors are raised here."""
        if self._live is None and not self._ended:
            await self.next_batch(only_open=True)

    async def next_batch(self, *, only_open: bool = False) -> list[ChunkT]:
        """The chunks of the next read that holds any; empty at the end.

        One coroutine from sending to failing, since each network read passes through
        it: split in three, the reader took twice as long over a chunk that came alone.

        Args:
            only_open: Send, if that is not done, and read nothing.

        Raises:
            APIError: The call failed; the same error each time it is asked again.
            StreamStateError: The stream was closed before its end, or another task is
                reading it.
        """
        if self._busy or self._failure is not None:
            raise self._refusal()
        self._busy = True
        try:
            while not self._ended:
                if self._problem is not None:
                    await self._overcome(self._problem)
                response, parser, limit = self._live or self._begin(
                    await self._attempts.open()
                )
                if only_open:
                    break
                try:
                    began = self._now()
                    limit.watch(began, self._waited)
                    data = await response.read()
                    limit.rest()
                except APIConnectionError as error:
                    limit.rest()
                    self._lose(error)
                    continue
                if chunks := self._take(parser, data, began):
                    return chunks
        except (FireworksError, asyncio.CancelledError) as problem:
            failure = self._ended_by(problem)
        except BaseException as problem:
            self.close(problem)
            raise
        else:
            return []
        finally:
            self._busy = False
            # Tracebacks show this frame, and an answer may repeat the key.
            data = b""
        # Outside the handlers, without the frames and the contexts of the attempts:
        # those may hold the request's headers.
        failure.__context__ = failure.__cause__ = None
        raise failure.with_traceback(None)

    def hand_out(self) -> None:
        """The caller sees a chunk: from now on the call is not repeated."""
        self.handed_out = True
        self._attempts.forget_request()

    def close(self, problem: BaseException | None = None) -> None:
        """Leave the stream: before its end, its connection is closed at once.

        Args:
            problem: Why, unless its reader wants no more.
        """
        if self._ended:
            return
        if self._failure is None:
            self._failure = StreamStateError(
                "the stream was left before its end, and is closed"
            )
        if self.timings.done_at is None:
            self.timings.done_at = self._now()
        if self._busy:
            # Another task sends, waits or reads: it gets the error.
            self._attempts.abort(self._failure)
        self._attempts.close(succeeded=False, answer=self.collector, problem=problem)
        self._let_go()

    def _refusal(self) -> FireworksError:
        if self._failure is not None:
            return self._failure.with_traceback(None)
        return StreamStateError("another task is reading this stream")

    def _begin(self, response: ByteResponse) -> _Live[ChunkT]:
        headers = response.headers
        self._headers = headers
        self._status = response.status
        self._identity = request_id(headers)
        self._retries_taken = self._attempts.retries_taken
        if self._retries_taken:
            self._life = Lifecycle()
            self.collector = self._dialect.collector()
        self._waited = 0.0
        parser = parser_for(self._dialect, headers, request_id=self._identity)
        limit = self._attempts.limit
        limit.guard(response.close)
        self._live = live = (response, parser, limit)
        return live

    def _take(
        self, parser: BodyParser[ChunkT], data: bytes, began: float
    ) -> list[ChunkT]:
        """The chunks in what came of a wait that began then, folded in."""
        if self._failure is not None:
            # Closed by another task in the very step in which the bytes came.
            raise self._failure
        chunks = parser.feed(data) if data else parser.feed_eof()
        now = self._now()
        # Empty deltas are a server's way to say that it is still there, like comments:
        # the silence goes on.
        silent = True
        if chunks:
            collector, timings = self.collector, self.timings
            milestones = collector.milestones
            if collector.add(chunks):
                silent = False
                if timings.first_delta_at is None:
                    timings.first_delta_at = now
                timings.last_delta_at = now
            if collector.milestones != milestones:
                silent = False
                self._life.on(Signal.FINISHED if collector.is_whole else Signal.CHUNKS)
        elif parser.progressed:
            silent = False
        self._waited = self._waited + now - began if silent else 0.0
        if parser.done or not data:
            self._conclude(_signal_of(parser, at_end=not data))
        return chunks

    def _lose(self, error: APIConnectionError) -> None:
        """The rest of the body does not come."""
        all_is_there = self.collector.is_whole and self.collector.begun >= self._asked
        if isinstance(error, APITimeoutError) and (
            error.phase != "receive" or not all_is_there
        ):
            self._problem = error
        else:
            # When all that was awaited is there, only the server's goodbye is not.
            self._conclude(Signal.LOST)

    async def _overcome(self, problem: APIError) -> None:
        """Make ready for another attempt, or raise."""
        self._let_go()
        if self.handed_out or not await self._attempts.may_repeat(problem):
            raise problem
        self._problem = None
        # The next may be refused, and then there was no first token.
        self.timings.first_delta_at = self.timings.last_delta_at = None

    def _conclude(self, signal: Signal) -> None:
        state = self._life.on(signal)
        if state is State.DONE and not self._lacks_choices(signal):
            self._ended = True
            self.timings.done_at = self._now()
            self._attempts.close(succeeded=True, answer=self.collector)
            assert self._live is not None
            self._live[0].finish()
            self._live = None
        elif state is State.FAILED:
            assert self._live is not None
            self._problem = self._live[1].failure
        else:
            self._problem = StreamTruncatedError(
                f"{_HOW_IT_ENDED[signal]} before every choice had its finish_reason"
            )

    def _lacks_choices(self, signal: Signal) -> bool:
        """Whether choices that were asked for never began.

        ``[DONE]``, or an answer in one piece, is the server's word that there are no
        more than came.
        """
        if signal is Signal.SENTINEL or self.collector.begun >= self._asked:
            return False
        return self._live is None or not self._live[1].is_one_piece

    def _ended_by(
        self, problem: FireworksError | asyncio.CancelledError
    ) -> BaseException:
        """Let go of all, and make the problem ready to be raised."""
        if isinstance(problem, FireworksError):
            problem = self._failure = self._described(problem)
        # A cancellation stays as it is: a timeout around makes it its error's cause.
        self.close(problem)
        return problem

    def _described(self, error: FireworksError) -> FireworksError:
        if isinstance(error, APIError):
            if error.partial is None and self.collector.has_begun:
                error.partial = self.collector.result()
            error.request_id = error.request_id or self._identity
        return self._attempts.redacted(error)

    def _let_go(self) -> None:
        live, self._live = self._live, None
        if live is not None:
            live[0].close()


def reader_for(
    service: Service,
    dialect: Dialect[ChunkT, ResultT],
    request: WireRequest,
    options: CallOptions,
) -> AnswerReader[ChunkT, ResultT]:
    """Prepare a call; nothing is sent."""
    timings = StreamTimings()
    attempts = service.attempts(request, options, timings)
    clock = service.transport.clock
    return AnswerReader(
        dialect, attempts, clock=clock, timings=timings, asked=request.choices
    )


def _signal_of(parser: BodyParser[Any], *, at_end: bool) -> Signal:
    """How the stream ended."""
    if parser.failure is not None:
        return Signal.ERROR
    return Signal.END if at_end else Signal.SENTINEL

"""Keeps rows in flight: takes, admits, sends, sends again, records; until all is over.

One task dispatches, and each attempt is made by another, which goes on with the next
row if that may be sent at once: what is made for it then takes the room of what is let
go. (With a task a row, many are let go before many are made, and Python's garbage
collector takes those for growth: a tenth of all that a row costs.) A row holds its
permit until its answer is recorded. What is waiting to be sent again holds none, and
counts, so that no more than a window of rows is ever in memory.
"""

import asyncio
import heapq
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from fireworks_async.batch._cost import Bill
from fireworks_async.batch._health import OF_THE_ROW, Health, StopReason
from fireworks_async.batch._intake import Intake, Sink
from fireworks_async.batch._interfaces import Limiter, Outcome
from fireworks_async.batch._records import BatchResult
from fireworks_async.batch._retries import Breaker, Retries
from fireworks_async.batch._rows import Row
from fireworks_async.batch._senders import Attempt, Sender, Sending
from fireworks_async.batch._shares import Shares
from fireworks_async.batch._tally import BatchProgress, Tally
from fireworks_async.errors import FireworksError

__all__ = ("Engine",)

# Rows that wait to be sent again, beyond those in flight.
_WINDOW: Final = 1000


class Engine:
    """One run.

    Args:
        intake: Where rows come from.
        sender: Makes attempts.
        limiter: Says when.
        sink: Takes results.
        tally: Counts.
        retries: Decides on them.
        breaker: Holds rows back while nothing succeeds.
        bill: What rows cost, and what they may.
        shares: Joins rows of the same request; None to send each.
        random: Numbers from 0 to 1.
    """

    def __init__(
        self,
        *,
        intake: Intake,
        sender: Sender,
        limiter: Limiter,
        sink: Sink,
        tally: Tally,
        retries: Retries,
        breaker: Breaker,
        bill: Bill,
        random: Callable[[], float],
        shares: Shares | None = None,
    ) -> None:
        self._intake = intake
        self._sender = sender
        self._limiter = limiter
        self._sink = sink
        self._tally = tally
        self._retries = retries
        self._breaker = breaker
        self._health = Health(breaker)
        self._bill = bill
        self._random = random
        self._shares = shares
        self._loop = asyncio.get_running_loop()
        self._now = self._loop.time
        self._changed = asyncio.Event()
        self._attempts: set[asyncio.Task[None]] = set()
        self._again: list[tuple[float, int, Row]] = []
        self._given_up: list[Row] = []
        self._next_up: Row | None = None
        # Taken by a task that could not send it: for the dispatcher.
        self._left: Row | None = None
        self._fetching: asyncio.Task[None] | None = None
        self._dispatching: asyncio.Task[None] | None = None
        self._has_ended = False
        self._waits_for_money = False
        self._problem: BaseException | None = None
        self.stopped: StopReason | None = None
        self.stopped_by = ""

    async def run(self, *, drain: float | None = None) -> None:
        """Send all rows, or until ``stop``.

        Args:
            drain: Seconds that attempts in flight have after a stop; None for as long
                as their timeouts allow.

        Raises:
            BatchError: What is needed to go on failed: the input, or the disk.
        """
        if self.stopped is not None:
            return
        self._dispatching = asyncio.ensure_future(self._dispatch())
        try:
            await asyncio.wait([self._dispatching])
            if self._attempts:
                await asyncio.wait(self._attempts, timeout=drain)
        finally:
            await self._end()
        if self._problem is not None:
            raise self._problem
        await self._note_what_was_spent()

    def stop(self, reason: StopReason, said: str = "") -> None:
        """Send no more rows; those in flight may end."""
        if self.stopped is None:
            self.stopped, self.stopped_by = reason, said
        if self._dispatching is not None:
            self._dispatching.cancel()

    def abort(self) -> None:
        """Give up what is in flight."""
        self.stop("interrupted")
        for attempt in self._attempts:
            attempt.cancel()

    def progress(self) -> BatchProgress:
        """Where the run stands."""
        return self._tally.progress(
            self._now(),
            in_flight=len(self._attempts),
            retrying=len(self._again),
            spent=self._bill.budget.spent,
            run_cost=self._bill.run,
            waiting_for=self._waiting_for(),
        )

    async def _dispatch(self) -> None:
        while not self._is_over():
            self._fetch()
            row = self._next()
            if self._shares is not None and self._shares.late:
                await self._shares.flush()
            if row is None:
                self._fetch()
                await self._wait()
                continue
            # A stop may come before it is sent, and it may have been sent before.
            self._next_up = row
            bound = await self._afforded(row)
            if bound is None:
                return
            permit = await self._limiter.admit(row)
            self._breaker.sent()
            self._next_up = None
            sending = Sending(row, permit, bound)
            working = self._loop.create_task(self._work(sending))
            self._attempts.add(working)
            working.add_done_callback(partial(self._ended, sending))

    def _is_over(self) -> bool:
        return (
            self._has_ended
            and self._intake.is_empty
            and not self._again
            and not self._attempts
            and self._left is None
        )

    async def _work(self, sending: Sending) -> None:
        await self._attempt(sending)
        while self._follows(sending):
            await self._attempt(sending)

    def _follows(self, sending: Sending) -> bool:
        """Let a row take the place of one that is over, if it may be sent at once."""
        self._changed.set()
        dispatching = self._dispatching
        if self.stopped or self._waits_for_money:
            return False
        if dispatching is None or dispatching.done():
            return False
        # With shares, those that joined too late are to be seen to in between.
        if self._shares is not None or (row := self._next()) is None:
            return False
        self._left = row
        bound = self._bill.reserve(row)
        if bound is None:
            return False
        permit = self._limiter.admit_now(row)
        if permit is None:
            self._bill.budget.settle(bound, 0.0)
            return False
        self._left = None
        self._breaker.sent()
        self._fetch()
        sending.begin(row, permit, bound)
        return True

    def _next(self) -> Row | None:
        """A row that may be sent now."""
        breaker, again, shares = self._breaker, self._again, self._shares
        if breaker.is_open and breaker.wait(self._now()) > 0.0:
            return None
        if (left := self._left) is not None:
            self._left = None
            return left
        if again and again[0][0] <= self._now():
            return heapq.heappop(again)[2]
        while len(again) + (0 if shares is None else shares.waiting) < _WINDOW:
            row = self._intake.take()
            if row is None or shares is None or not shares.joins(row):
                return row
            self._fetch()
        return None

    async def _wait(self) -> None:
        """Until something has changed: an attempt, the input, the time."""
        now = self._now()
        pauses = [self._breaker.wait(now)] if self._breaker.is_open else []
        if self._again and not pauses:
            pauses.append(self._again[0][0] - now)
        pause = min(pauses, default=float("inf"))
        timer = None
        if pause != float("inf"):
            timer = self._loop.call_later(pause, self._changed.set)
        try:
            await self._changed.wait()
        finally:
            if timer is not None:
                timer.cancel()
        self._changed.clear()

    def _fetch(self) -> None:
        if self._fetching is None and not self._has_ended and self._intake.wants_more:
            self._fetching = asyncio.ensure_future(self._more())

    async def _more(self) -> None:
        try:
            self._has_ended = not await self._intake.more()
        except Exception as error:  # noqa: BLE001 - whatever the caller's iterable raises
            self._fail(error, gives_up=False)
        finally:
            self._fetching = None
            self._changed.set()

    async def _afforded(self, row: Row) -> float | None:
        """What was set aside for the row; None when there is not enough, for good."""
        while (bound := self._bill.reserve(row)) is None:
            if not self._attempts:
                self.stop("cost", self._bill.said(row))
                return None
            self._waits_for_money = True
            self._changed.clear()
            await self._changed.wait()
        self._waits_for_money = False
        return bound

    async def _attempt(self, sending: Sending) -> None:
        row = sending.row
        sending.has_begun = True
        attempt = await self._sender.send(row, affinity=self._intake.affinity(row))
        sending.is_over = True
        self._intake.settled(row)
        cost = self._bill.settle(
            row, sending.bound, attempt.usage, may_be_free=not attempt.has_begun
        )
        tally = self._tally
        if attempt.cause != "invalid":
            row.attempts += 1
            tally.attempts += 1
            if row.failures:
                tally.retried += 1
        if cost is None and attempt.cause is not None:
            # Begun, and without usage: nobody knows what it cost.
            tally.in_doubt += 1
        try:
            if self._is_answered(row, attempt):
                result = _result(row, attempt, cost)
                place = await self._sink.put(result)
                tally.recorded(result, cost=cost)
                if self._shares is not None:
                    await self._shares.settle(row, result, place)
        finally:
            sending.permit.settle(attempt)

    def _is_answered(self, row: Row, attempt: Attempt) -> bool:
        """Whether the row is over, well or not; else it is sent again."""
        if attempt.cause is None:
            self._retries.succeeded(row.failures)
            self._health.succeeded()
            return True
        row.failures += (attempt.cause,)
        self._tally.causes[attempt.cause] += 1
        if (reason := self._health.failed(row, attempt, self._now())) is not None:
            self.stop(reason, str(attempt.error or ""))
        return not self._repeats(row, attempt)

    def _repeats(self, row: Row, attempt: Attempt) -> bool:
        """Whether the row is not over: it is sent again, by this run or another."""
        if attempt.cause == "account":
            self._given_up.append(row)
            return True
        delay = self._retries.decide(
            row.failures,
            retry_after=attempt.retry_after,
            random=self._random(),
        )
        if delay is None:
            is_over = self.stopped != "failing" or attempt.cause in OF_THE_ROW
            if not is_over:
                self._given_up.append(row)
            return not is_over
        when = self._now() + delay
        heapq.heappush(self._again, (when, self._tally.attempts, row))
        return True

    def _ended(self, sending: Sending, working: asyncio.Task[None]) -> None:
        self._attempts.discard(working)
        self._changed.set()
        if not sending.is_over:
            self._give_up(sending)
        if not working.cancelled() and (error := working.exception()) is not None:
            self._fail(error)

    def _give_up(self, sending: Sending) -> None:
        """An attempt was cancelled: what was set aside for it may have been spent."""
        sending.permit.settle(Outcome(cause="cancelled"))
        row, has_begun = sending.row, sending.has_begun
        self._bill.settle(row, sending.bound, None, may_be_free=not has_begun)
        self._tally.in_doubt += has_begun
        row.attempts += has_begun
        self._given_up.append(row)

    def _fail(self, error: BaseException, *, gives_up: bool = True) -> None:
        """What is needed to go on is gone: end, if need be without rows in flight."""
        if self._problem is None:
            self._problem = error
        for attempt in self._attempts if gives_up else ():
            attempt.cancel()
        if self._dispatching is not None:
            self._dispatching.cancel()

    async def _end(self) -> None:
        own = (self._dispatching, self._fetching)
        tasks: list[asyncio.Task[Any]] = [task for task in own if task is not None]
        tasks += self._attempts
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        for error in ended:
            if isinstance(error, Exception) and self._problem is None:
                self._problem = error

    async def _note_what_was_spent(self) -> None:
        """Record rows that cost something and are not over: another run goes on."""
        rows = [*self._given_up, *(row for _, _, row in self._again)]
        rows += (row for row in (self._next_up, self._left) if row is not None)
        unfinished = Attempt(
            error=FireworksError("the run was stopped before the row was answered"),
            cause="cancelled",
        )
        await asyncio.gather(
            *(
                self._sink.put(_result(row, unfinished, row.spent))
                for row in rows
                if row.attempts and row.spent
            )
        )

    def _waiting_for(self) -> str | None:
        if self._waits_for_money:
            return "rows in flight: the cost ceiling is near"
        held = self._health.waiting_for(self._now())
        return held or self._limiter.statistics().waiting_for


def _result(row: Row, attempt: Attempt, cost: float | None) -> BatchResult:
    return BatchResult(
        custom_id=row.custom_id,
        line=row.line,
        endpoint=row.endpoint,
        request=row.body,
        response=attempt.response,
        error=attempt.error,
        cause=attempt.cause,
        attempts=row.attempts,
        request_id=attempt.request_id,
        usage=attempt.usage,
        ttft=attempt.ttft,
        e2e=attempt.e2e,
        cost=None if cost is None and not row.spent else row.spent,
        digest=row.digest.hex(),
    )

"""Time limits for many calls by one timer.

A call that begins to wait leaves a deadline; one timer looks at all calls when the
earliest deadline may have come, at most twenty times a second. Nothing is scheduled or
cancelled per read: with a timer per read, 1,000 streams of 20 events a second lagged 60
times more at the 99th percentile (dead timers pile up in the loop's heap).

A limit is never early, and late by at most ``GRAIN``.
"""

import asyncio
import math
from collections.abc import Callable
from typing import Final, Self

from fireworks_async._net.interfaces import Clock, Timer
from fireworks_async._policy.timeouts import Timeout
from fireworks_async.errors import APITimeoutError, FireworksError, TimeoutPhase

__all__ = ("GRAIN", "TimeLimit", "Watchdog")

GRAIN: Final = 0.05
"""Seconds that a limit may be late."""

_NEVER: Final = math.inf
_MESSAGES: Final[dict[TimeoutPhase, str]] = {
    "pool": "not admitted within {:g} s: too many calls are in flight",
    "connect": "no connection within {:g} s",
    "receive": "nothing received for {:g} s",
    "total": "not done within {:g} s in all",
}


class TimeLimit:
    """The limits of one call.

    Around a wait that only this task can end, a context manager that works like
    ``asyncio.timeout``: the task is cancelled, and the cancellation becomes an
    ``APITimeoutError`` unless somebody else cancelled the task as well. Around a read,
    which an answer that is closed ends too, just ``watch`` and ``rest``, once the
    answer is under ``guard``.
    """

    __slots__ = (
        "_cancelling",
        "_end",
        "_ending",
        "_phase",
        "_receive",
        "_task",
        "_timeout",
        "_total_at",
        "_watchdog",
        "deadline",
    )

    def __init__(
        self,
        watchdog: "Watchdog",
        timeout: Timeout,
        total_at: float,
    ) -> None:
        self._watchdog = watchdog
        self._timeout = timeout
        self._phase: TimeoutPhase = "receive"
        self._total_at = total_at
        self._receive = _NEVER if timeout.receive is None else timeout.receive
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0
        self._ending: FireworksError | None = None
        self._end: Callable[[FireworksError], None] | None = None
        self.deadline = _NEVER

    def during(self, phase: TimeoutPhase) -> Self:
        """Set what the block waits for, and start its clock anew."""
        self._phase = phase
        if self._task is not None:
            self._set_deadline()
        return self

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        assert task is not None
        self._cancelling = task.cancelling()
        self._set_deadline()
        self._task = task
        return self

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        task = self._task
        self._task = None
        self.deadline = _NEVER
        ending, self._ending = self._ending, None
        if ending is None:
            return
        assert task is not None
        # Somebody else's cancellation in the same step goes first.
        if task.uncancel() <= self._cancelling and isinstance(
            error, asyncio.CancelledError
        ):
            raise ending

    def guard(self, end: Callable[[FireworksError], None]) -> None:
        """From now on reads are watched, and ended by ``end`` with the error given."""
        self._phase = "receive"
        self._end = end

    def watch(self, now: float, waited: float) -> None:
        """A read begins, which goes on with a silence of so many seconds.

        Raises:
            APITimeoutError: The time is over.
        """
        # Once per network read: no more than this.
        deadline = now + self._receive - waited
        if deadline > self._total_at:  # noqa: PLR1730 - a call less
            deadline = self._total_at
        if now < deadline >= self._watchdog.next_look:
            self.deadline = deadline
        else:
            self._begin_wait(deadline, now)

    def rest(self) -> None:
        """Nothing is read any more; the caller's own time does not count."""
        self.deadline = _NEVER

    def close(self) -> None:
        """Stop being watched; idempotent."""
        self._watchdog.forget(self)

    def fire(self, now: float) -> None:
        """End the wait; called by the watchdog once the deadline has passed."""
        self.abort(self._timed_out(now))

    def abort(self, error: FireworksError) -> None:
        """End the wait, or the answer that is guarded, with this error."""
        self.deadline = _NEVER
        if self._task is not None:
            if self._ending is None:
                self._ending = error
                self._task.cancel()
        elif self._end is not None:
            self._end(error)

    def _timed_out(self, now: float) -> APITimeoutError:
        phase = "total" if now >= self._total_at else self._phase
        seconds = getattr(self._timeout, phase)
        return APITimeoutError(_MESSAGES[phase].format(seconds), phase=phase)

    def _set_deadline(self) -> None:
        now = self._watchdog.clock.now()
        limit: float | None = getattr(self._timeout, self._phase)
        self._begin_wait(
            self._total_at if limit is None else min(now + limit, self._total_at), now
        )

    def _begin_wait(self, deadline: float, now: float) -> None:
        if deadline <= now:
            # What is waited for may be there already, and then nobody would look.
            self.deadline = _NEVER
            raise self._timed_out(now)
        self.deadline = deadline
        if deadline < self._watchdog.next_look:
            self._watchdog.look_at(deadline)


class Watchdog:
    """Looks at all time limits of a pool."""

    __slots__ = ("_limits", "_timer", "clock", "next_look")

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.next_look = _NEVER
        self._timer: Timer | None = None
        self._limits: set[TimeLimit] = set()

    def __len__(self) -> int:
        return len(self._limits)

    def limit(self, timeout: Timeout) -> TimeLimit:
        """Limits for one call; the total counts from now."""
        total = timeout.total
        total_at = _NEVER if total is None else self.clock.now() + total
        limit = TimeLimit(self, timeout, total_at)
        self._limits.add(limit)
        return limit

    def forget(self, limit: TimeLimit) -> None:
        """Stop looking at it."""
        self._limits.discard(limit)

    def look_at(self, when: float) -> None:
        """Look again at ``when``, which is before the next look."""
        if self._timer is not None:
            self._timer.cancel()
        self.next_look = when
        self._timer = self.clock.call_at(when, self._look)

    def abort_all(self, error: Callable[[], FireworksError]) -> None:
        """End every wait that is watched, each with an error of its own."""
        for limit in tuple(self._limits):
            limit.abort(error())

    def close(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        self.next_look = _NEVER

    def _look(self) -> None:
        now = self.clock.now()
        self._timer = None
        self.next_look = earliest = _NEVER
        for limit in self._limits:
            if limit.deadline <= now:
                limit.fire(now)
            elif limit.deadline < earliest:
                earliest = limit.deadline
        if earliest < _NEVER:
            self.look_at(max(earliest, now + GRAIN))

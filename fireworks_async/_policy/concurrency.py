"""How many calls should be in flight: a number that follows what became of the calls.

Three things move it. A refusal for want of capacity cuts it, once for all calls that
were admitted before the cut showed. A queue at the server sets it to what the server
serves without one, by Little's law. Success raises it, and only while it is the limit
that calls wait for: by doubling at first; after a cut, first back to where the
refusals began, then slowly past it, then ever faster, so that both a lasting capacity
is held closely and a risen one is found soon (as CUBIC does, with a flatter middle).
"""

from collections import deque
from statistics import median
from typing import Final, NamedTuple

import msgspec

__all__ = ("AdaptiveConcurrency", "Admitted", "LimitChange")

_CUT: Final = 0.9
_PLATEAU: Final = 5.0
"""Seconds from a cut back to where it happened, at least; as much again to 10 % past."""
_LONGEST_STEP: Final = 1.0
"""Seconds without news that count as growth at most."""
_FAILING: Final = 0.3
"""Share of calls that fail at the server beyond which nothing grows."""
_OVERLOADED: Final = 0.3
"""Share of 503s among the latest few beyond which they are a sign of too many calls."""
_FEW: Final = 1 / 10
_SMOOTHING: Final = 1 / 50
_IMPROVED: Final = 0.8
"""What a cut must have made of a queue to have helped."""
_HISTORY: Final = 1000


class Admitted(msgspec.Struct):
    """One call, as it was admitted.

    Attributes:
        sequence: Calls are numbered in the order of their admission, from 1.
        in_flight: Calls in flight then, this one counted.
    """

    sequence: int
    in_flight: int


class LimitChange(NamedTuple):
    """One entry of the limit's history.

    Attributes:
        at: Monotonic seconds.
        limit: From then on.
        reason: ``start``, ``growth``, ``refused``, ``overloaded``, ``queue`` or
            ``restart``.
    """

    at: float
    limit: int
    reason: str


class AdaptiveConcurrency:
    """A limit between a floor and a ceiling; equal ones make a fixed limit.

    Args:
        initial: The limit at first.
        floor: The limit never falls below it; at least 1.
        ceiling: Nor exceeds this.
        now: Monotonic seconds.

    Attributes:
        limit: How many calls may be in flight.
        is_fixed: Whether nothing that is heard can move the limit.
        history: The limit's latest changes.
        futile_cuts: How many cuts in a row have not made the queue shorter.
    """

    def __init__(
        self, *, initial: int, ceiling: int, now: float, floor: int = 1
    ) -> None:
        self._floor = float(max(1, floor))
        self._ceiling = max(self._floor, float(ceiling))
        self._initial = min(self._ceiling, max(self._floor, float(initial)))
        self._limit = self._initial
        self.limit = int(self._limit)
        self.is_fixed = self._floor == self._ceiling
        self._doubling = True
        # Where refusals began, and how long calls have waited for the limit since.
        self._peak = self._ceiling
        self._age = 0.0
        self._last_success_at = now
        self._full_at = 0
        self._episode_ends = 0
        self._failing = 0.0
        self._overloaded = 0.0
        self._total = 0.0
        self._queue_ends = 0
        self._queues: list[float] = []
        self._totals: list[float] = []
        self._busiest = 0
        self._longest_queue = 0.0
        self.futile_cuts = 0
        self._may_grow = True
        self.history: deque[LimitChange] = deque(maxlen=_HISTORY)
        self._note(now, "start")

    @property
    def failing(self) -> float:
        """Share of the latest calls that failed at the server."""
        return self._failing

    def was_full(self, sequence: int) -> None:
        """A call had to wait for the limit; the latest admitted has this number."""
        self._full_at = sequence

    def succeeded(
        self,
        call: Admitted,
        *,
        latest: int,
        in_flight: int,
        total: float,
        queued: float | None,
        bearable: float,
        now: float,
    ) -> None:
        """A call was answered.

        Args:
            call: Which.
            latest: The number of the call admitted last.
            in_flight: Calls in flight until now, this one counted.
            total: Seconds that it took.
            queued: Seconds of those that it waited at the server; None when unknown.
            bearable: Seconds of waiting there that are no sign of too many calls.
            now: Monotonic seconds.
        """
        self._count(failing=False, overloaded=False)
        if self.is_fixed:
            return
        self._total += (total - self._total) * (_SMOOTHING if self._total else 1)
        if queued is not None:
            self._busiest = max(self._busiest, in_flight)
            self._hear_queue(call, latest, queued, total, bearable, now)
        step = min(_LONGEST_STEP, now - self._last_success_at)
        self._last_success_at = now
        was_limited = self._full_at >= call.sequence
        if was_limited and self._may_grow and self._failing < _FAILING:
            self._grow(step, now)

    def refused(self, call: Admitted, *, latest: int, now: float) -> None:
        """A call was refused for want of capacity: 429, and no budget was used up."""
        self._cut(call, latest, now, "refused")

    def overloaded(self, call: Admitted, *, latest: int, now: float) -> None:
        """A call was answered 503; a few of them are weather, many are a load."""
        self._count(failing=True, overloaded=True)
        if self._overloaded > _OVERLOADED:
            self._cut(call, latest, now, "overloaded")

    def failed(self) -> None:
        """A call failed at the server, not by load: any other 5xx, a lost connection."""
        self._count(failing=True, overloaded=False)

    def restart(self, latest: int, now: float) -> None:
        """Begin anew, as after an outage; calls admitted before no longer count."""
        self._set(min(self._limit, self._initial))
        self._doubling = True
        self._may_grow = True
        self._failing = self._overloaded = 0.0
        self._episode_ends = self._queue_ends = latest
        self._queues.clear()
        self._totals.clear()
        self._note(now, "restart")

    def _count(self, *, failing: bool, overloaded: bool) -> None:
        self._failing += (failing - self._failing) * _SMOOTHING
        self._overloaded += (overloaded - self._overloaded) * _FEW

    def _grow(self, step: float, now: float) -> None:
        if self._doubling:
            wanted = self._limit + 1
        else:
            self._age += step
            period = max(_PLATEAU, self._total)
            wanted = self._peak * (1 + (1 - _CUT) * (self._age / period - 1) ** 5)
            # Never faster than doubling.
            wanted = min(wanted, self._limit + 1)
        if wanted > self._limit:
            self._set(wanted)
            self._note(now, "growth")

    def _cut(self, call: Admitted, latest: int, now: float, reason: str) -> None:
        # What was in flight before the refused call is what the server did take.
        taken = max(1.0, _CUT * (call.in_flight - 1))
        if call.sequence > self._episode_ends:
            self._episode_ends = latest
            # A refusal that concurrency does not explain halves it at most; and it was
            # no more than doubled since all went well.
            taken = max(taken, self._limit / 2)
            self._peak = max(self._limit / 2, min(self._limit, float(call.in_flight)))
            self._begin_climb(age=0.0)
            self._set(min(taken, _CUT * self._limit))
        elif self._peak / 2 < taken < self._limit:
            self._set(taken)
            self._peak = min(self._peak, float(call.in_flight))
        self._note(now, reason)

    def _hear_queue(
        self,
        call: Admitted,
        latest: int,
        queued: float,
        total: float,
        bearable: float,
        now: float,
    ) -> None:
        # Only calls admitted since the last change tell what it did.
        if call.sequence <= self._queue_ends:
            return
        self._queues.append(queued)
        self._totals.append(total)
        if len(self._queues) < min(32.0, max(4.0, self._limit / 4)):
            return
        typical = median(self._queues)
        self._may_grow = typical < bearable / 2
        if typical <= bearable:
            self._longest_queue = 0.0
            self.futile_cuts = 0
        else:
            helped = typical < _IMPROVED * self._longest_queue
            self.futile_cuts = 0 if helped else self.futile_cuts + 1
            self._longest_queue = typical
            # Little's law: of those in flight, this share only waits.
            share = (typical - bearable) / max(median(self._totals), typical)
            # A limit that was not reached did not make the queue.
            self._set(min(self._limit, self._busiest) * max(0.5, 1 - share))
            self._peak = self._limit
            self._begin_climb(age=max(_PLATEAU, self._total))
            self._note(now, "queue")
            self._queue_ends = latest
        self._queues.clear()
        self._totals.clear()
        self._busiest = 0

    def _set(self, limit: float) -> None:
        self._limit = min(self._ceiling, max(self._floor, limit))
        self.limit = int(self._limit)

    def _begin_climb(self, age: float) -> None:
        self._doubling = False
        self._age = age

    def _note(self, now: float, reason: str) -> None:
        """Keep a change; growth only by a tenth, so that the history stays short."""
        if self.history:
            last = self.history[-1]
            if last.limit == self.limit or (
                reason == last.reason == "growth" and self.limit < 1.1 * last.limit
            ):
                return
        self.history.append(LimitChange(now, self.limit, reason))

"""How much of a thing may be used over time: fixed budgets, and mirrors of the server's.

Pure arithmetic on numbers and moments handed in; nothing here waits or counts calls.
"""

import math
from typing import Final, NamedTuple

__all__ = ("Budget", "Mark", "MirroredBudget")

_MINUTE: Final = 60.0
_MARGIN: Final = 0.04
"""Share of the server's limit that stays unused, against errors of the estimates.

It is left once, not each minute: what is refilled is used in full.
"""
_LEAST_BURST: Final = 0.3
"""Share of the limit that may be used at once, however long calls take."""
_PACE_CUT: Final = 0.97
_PACE_REGAINED: Final = 0.001
"""Of the full pace, a second."""
_LEAST_PACE: Final = 0.5
_ANOTHER_PERIOD: Final = 1.5
"""Limits' worth of corrections one way, after which the period was the wrong one.

More than 1: a server that refills all at once is corrected by one limit each way.
"""


class Mark(NamedTuple):
    """Where a mirror stood when a call was admitted.

    Attributes:
        remaining: What the server was thought to have left, this call not counted.
        corrected: All corrections made until then.
    """

    remaining: float
    corrected: float


class Budget:
    """So much, refilled steadily; what is taken is given back when it was not used.

    An amount larger than the capacity is admitted from a full budget, and leaves a debt
    that is refilled before anything else is admitted: large calls are neither refused
    nor passed by.

    Args:
        rate: Refilled per second.
        capacity: How much can be saved up.
        now: Monotonic seconds.
    """

    __slots__ = ("_at", "_capacity", "_level", "_rate", "pace", "share")

    def __init__(self, *, rate: float, capacity: float, now: float) -> None:
        self._rate = rate
        self._capacity = capacity
        self._level = capacity
        self._at = now
        self.share = 1.0
        self.pace = 1.0

    @classmethod
    def per_minute(cls, amount: float, *, now: float) -> "Budget":
        """A budget of which no minute sees more than the amount.

        A second's worth can be saved up; it is taken off the rate.
        """
        capacity = max(1.0, amount / _MINUTE)
        return cls(rate=(amount - capacity + 1) / _MINUTE, capacity=capacity, now=now)

    def level(self, now: float) -> float:
        """What may be taken now; negative while a debt is paid."""
        self._refill(now)
        return self._level

    def wait(self, amount: float, now: float) -> float:
        """Seconds until the amount may be taken; 0 when it may now."""
        self._refill(now)
        missing = min(amount, self._capacity * self.share) - self._level
        # The refill of the time waited for may be short by a rounding.
        if missing <= 1e-6 * self._capacity:
            return 0.0
        rate = self._rate * self.share * self.pace
        return missing / rate if rate > 0 else math.inf

    def take(self, amount: float, now: float) -> None:
        """Use the amount, even beyond what there is."""
        self._refill(now)
        self._level -= amount

    def give(self, amount: float, now: float) -> None:
        """Give back what was taken and not used; a negative amount was used beyond."""
        self._refill(now)
        self._level = min(self._capacity * self.share, self._level + amount)

    def _refill(self, now: float) -> None:
        elapsed = now - self._at
        if elapsed > 0:
            self._at = now
            self._level = min(
                self._capacity * self.share,
                self._level + elapsed * self._rate * self.share * self.pace,
            )


class MirroredBudget(Budget):
    """A budget of the server's, followed by what its answers say is left.

    The server tells what was left when the call arrived; that is old when the call is
    over. So each call keeps a ``Mark`` of what was believed at its admission, and the
    difference to what the server said then, less what was corrected since, corrects
    both the belief and what may be taken.

    The headers do not say whether the limit is per minute or per second: it is taken
    as per minute until the server has given much more than that.

    Args:
        limit: As reported.
        remaining: As reported, when the call that brought it was admitted.
        taken: What was admitted since and is not reported.
        at_end: Whether the server charges when a call ends (generated tokens), not when
            it arrives.
        now: Monotonic seconds.
    """

    __slots__ = (
        "_believed",
        "_corrected",
        "_delay",
        "_limit",
        "_period",
        "_turned_at",
        "at_end",
    )

    def __init__(
        self, *, limit: float, remaining: float, taken: float, at_end: bool, now: float
    ) -> None:
        super().__init__(rate=0.0, capacity=0.0, now=now)
        self.at_end = at_end
        self._limit = limit
        self._period = _MINUTE
        self._delay = 0.0
        self._set_pace()
        self._believed = remaining if at_end else remaining - taken
        self._level = min(self._capacity, remaining - taken - _MARGIN * limit)
        self._corrected = 0.0
        # The least of all corrections, or the most in the shorter period.
        self._turned_at = 0.0

    @property
    def limit(self) -> float:
        """As last reported."""
        return self._limit

    @property
    def period(self) -> float:
        """Seconds in which the limit is refilled."""
        return self._period

    def mark(self, now: float) -> Mark:
        """What is believed to be left, before the call that is being admitted."""
        self._refill(now)
        return Mark(self._believed, self._corrected)

    def expect_delay(self, seconds: float) -> None:
        """Hear how long after its admission a call is charged, usually.

        Of calls admitted evenly, some are charged together, being of different
        lengths; so what may be admitted at once is less the longer they take.
        """
        self._delay = seconds
        self._set_pace()

    def admit(self, amount: float, now: float) -> None:
        """Take the amount for a call."""
        self.take(amount, now)
        if not self.at_end:
            self._believed -= amount

    def slow_down(self) -> None:
        """A call was refused for want of this: refill less than is allowed for a while.

        Where calls are charged in lumps, what is left varies, and an average that is
        just allowed is refused half of the time.
        """
        self.pace = max(_LEAST_PACE, _PACE_CUT * self.pace)

    def trust(self, now: float) -> None:
        """No call is in flight: all that the server has left may be taken."""
        self._refill(now)
        free = (self._believed - _MARGIN * self._limit) * self.share
        self._level = max(self._level, min(self._capacity * self.share, free))

    def settle(self, amount: float, used: float, now: float) -> None:
        """A call is over: it had taken the amount, and used so much."""
        self.give(amount - used, now)
        self._believed += -used if self.at_end else amount - used
        self._believed = min(self._limit, self._believed)

    def report(self, limit: float, remaining: float, mark: Mark, now: float) -> None:
        """Hear what the server had left when a call arrived.

        Args:
            limit: As reported.
            remaining: As reported, the call's own charge added again.
            mark: What was believed then.
            now: Monotonic seconds.
        """
        self._refill(now)
        if limit != self._limit:
            self._limit = limit
            self._set_pace()
        known = self._corrected - mark.corrected
        self._correct(remaining - mark.remaining - known)
        self._judge_period()

    def _correct(self, difference: float) -> None:
        self._corrected += difference
        self._believed = min(self._limit, self._believed + difference)
        self._level = min(
            self._capacity * self.share, self._level + difference * self.share
        )

    def _judge_period(self) -> None:
        """Take the limit for another period's when the corrections go on and on."""
        is_long = self._period == _MINUTE
        turn = min if is_long else max
        self._turned_at = turn(self._turned_at, self._corrected)
        gone = abs(self._corrected - self._turned_at)
        if gone > _ANOTHER_PERIOD * self._limit:
            self._period = 1.0 if is_long else _MINUTE
            self._turned_at = self._corrected
            self._set_pace()

    def _set_pace(self) -> None:
        self._rate = self._limit / self._period
        burst = 1 - _MARGIN - 1.5 * self._delay / self._period
        self._capacity = self._limit * max(_LEAST_BURST, burst)

    def _refill(self, now: float) -> None:
        elapsed = now - self._at
        if elapsed > 0:
            self._believed = min(
                self._limit, self._believed + elapsed * self._rate * self.share
            )
            self.pace = min(1.0, self.pace + elapsed * _PACE_REGAINED)
            super()._refill(now)

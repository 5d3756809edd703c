"""Whether a failed row is sent again, and when; nothing here waits or knows the time.

By cause, since the causes have nothing in common: a rate limit passes, a deployment
that starts takes minutes, a stall was paid for, a refusal will be repeated.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from fireworks_async.batch._causes import LONGEST_WAIT
from fireworks_async.batch._interfaces import Cause

__all__ = ("SCHEDULES", "Breaker", "Retries", "Schedule")


class Schedule(msgspec.Struct, frozen=True):
    """How failures of one cause are retried.

    Attributes:
        most: Retries for this cause at most, a row.
        base: Seconds; the longest wait before the first. It doubles with each.
        cap: Seconds that the wait never exceeds, unless the API asks for more.
        price: What a retry takes out of the quota of the run.
    """

    most: int
    base: float
    cap: float
    price: float


SCHEDULES: Final[Mapping[Cause, Schedule]] = {
    # Paced by the limiter; they say nothing about the health of the service.
    "rate_limit": Schedule(30, 1.0, 60.0, 0.0),
    "scaling_up": Schedule(60, 15.0, 30.0, 0.0),
    "overloaded": Schedule(8, 1.0, 60.0, 5.0),
    "server": Schedule(5, 0.5, 30.0, 5.0),
    "connection": Schedule(8, 0.5, 30.0, 5.0),
    "truncated": Schedule(3, 0.5, 10.0, 5.0),
    "protocol": Schedule(2, 0.5, 10.0, 5.0),
    # Generated, and billed, in vain.
    "stall": Schedule(1, 1.0, 10.0, 10.0),
    "timeout": Schedule(1, 1.0, 10.0, 10.0),
}
"""Causes that are not here are never retried."""

_MOST_DOUBLINGS: Final = 32


class Retries:
    """Decides on retries, and keeps the quota of the run.

    The quota is that of the AWS SDKs: 500, of which a retry takes 5 and one after a
    timeout 10; a success pays back what its own retries took, or 1. When it is used up,
    failures are recorded as they come: they can be sent again by another run.

    Args:
        schedules: By cause.
        most: Retries of one row at most, rate limits and starting deployments apart.
        no_rate_limits: Never retry a row that was refused for a rate limit.
        capacity: The quota.
    """

    def __init__(
        self,
        schedules: Mapping[Cause, Schedule] = SCHEDULES,
        *,
        most: int | None = None,
        no_rate_limits: bool = False,
        capacity: float = 500.0,
    ) -> None:
        self._schedules = dict(schedules)
        if no_rate_limits:
            self._schedules.pop("rate_limit", None)
        self._most = most
        self._capacity = capacity
        self._balance = capacity

    def decide(
        self,
        failures: tuple[Cause, ...],
        *,
        retry_after: float | None,
        random: float,
    ) -> float | None:
        """Seconds to wait before the row is sent again; None to give it up.

        Args:
            failures: Why its attempts failed, the last one too.
            retry_after: Seconds that the API asked for: a floor for the wait.
            random: From 0 to 1, drawn anew for each question.
        """
        cause = failures[-1]
        schedule = self._schedules.get(cause)
        floor = retry_after or 0.0
        if schedule is None or floor > LONGEST_WAIT:
            return None
        taken = failures.count(cause)
        if taken > schedule.most:
            return None
        if schedule.price:
            counted = sum(self._price(each) > 0 for each in failures)
            if self._most is not None and counted > self._most:
                return None
            if self._balance < schedule.price:
                return None
            self._balance -= schedule.price
        doubled = schedule.base * 2.0 ** min(taken - 1, _MOST_DOUBLINGS)
        return floor + random * min(schedule.cap, doubled)

    def succeeded(self, failures: tuple[Cause, ...]) -> None:
        """Pay in for a row that was answered after these failures."""
        if self._balance == self._capacity:
            return
        paid = sum(map(self._price, failures)) or 1.0
        self._balance = min(self._capacity, self._balance + paid)

    def _price(self, cause: Cause) -> float:
        schedule = self._schedules.get(cause)
        return 0.0 if schedule is None else schedule.price


class Breaker:
    """Notices that nothing succeeds any more, so that rows are not burnt on a wall.

    After ``threshold`` failures in a row it lets one row try after a pause, which
    doubles with each that fails, and everybody with the first that succeeds.

    Args:
        threshold: Failures in a row.
        first: Seconds of the first pause.
        longest: Seconds of the longest.
        patience: Seconds without a success after which the run should be stopped.
    """

    def __init__(
        self,
        *,
        threshold: int = 20,
        first: float = 1.0,
        longest: float = 30.0,
        patience: float = 600.0,
    ) -> None:
        self._threshold = threshold
        self._first = first
        self._longest = longest
        self._patience = patience
        self._streak = 0
        self._pause = first
        self._began = 0.0
        self._until = 0.0
        self._is_probing = False

    @property
    def is_open(self) -> bool:
        """Whether rows are being held back."""
        return self._streak >= self._threshold

    def wait(self, now: float) -> float:
        """Seconds until the next row may go; infinite while one tries for all."""
        if not self.is_open:
            return 0.0
        return float("inf") if self._is_probing else max(0.0, self._until - now)

    def sent(self) -> None:
        """A row goes."""
        self._is_probing = self.is_open

    def succeeded(self) -> None:
        """An answer came, or a refusal of the row: the service is there."""
        self._streak = 0
        self._pause = self._first
        self._is_probing = False

    def failed(self, now: float) -> None:
        """An attempt failed for a reason that is not the row's."""
        self._streak += 1
        if self._streak == 1:
            self._began = now
        if self._streak == self._threshold or self._is_probing:
            self._is_probing = False
            self._until = now + self._pause
            self._pause = min(self._longest, self._pause * 2.0)

    def has_given_up(self, now: float) -> bool:
        """Whether nothing has succeeded for so long that the run should stop."""
        return self.is_open and now - self._began >= self._patience

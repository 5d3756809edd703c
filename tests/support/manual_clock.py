"""A clock that stands still until a test moves it."""

import asyncio
import heapq
import itertools
from collections.abc import Callable

__all__ = ("ManualClock",)


class _ManualTimer:
    def __init__(self, callback: Callable[[], None]) -> None:
        self._callback: Callable[[], None] | None = callback

    @property
    def is_pending(self) -> bool:
        return self._callback is not None

    def cancel(self) -> None:
        self._callback = None

    def run(self) -> None:
        callback, self._callback = self._callback, None
        if callback is not None:
            callback()


class ManualClock:
    """A ``Clock`` whose time is ``time``.

    Attributes:
        time: Monotonic seconds; ``advance`` moves it.
        epoch: What ``wall()`` is ahead of it by.
        scheduled: How many timers were ever set, sleeps included.
        slept: The lengths of all sleeps, in the order in which they began.
        jumps: Whether a sleep moves the clock by itself, instead of waiting for it.
    """

    def __init__(
        self,
        time: float = 1_000.0,
        epoch: float = 1_780_000_000.0,
        *,
        jumps: bool = False,
    ) -> None:
        self.jumps = jumps
        self.time = time
        self.epoch = epoch
        self.scheduled = 0
        self.slept: list[float] = []
        self._timers: list[tuple[float, int, _ManualTimer]] = []
        self._numbers = itertools.count()

    @property
    def pending(self) -> int:
        """How many timers are set now."""
        return sum(timer.is_pending for _, _, timer in self._timers)

    @property
    def next_at(self) -> float | None:
        """When the earliest timer is due."""
        return min(
            (at for at, _, timer in self._timers if timer.is_pending), default=None
        )

    def now(self) -> float:
        return self.time

    def wall(self) -> float:
        return self.epoch + self.time

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if self.jumps:
            self.advance(seconds)
            await asyncio.sleep(0)
            return
        awake = asyncio.get_running_loop().create_future()
        timer = self.call_at(
            self.time + seconds, lambda: awake.done() or awake.set_result(None)
        )
        try:
            await awake
        finally:
            timer.cancel()

    def call_at(self, when: float, callback: Callable[[], None]) -> _ManualTimer:
        self.scheduled += 1
        timer = _ManualTimer(callback)
        heapq.heappush(self._timers, (when, next(self._numbers), timer))
        return timer

    def advance(self, seconds: float) -> None:
        """Move on, and run each timer on the way at its own time.

        What the timers wake runs when the test next gives way to the loop.
        """
        end = self.time + seconds
        while self._timers and self._timers[0][0] <= end:
            when, _, timer = heapq.heappop(self._timers)
            self.time = max(self.time, when)
            timer.run()
        self.time = end

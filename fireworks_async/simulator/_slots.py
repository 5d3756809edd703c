"""How many requests are worked on at a time, and the queue for who comes too many."""

import asyncio
from collections import deque

from fireworks_async.simulator._rejections import Rejection
from fireworks_async.simulator._replies import ErrorReply

__all__ = ("Slots",)


class Slots:
    """A number of places, and a queue before them: first come, first served.

    Args:
        count: How many places there are; None: as many as it takes.
        queue: How many requests may wait; None: any number.
        patience: How many seconds a request waits at most; None: for ever.
    """

    def __init__(
        self, count: int | None, *, queue: int | None, patience: float | None
    ) -> None:
        self._count = count
        self._queue = queue
        self._patience = patience
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._left = 0
        self.taken = 0

    @property
    def count(self) -> int | None:
        """How many places there are; it can be changed at any time, by any thread."""
        return self._count

    @count.setter
    def count(self, count: int | None) -> None:
        self._count = count
        if self._waiting:
            self._waiting[0].get_loop().call_soon_threadsafe(self._fill)

    @property
    def waiting(self) -> int:
        """How many requests wait now."""
        return len(self._waiting) - self._left

    async def take(self) -> ErrorReply | None:
        """Wait for a place and take it; give a refusal if there is none to be had."""
        if self._is_free and not self.waiting:
            self.taken += 1
            return None
        if self._queue is not None and self.waiting >= self._queue:
            return Rejection.overloaded()
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(self._patience):
                await turn
        except TimeoutError:
            self._give_up(turn)
            return Rejection.first_token_late()
        except asyncio.CancelledError:
            self._give_up(turn)
            raise
        return None

    def give_back(self) -> None:
        """Leave a place to the next who waits."""
        self.taken -= 1
        self._fill()

    @property
    def _is_free(self) -> bool:
        return self._count is None or self.taken < self._count

    def _fill(self) -> None:
        while self._waiting and self._is_free:
            turn = self._waiting.popleft()
            if turn.done():
                self._left -= 1
            else:
                self.taken += 1
                turn.set_result(None)

    def _give_up(self, turn: asyncio.Future[None]) -> None:
        if turn.cancelled():
            self._left += 1
        else:
            # Its turn had come in the very step in which it stopped waiting.
            self.give_back()

"""Admission: at most so many calls at once, first come, first served, each step O(1).

A place is handed from the one who leaves to the one who has waited longest; it is never
put back and raced for. The limit can move while calls wait.
"""

import asyncio
from collections import OrderedDict

from fireworks_async.errors import ClientClosedError

__all__ = ("Gate",)


class Gate:
    """A first-in, first-out admission of up to ``limit`` holders."""

    __slots__ = ("_closed", "_limit", "_waiters", "admitted")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._closed = False
        # Ordered, so that both ends of a wait cost O(1): a place handed over takes the
        # first, a wait that is cancelled takes itself out. A plain dict would have to
        # step over all that left before its first.
        self._waiters: OrderedDict[asyncio.Future[None], None] = OrderedDict()
        self.admitted = 0

    def __repr__(self) -> str:
        return f"<Gate {self.admitted}/{self._limit} admitted, {self.waiting} waiting>"

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiters)

    @property
    def limit(self) -> int:
        """How many are admitted at once; when lowered, those inside may stay."""
        return self._limit

    @limit.setter
    def limit(self, limit: int) -> None:
        self._limit = limit
        self._hand_over()

    def admit_nowait(self) -> bool:
        """Take a place if one is free and nobody waits for it.

        Raises:
            ClientClosedError: The gate was closed.
        """
        if self._closed:
            raise ClientClosedError("the client is closed")
        if self.admitted >= self._limit or self._waiters:
            return False
        self.admitted += 1
        return True

    async def admit(self) -> None:
        """Wait for a place.

        Raises:
            ClientClosedError: The gate was closed.
        """
        if self.admit_nowait():
            return
        waiter = asyncio.get_running_loop().create_future()
        self._waiters[waiter] = None
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter in self._waiters:
                del self._waiters[waiter]
            elif not waiter.cancelled() and waiter.exception() is None:
                # Handed a place and cancelled in the same step: the next one gets it.
                self.release()
            raise

    def release(self) -> None:
        """Give a place back; exactly once for each ``admit``."""
        self.admitted -= 1
        self._hand_over()

    def close(self) -> None:
        """Turn away those who wait and all who come."""
        self._closed = True
        while self._waiters:
            waiter, _ = self._waiters.popitem(last=False)
            if not waiter.done():
                waiter.set_exception(ClientClosedError("the client was closed"))

    def _hand_over(self) -> None:
        while self._waiters and self.admitted < self._limit:
            waiter, _ = self._waiters.popitem(last=False)
            # One that was cancelled is done, and takes itself out when its task runs.
            if not waiter.done():
                self.admitted += 1
                waiter.set_result(None)

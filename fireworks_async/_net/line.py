"""Waiting in line: first come, first served, each step O(1), no place lost on the way.

Who is first, and what is waited for, is known here; when it is free is known to whoever
keeps the line.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from fireworks_async.errors import FireworksError

__all__ = ("Line",)

WishT = TypeVar("WishT")
PlaceT = TypeVar("PlaceT")


class Line(Generic[WishT, PlaceT]):
    """Those who wait, each with a wish, for a place.

    A place is handed to the one who has waited longest; it is never put back and raced
    for.
    """

    __slots__ = ("_waiters",)

    def __init__(self) -> None:
        # Ordered, so that both ends of a wait cost O(1): a place handed over takes the
        # first, a wait that is cancelled takes itself out. A plain dict would have to
        # step over all that left before its first.
        self._waiters: OrderedDict[asyncio.Future[PlaceT], WishT] = OrderedDict()

    def __len__(self) -> int:
        return len(self._waiters)

    async def wait(self, wish: WishT, give_back: Callable[[PlaceT], None]) -> PlaceT:
        """Wait for a place.

        Args:
            wish: What the keeper of the line sees of it.
            give_back: Called with a place that came in the step of a cancellation.

        Raises:
            FireworksError: The line was closed.
        """
        waiter: asyncio.Future[PlaceT] = asyncio.get_running_loop().create_future()
        self._waiters[waiter] = wish
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter in self._waiters:
                del self._waiters[waiter]
            elif not waiter.cancelled() and waiter.exception() is None:
                # Handed a place and cancelled in the same step: the next one gets it.
                give_back(waiter.result())
            raise

    def first(self) -> WishT | None:
        """The wish of the one who has waited longest; None when nobody waits."""
        while self._waiters:
            waiter = next(iter(self._waiters))
            if not waiter.done():
                return self._waiters[waiter]
            # Cancelled, and its task has not run since.
            del self._waiters[waiter]
        return None

    def hand(self, place: PlaceT) -> bool:
        """Give the one who has waited longest a place; whether anybody took it."""
        while self._waiters:
            waiter, _ = self._waiters.popitem(last=False)
            if not waiter.done():
                waiter.set_result(place)
                return True
        return False

    def close(self, make_error: Callable[[], FireworksError]) -> None:
        """Turn away all who wait, each with an error of its own."""
        while self._waiters:
            waiter, _ = self._waiters.popitem(last=False)
            if not waiter.done():
                waiter.set_exception(make_error())

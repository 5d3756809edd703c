"""Connections between the last event of an answer and the end of its body.

The caller is done at ``[DONE]``; the few bytes behind it come a moment later, and only
then can the connection serve again. So a call that finds no idle connection waits that
moment for one that is about to be, rather than open another: 20 streams one after the
other then take 1 connection instead of 20, each with its TCP and TLS handshakes.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from fireworks_async._net.interfaces import Clock, Timer

__all__ = ("DRAIN", "PATIENCE", "Drain", "Drains")

DRAIN: Final = 0.1
"""Seconds after which a body that does not end has its connection closed."""

PATIENCE: Final = 0.025
"""Seconds that a call waits for a connection to be drained: less than a handshake."""


class Drain:
    """One body on its way to the end."""

    __slots__ = ("_close", "_drains", "_timer")

    def __init__(self, drains: "Drains", close: Callable[[], None]) -> None:
        self._drains = drains
        self._close = close
        self._timer: Timer | None = None

    def begin(self) -> None:
        """Bound the time."""
        clock = self._drains.clock
        self._timer = clock.call_at(clock.now() + DRAIN, self.give_up)

    def ended(self) -> None:
        """The body has ended in time, and the connection is idle."""
        self._settle(in_time=True)

    def give_up(self) -> None:
        """Close the connection; a no-op when the body has ended."""
        if self._settle(in_time=False):
            self._close()

    def _settle(self, *, in_time: bool) -> bool:
        if self._timer is None:
            return False
        self._timer.cancel()
        self._timer = None
        self._drains.settle(self, in_time=in_time)
        return True


class Drains:
    """All bodies of a pool that are on their way to the end."""

    __slots__ = ("_on_settled", "_pay", "_pending", "_waiters", "clock")

    def __init__(self, clock: Clock, on_settled: Callable[[], None]) -> None:
        self.clock = clock
        self._on_settled = on_settled
        self._pending: dict[Drain, None] = {}
        self._waiters: OrderedDict[asyncio.Future[None], None] = OrderedDict()
        # Whether the last one ended in time; nobody waits for a server that never ends
        # its bodies.
        self._pay = True

    def __len__(self) -> int:
        return len(self._pending)

    def begin(self, close: Callable[[], None]) -> Drain:
        """Watch one body; ``close`` closes its connection."""
        drain = Drain(self, close)
        self._pending[drain] = None
        drain.begin()
        return drain

    def settle(self, drain: Drain, *, in_time: bool) -> None:
        """Take note that a body has ended or was given up."""
        del self._pending[drain]
        self._pay = in_time
        self._on_settled()
        if self._waiters:
            waiter, _ = self._waiters.popitem(last=False)
            waiter.set_result(None)

    async def wait_for_one(self) -> None:
        """Wait for a body to end, if that is likely soon, and at most ``PATIENCE``."""
        if not self._pay or len(self._waiters) >= len(self._pending):
            return
        waiter = asyncio.get_running_loop().create_future()
        self._waiters[waiter] = None
        try:
            await asyncio.wait((waiter,), timeout=PATIENCE)
        finally:
            self._waiters.pop(waiter, None)

    def close(self) -> None:
        """Close every connection that is being drained."""
        for drain in tuple(self._pending):
            drain.give_up()

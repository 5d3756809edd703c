"""The real clock."""

import asyncio
import time
from collections.abc import Callable

__all__ = ("SystemClock",)


class SystemClock:
    """Time as the operating system and the running event loop have it."""

    __slots__ = ()

    # The clock that asyncio's own loop.time() reads.
    now = staticmethod(time.monotonic)
    wall = staticmethod(time.time)

    async def sleep(self, seconds: float) -> None:
        """Wait; ends at once when the task is cancelled."""
        # Not anyio's: that loads its backend at the first call, inside a running loop.
        await asyncio.sleep(seconds)

    def call_at(self, when: float, callback: Callable[[], None]) -> asyncio.TimerHandle:
        """Run the callback once ``now()`` has reached ``when``."""
        # Through the difference: uvloop's time() is not time.monotonic().
        return asyncio.get_running_loop().call_later(
            max(0.0, when - time.monotonic()), callback
        )

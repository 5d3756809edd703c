"""An event loop of one's own in a thread of one's own, for guests of another's loop.

Whoever shares a loop with code that blocks it has late timeouts and first tokens that
seem late. Here only our calls run.
"""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

__all__ = ("LoopThread",)

T = TypeVar("T")


class LoopThread:
    """A running event loop; ``close`` ends it.

    Args:
        name: Of the thread.
    """

    def __init__(self, name: str) -> None:
        self.loop = asyncio.new_event_loop()
        # A daemon: a process that is told to go must not wait for it.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run there, and wait here; cancelled here, it is cancelled there."""
        return await asyncio.wrap_future(
            asyncio.run_coroutine_threadsafe(work, self.loop)
        )

    def run_blocking(self, work: Coroutine[Any, Any, T]) -> T:
        """Run there, and block until it is done."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()

    def close(self) -> None:
        """Stop the loop and wait for the thread; idempotent."""
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
        finally:
            self.loop.close()

"""A running event loop that skips its idle time, for tests of real sockets and limits.

Where nothing is left to do but to wait for a timer, the clock goes forward to it. All
that reads the time sees it pass, so limits and pauses keep their lengths and order.
"""

import asyncio
import selectors
import time
from typing import Any

import pytest

from fireworks_async._net.clock import SystemClock

# Real seconds without an event after which no answer can be under way: both ends of
# every connection live in the one loop.
_QUIET = 0.003


class Hurry:
    """Time as the running loop has it; made inside the loop.

    Still, it passes only where it is waited for: what is done takes none, so that no
    load of the machine shows. What is busy until some time would then be so for ever.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, still: bool = False) -> None:
        self._ahead = 0.0
        began_at = time.monotonic()
        self._monotonic = (lambda: began_at) if still else time.monotonic
        self._still = still
        selector = asyncio.get_running_loop()._selector
        self._select = selector.select
        monkeypatch.setattr(selector, "select", self._skip)
        monkeypatch.setattr(time, "monotonic", self._now)
        monkeypatch.setattr(SystemClock, "now", self._now)

    def pass_time(self, seconds: float) -> None:
        """Let it be later, without a turn of the loop."""
        self._ahead += seconds

    def _now(self) -> float:
        return self._monotonic() + self._ahead

    def _skip(self, timeout: float | None) -> list[tuple[selectors.SelectorKey, Any]]:
        if not timeout:
            return self._select(timeout)
        real = min(timeout, _QUIET)
        ready = self._select(real)
        if not ready:
            self._ahead += timeout if self._still else timeout - real
        return ready

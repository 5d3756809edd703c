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
    """Time as the running loop has it; made inside the loop."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._ahead = 0.0
        self._monotonic = time.monotonic
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
        if timeout is None or timeout <= _QUIET:
            return self._select(timeout)
        ready = self._select(_QUIET)
        if not ready:
            self._ahead += timeout - _QUIET
        return ready

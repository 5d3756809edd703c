"""Watches the measuring process itself while it measures; judges nothing.

A client that is short of processor time sees its own lateness as the server's. So what
it was short of is sampled: the lateness of its loop, its processor time, its waiting
for a processor, its garbage collections.
"""

import asyncio
import gc
import os
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Literal

import msgspec

from fireworks_async.loadtest._measures import Distribution

__all__ = ("ClientHealth", "Watch")

_EVERY = 0.02
# Linux: nanoseconds on a processor, and runnable without one; of the main thread.
_SCHEDULING = "/proc/self/schedstat"


class ClientHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How one measuring process fared.

    Attributes:
        seconds: How long it was watched.
        loop_lag: How late the event loop ran a timer, over what it is late by anyway.
        cpu_share: Processor seconds of all threads, a second.
        loop_cpu_share: Of the event loop's thread.
        starved_share: Seconds that the process could have run and had no processor, a
            second; None where the system does not tell.
        gc_pauses: Collections of garbage.
        gc_seconds: What they took together.
        gc_longest: The longest.
        has_uvloop: Whether the loop is uvloop's.
    """

    seconds: float
    loop_lag: Distribution
    cpu_share: float
    loop_cpu_share: float
    starved_share: float | None
    gc_pauses: int
    gc_seconds: float
    gc_longest: float
    has_uvloop: bool


class Watch:
    """Samples from its start to its end."""

    def __init__(self) -> None:
        self._lags: list[float] = []
        self._pauses: list[float] = []
        # None between two collections, and when Ctrl-C came in the middle of a start.
        self._collecting_since: float | None = None
        self._began = 0.0
        self._cpu = 0.0
        self._loop_cpu = 0.0
        self._starved: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    @contextmanager
    def watching(self) -> Generator[None]:
        """Sample while the block runs; what is there already is not collected in it."""
        gc.collect()
        # What was made until now lives on: collections need not look at it again.
        gc.freeze()
        gc.callbacks.append(self._on_collection)
        self._began = time.monotonic()
        self._cpu, self._loop_cpu = time.process_time(), time.thread_time()
        self._starved = _seconds_starved()
        self._sample_later()
        try:
            yield
        finally:
            if self._timer is not None:
                self._timer.cancel()
            gc.callbacks.remove(self._on_collection)
            gc.unfreeze()

    def health(self) -> ClientHealth:
        """What was seen so far."""
        seconds = max(1e-9, time.monotonic() - self._began)
        starved = _seconds_starved()
        return ClientHealth(
            seconds=seconds,
            loop_lag=Distribution.of(self._lags),
            cpu_share=(time.process_time() - self._cpu) / seconds,
            loop_cpu_share=(time.thread_time() - self._loop_cpu) / seconds,
            starved_share=(
                None
                if starved is None or self._starved is None
                else max(0.0, starved - self._starved) / seconds
            ),
            gc_pauses=len(self._pauses),
            gc_seconds=sum(self._pauses),
            gc_longest=max(self._pauses, default=0.0),
            has_uvloop="uvloop" in type(asyncio.get_running_loop()).__module__,
        )

    def _sample_later(self) -> None:
        loop = asyncio.get_running_loop()
        due = time.monotonic() + _EVERY
        self._timer = loop.call_later(_EVERY, self._sample, due)

    def _sample(self, due: float) -> None:
        self._lags.append(max(0.0, time.monotonic() - due))
        self._sample_later()

    def _on_collection(
        self, phase: Literal["start", "stop"], _: dict[str, int]
    ) -> None:
        if phase == "start":
            self._collecting_since = time.monotonic()
        elif self._collecting_since is not None:
            self._pauses.append(time.monotonic() - self._collecting_since)
            self._collecting_since = None


def _seconds_starved() -> float | None:
    if sys.platform != "linux":
        return None
    try:
        told = os.open(_SCHEDULING, os.O_RDONLY)
    except OSError:
        return None
    try:
        # Not a file that could block: the kernel makes it while it is read.
        _, waiting, _ = os.pread(told, 100, 0).split()
        return int(waiting) / 1e9
    finally:
        os.close(told)

"""Watches one run from outside: says how it is doing, and ends it when it is time."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from fireworks_async.loadtest._progress import Progress, Tally
from fireworks_async.loadtest._runner import Limits
from fireworks_async.loadtest._saturation import Saturation

__all__ = ("Overseer",)


class Overseer:
    """Of one run.

    Args:
        name: The run's.
        limits: The run's.
        stop_all: When it is set, this run is to end as well.
        on_progress: Told how the run is doing.
        saturation: What it is held against; None: it may go on whatever piles up.

    Attributes:
        stop: Set when the run is to start nothing more.
        reason: Why, if the run itself was the reason.
    """

    def __init__(
        self,
        name: str,
        limits: Limits,
        stop_all: asyncio.Event,
        *,
        on_progress: Callable[[Progress], None],
        saturation: Saturation | None,
    ) -> None:
        self._name = name
        self._limits = limits
        self._stop_all = stop_all
        self._on_progress = on_progress
        self._saturation = saturation
        self._begun = asyncio.get_running_loop().time()
        self.stop = asyncio.Event()
        self.reason: str | None = None

    @asynccontextmanager
    async def watching(self) -> AsyncGenerator[None]:
        """End the run with all others, while the block runs."""

        async def follow() -> None:
            await self._stop_all.wait()
            self.stop.set()

        following = asyncio.create_task(follow())
        try:
            yield
        finally:
            following.cancel()

    def look(self, tally: Tally) -> None:
        """The run is so far."""
        elapsed = asyncio.get_running_loop().time() - self._begun
        if self._saturation is not None and not self.stop.is_set():
            self.reason = self._saturation.tell(elapsed, tally)
            if self.reason is not None:
                self.stop.set()
        self._on_progress(
            Progress(
                name=self._name,
                elapsed=elapsed,
                planned=self._limits.requests,
                duration=self._limits.duration,
                started=tally.started,
                completed=tally.completed,
                errors=tally.errors,
                in_flight=tally.in_flight,
                waiting=tally.waiting,
                output_tokens=tally.output_tokens + tally.tokens_under_way,
                ttft=_middle(tally.ttfts),
                tpot=_middle(tally.tpots),
            )
        )


def _middle(values: list[float]) -> float | None:
    return sorted(values)[len(values) // 2] if values else None

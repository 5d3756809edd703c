"""How a load test is doing, on standard error: a live table, or a line now and then."""

import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.live import Live
from rich.table import Table

from fireworks_async.cli._lines import say

if TYPE_CHECKING:
    from fireworks_async.loadtest import Progress

__all__ = ("Screen",)

_EVERY = 5.0
_PHASES = {
    "lengths": "finding prompts of the asked length ...",
    "calibration": "measuring the client itself ...",
}


class Screen:
    """Shows progress while its block runs."""

    def __init__(self) -> None:
        self._live: Live | None = None
        if sys.stderr.isatty():
            console = Console(file=sys.stderr)
            self._live = Live(console=console, refresh_per_second=4, transient=True)
        self._said_at = time.monotonic()

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, progress: "Progress") -> None:
        """A run is so far."""
        if self._live is not None:
            self._live.update(_table(progress))
            return
        if progress.phase in _PHASES:
            say(_PHASES[progress.phase])
        elif time.monotonic() - self._said_at >= _EVERY:
            self._said_at = time.monotonic()
            say(" · ".join(f"{name} {value}" for name, value in _values(progress)))

    def note(self, text: str) -> None:
        """Say something beside it."""
        with self.paused():
            say(text)

    @contextmanager
    def paused(self) -> Generator[None]:
        """Leave the screen to others for a while."""
        if self._live is not None:
            self._live.stop()
        try:
            yield
        finally:
            if self._live is not None:
                self._live.start()


def _table(progress: "Progress") -> Table:
    table = Table(box=None, pad_edge=False)
    if progress.phase in _PHASES:
        table.add_column(_PHASES[progress.phase])
        return table
    cells = _values(progress)
    for name, _ in cells:
        table.add_column(name, justify="right", style="bold" if name == "ttft" else "")
    table.add_row(*(value for _, value in cells))
    return table


def _values(progress: "Progress") -> list[tuple[str, str]]:
    planned = "" if progress.planned is None else f"/{progress.planned}"
    lasts = "" if progress.duration is None else f"/{progress.duration:g}"
    done = progress.completed + progress.errors
    pace = progress.output_tokens / progress.elapsed if progress.elapsed > 0 else 0.0
    return [
        ("run", progress.name),
        ("seconds", f"{progress.elapsed:.0f}{lasts}"),
        ("requests", f"{done}{planned}"),
        ("in flight", str(progress.in_flight)),
        *([("waiting", str(progress.waiting))] if progress.waiting else ()),
        ("errors", str(progress.errors)),
        ("tokens/s", f"{pace:,.0f}"),
        ("ttft", _ms(progress.ttft)),
        ("tpot", _ms(progress.tpot)),
    ]


def _ms(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds * 1000:.1f} ms"

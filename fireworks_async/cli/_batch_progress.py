"""How a batch is doing, on standard error: a bar, lines, lines of JSON, or nothing."""

import asyncio
import sys
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, Protocol

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, TaskProgressColumn
from rich.text import Text

from fireworks_async.cli._lines import say

if TYPE_CHECKING:
    from fireworks_async.batch import BatchControl, BatchProgress

__all__ = ("ProgressForm", "watch")

ProgressForm = Literal["auto", "bar", "lines", "json", "none"]

_FIRST = 2.0
_EVERY = {"bar": 0.25, "lines": 10.0, "json": 1.0}


class _View(Protocol):
    def show(self, progress: "BatchProgress") -> None: ...

    def close(self) -> None: ...


async def watch(control: "BatchControl", form: ProgressForm) -> None:
    """Show how a run is doing, until cancelled.

    Args:
        control: Of the run.
        form: ``auto`` is a bar on a terminal, and lines elsewhere.
    """
    if form == "auto":
        form = "bar" if sys.stderr.isatty() else "lines"
    if form == "none":
        return
    view: _View = _Bar() if form == "bar" else _Lines(as_json=form == "json")
    pause = min(_FIRST, _EVERY[form])
    try:
        while True:
            await asyncio.sleep(pause)
            pause = _EVERY[form]
            if (progress := control.progress()) is not None:
                view.show(progress)
    finally:
        view.close()


class _Lines:
    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json

    def show(self, progress: "BatchProgress") -> None:
        if not self._as_json:
            say(in_words(progress))
            return
        import msgspec  # noqa: PLC0415 - not for --help

        sys.stderr.write(msgspec.json.encode(progress).decode() + "\n")
        sys.stderr.flush()

    def close(self) -> None:
        pass


class _Screen(Progress):
    """A bar over the whole width, and under it what there is to say, in full."""

    words = ""

    def get_renderables(self) -> Iterable[RenderableType]:
        yield self.make_tasks_table(self.tasks)
        yield Text(self.words)


class _Bar:
    def __init__(self) -> None:
        self._screen = _Screen(
            BarColumn(bar_width=None),
            TaskProgressColumn(),
            console=Console(file=sys.stderr),
            transient=True,
            expand=True,
        )
        self._task = self._screen.add_task("", total=None)
        self._screen.start()

    def show(self, progress: "BatchProgress") -> None:
        over = progress.succeeded + progress.failed + progress.skipped
        self._screen.words = in_words(progress)
        self._screen.update(self._task, total=progress.total, completed=over)

    def close(self) -> None:
        self._screen.stop()


def in_words(progress: "BatchProgress") -> str:
    """Where a run stands, in one line: what is done, how fast, for how much, why it waits."""
    over = progress.succeeded + progress.failed + progress.skipped
    total = "" if progress.total is None else f"/{progress.total}"
    parts = [f"{over}{total} rows"]
    if progress.failed:
        parts.append(f"{progress.failed} failed")
    parts += [
        f"{progress.in_flight} in flight",
        f"{progress.rows_per_second:.1f} rows/s",
        f"{progress.tokens_per_second:.0f} tokens/s",
    ]
    if progress.cost:
        projected = progress.projected_cost
        digits = 4 if projected is not None and projected < 1 else 2
        of = "" if projected is None else f" of about ${projected:.{digits}f}"
        parts.append(f"${progress.cost:.4f}{of}")
    if progress.eta is not None:
        parts.append(f"{_duration(progress.eta)} left")
    if progress.retrying:
        most = max(progress.causes, key=progress.causes.__getitem__, default="")
        parts.append(f"{progress.retrying} to be sent again ({most})")
    if progress.waiting_for is not None:
        parts.append(f"waiting for {progress.waiting_for}")
    return " · ".join(parts)


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    return time.strftime("%H:%M:%S", time.gmtime(seconds))

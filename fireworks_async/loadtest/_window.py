"""The steady window of a run, and what was in flight when; chosen by occupancy."""

from collections.abc import Sequence

import msgspec
import numpy as np

from fireworks_async.loadtest._quantiles import Floats
from fireworks_async.loadtest._record import Record

__all__ = ("Window", "occupancy", "steady_window", "whole_window")

# Of its level; a closed loop dips for the moment between two requests.
_FULL = 0.9
# Fewer requests than that many rounds of the concurrency, and no window is cut out.
_LEAST_ROUNDS = 3


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of a run, in seconds from its origin.

    Attributes:
        start: Where it begins.
        end: Where it ends.
        is_steady: Whether it is a part that was found to be steady, or the whole run.
        reason: Why it begins and ends there, in words.
        mean_in_flight: Requests in flight in it, on average.
    """

    start: float
    end: float
    is_steady: bool
    reason: str
    mean_in_flight: float = 0.0

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.end - self.start

    def holds(self, moment: float | None) -> bool:
        """Whether a moment lies in it."""
        return moment is not None and self.start <= moment <= self.end


def occupancy(records: Sequence[Record]) -> tuple[Floats, Floats]:
    """The moments at which what is in flight changes, and how many are from then on."""
    spans = [
        (record.started_at, record.ended_at)
        for record in records
        if record.started_at is not None and record.ended_at is not None
    ]
    if not spans:
        return np.empty(0), np.empty(0)
    starts, ends = np.array(spans).T
    moments = np.concatenate([starts, ends])
    steps = np.concatenate([np.ones_like(starts), -np.ones_like(ends)])
    # At one moment, who leaves goes before who comes.
    order = np.lexsort((steps, moments))
    return moments[order], np.cumsum(steps[order])


def whole_window(records: Sequence[Record], reason: str) -> Window:
    """From the first start to the last end."""
    moments, levels = occupancy(records)
    if not len(moments):
        return Window(start=0.0, end=0.0, is_steady=False, reason="nothing was started")
    return Window(
        start=float(moments[0]),
        end=float(moments[-1]),
        is_steady=False,
        reason=reason,
        mean_in_flight=_mean_level(
            moments, levels, float(moments[0]), float(moments[-1])
        ),
    )


def steady_window(
    records: Sequence[Record],
    *,
    concurrency: int | None,
    is_flat: bool,
    begin: float | None = None,
) -> Window:
    """Find the part of a run in which the load was what it was meant to be.

    Args:
        records: Of one run.
        concurrency: Of a closed loop; None: open loop.
        is_flat: Whether the load is meant to be the same all the time.
        begin: When warming up was over; None: there was none.
    """
    if not is_flat:
        return whole_window(records, "the whole run: its load changes on purpose")
    moments, levels = occupancy(records)
    if not len(moments):
        return whole_window(records, "")
    found = (
        _of_closed_loop(records, moments, levels, concurrency)
        if concurrency is not None
        else _of_open_loop(records)
    )
    if begin is not None:
        found = _after_warmup(found, begin, float(moments[-1]))
    if found is None:
        return whole_window(records, "the whole run: too short to leave its ends out")
    start, end, reason = found
    return Window(
        start=start,
        end=end,
        is_steady=True,
        reason=reason,
        mean_in_flight=_mean_level(moments, levels, start, end),
    )


def _after_warmup(
    found: tuple[float, float, str] | None, begin: float, last: float
) -> tuple[float, float, str]:
    _, end, _ = found or (begin, last, "")
    if end <= begin:
        end = last
    return begin, end, "from the end of the warm-up until the load went down"


def _of_closed_loop(
    records: Sequence[Record], moments: Floats, levels: Floats, concurrency: int
) -> tuple[float, float, str] | None:
    # The first round starts all at once, as no later one does.
    start = min(r.ended_at for r in records if r.ended_at is not None)
    full = np.flatnonzero(levels >= _FULL * concurrency)
    if not len(full) or full[-1] + 1 >= len(moments):
        return None
    end = float(moments[full[-1] + 1])
    later = sum(r.started_at is not None and start <= r.started_at for r in records)
    if end <= start or later < _LEAST_ROUNDS * concurrency:
        return None
    return (
        start,
        end,
        (
            "from the first end, when requests no longer start together, until fewer "
            f"than {_FULL:.0%} of {concurrency} were in flight"
        ),
    )


def _of_open_loop(records: Sequence[Record]) -> tuple[float, float, str] | None:
    intended = [record.intended_at for record in records]
    lengths = [
        record.ended_at - record.started_at
        for record in records
        if record.started_at is not None and record.ended_at is not None
    ]
    start, end = min(intended), max(intended)
    filled = start + float(np.quantile(lengths, 0.9))
    if filled - start > (end - start) / 2:
        return None
    return (
        filled,
        end,
        (
            "from when 9 of 10 requests of the first moment had ended until the last "
            "was due"
        ),
    )


def _mean_level(moments: Floats, levels: Floats, start: float, end: float) -> float:
    if end <= start:
        return 0.0
    edges = np.clip(np.append(moments, end), start, end)
    return float((np.diff(edges) * levels).sum() / (end - start))

"""What went on when: a run cut in slices, for plots."""

from collections.abc import Sequence
from typing import Self

import msgspec
import numpy as np

from fireworks_async.loadtest._quantiles import Floats, cuts, places
from fireworks_async.loadtest._record import Record
from fireworks_async.loadtest._window import occupancy

__all__ = ("Timeline",)

_SLICES = 120


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """Slices of a run; each list has one value a slice.

    Attributes:
        seconds: The length of a slice.
        start: When the first begins.
        in_flight: Requests in flight at its middle.
        tokens_per_second: Output tokens that came in it.
        requests_per_second: Requests that ended well in it.
        errors: Requests that failed in it.
        ttft: The median time to first token of requests that started in it; None:
            there was none.
    """

    seconds: float
    start: float
    in_flight: list[int]
    tokens_per_second: list[float]
    requests_per_second: list[float]
    errors: list[int]
    ttft: list[float | None]

    @classmethod
    def of(cls, records: Sequence[Record]) -> Self:
        """Cut a run in at most 120 slices."""
        moments, levels = occupancy(records)
        if not len(moments) or moments[-1] <= moments[0]:
            empty: list[float] = []
            return cls(
                seconds=0.0,
                start=0.0,
                in_flight=[],
                tokens_per_second=empty,
                requests_per_second=empty,
                errors=[],
                ttft=[],
            )
        edges = cuts(float(moments[0]), float(moments[-1]), _SLICES)
        seconds = float(edges[1] - edges[0])
        middles = places(moments, (edges[:-1] + edges[1:]) / 2, "right")
        at = np.frombuffer(b"".join(record.read_at for record in records))
        tokens = np.frombuffer(
            b"".join(record.read_tokens for record in records), dtype=np.float32
        )
        return cls(
            seconds=seconds,
            start=float(edges[0]),
            in_flight=[int(levels[place - 1]) for place in middles],
            tokens_per_second=_rounded(
                np.histogram(at, edges, weights=tokens)[0] / seconds
            ),
            requests_per_second=_rounded(_ends(records, edges, good=True) / seconds),
            errors=[int(count) for count in _ends(records, edges, good=False)],
            ttft=_medians(records, edges),
        )


def _ends(records: Sequence[Record], edges: Floats, *, good: bool) -> Floats:
    ends = [
        record.ended_at
        for record in records
        if record.ended_at is not None
        and (record.is_good if good else record.error is not None)
    ]
    return np.histogram(ends, edges)[0].astype(np.float64)


def _medians(records: Sequence[Record], edges: Floats) -> list[float | None]:
    slices: list[list[float]] = [[] for _ in range(len(edges) - 1)]
    for record in records:
        start, first = record.started_at, record.first_token_at
        if start is not None and first is not None:
            place = int(np.searchsorted(edges, start, side="right")) - 1
            slices[min(place, len(slices) - 1)].append(first - start)
    return [round(float(np.median(each)), 6) if each else None for each in slices]


def _rounded(values: Floats) -> list[float]:
    return [round(float(value), 3) for value in values]

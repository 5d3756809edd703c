"""Measures of single requests, and distributions of them; the formulas live here only.

With t0 the intended start, t1 the start, t6 the first output, tL the last, tE the end,
N the answer's tokens and n1 those of the first read:

    ttft = t6 - t1            ttft_scheduled = t6 - t0     ttft_wire = t6 - sent
    ttfv = first content - t1
    ttft_outside = ttft - the server's own time to first token
    e2e = tE - t1             e2e_scheduled = tE - t0
    tpot = (tL - t6) / (N - n1), where N > n1
    itl: a read of n tokens after a gap g is n samples of g / n
    icl: the gap between two reads with output, as it is
"""

from collections.abc import Callable, Iterable, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from fireworks_async.loadtest._quantiles import (
    Floats,
    order_interval,
    quantiles,
    woodruff_interval,
)
from fireworks_async.loadtest._record import Record

__all__ = (
    "PER_REQUEST",
    "Distribution",
    "Gaps",
    "gaps_of",
    "milliseconds",
    "spread",
    "tpot",
)

_SHARES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p99_9": 0.999}
# Of fewer requests, a percentile is an anecdote: it is in the JSON and not printed.
_LEAST = {"p90": 20, "p95": 50, "p99": 200, "p99_9": 2_000}
_STALL = 5


class Distribution(msgspec.Struct, frozen=True, kw_only=True):
    """A sample, summarised. Of no values, all but ``n`` is None.

    Attributes:
        n: How many values, each counted as often as it weighs.
        requests: How many requests they are from.
        mean: In the unit of the values, as all that follow: seconds for times.
        std: Standard deviation.
        min: The least.
        p50: The median.
        p90: 90 % are not above it.
        p95: Likewise.
        p99: Likewise.
        p99_9: 99.9 % are not above it.
        max: The greatest.
        intervals: 95 % confidence intervals, by percentile, where there are any.
        unreliable: Percentiles for which there are too few requests.
    """

    n: int
    requests: int
    mean: float | None = None
    std: float | None = None
    min: float | None = None
    p50: float | None = None
    p90: float | None = None
    p95: float | None = None
    p99: float | None = None
    p99_9: float | None = None
    max: float | None = None
    intervals: dict[str, tuple[float, float]] = {}
    unreliable: tuple[str, ...] = ()

    @classmethod
    def of(cls, values: Iterable[float | None]) -> "Distribution":
        """Summarise one value of each request; None is left out."""
        kept = np.sort(np.array([v for v in values if v is not None], dtype=np.float64))
        return cls._of_sorted(
            kept, None, len(kept), lambda share: order_interval(kept, share)
        )

    @classmethod
    def of_gaps(
        cls, values: Floats, weights: Floats, groups: npt.NDArray[np.int64]
    ) -> "Distribution":
        """Summarise many values of each request.

        Args:
            values: In any order.
            weights: How often each counts.
            groups: The request of each, from 0.
        """
        order = np.argsort(values, kind="stable")
        values, weights, groups = values[order], weights[order], groups[order]
        return cls._of_sorted(
            values,
            weights,
            len(np.unique(groups)),
            lambda share: woodruff_interval(values, weights, groups, share),
        )

    @classmethod
    def _of_sorted(
        cls,
        values: Floats,
        weights: Floats | None,
        requests: int,
        interval_of: Callable[[float], tuple[float, float] | None],
    ) -> "Distribution":
        if not len(values):
            return cls(n=0, requests=0)
        weighing = np.ones_like(values) if weights is None else weights
        mean = float(np.average(values, weights=weighing))
        variance = float(np.average((values - mean) ** 2, weights=weighing))
        points = quantiles(values, weights, list(_SHARES.values()))
        found = {name: interval_of(share) for name, share in _SHARES.items()}
        return cls(
            n=round(float(weighing.sum())),
            requests=requests,
            mean=mean,
            std=variance**0.5,
            min=float(values[0]),
            max=float(values[-1]),
            **{name: float(point) for name, point in zip(_SHARES, points, strict=True)},
            intervals={name: each for name, each in found.items() if each is not None},
            unreliable=tuple(name for name, n in _LEAST.items() if requests < n),
        )


def spread(seconds: float | None, interval: tuple[float, float], between: str) -> str:
    """An interval of a time, in the unit of ``milliseconds``, which is not repeated."""
    low, high = interval
    if (seconds or 0.0) >= 10:
        return f"{low:.2f}{between}{high:.2f}"
    places = 2 if high < 0.1 else 1 if high < 1 else 0
    return f"{low * 1000:.{places}f}{between}{high * 1000:.{places}f}"


class Gaps(msgspec.Struct, frozen=True):
    """What lies between the reads of many streams.

    Attributes:
        itl: Seconds per token.
        icl: Seconds between two reads.
        tokens_per_read: Tokens of each read.
        coalesced_share: The share of chunks that came in one read with another.
        stalls: Gaps of more than 5 times the stream's median.
        worst: The longest gap in seconds; None: there is none.
    """

    itl: Distribution
    icl: Distribution
    tokens_per_read: Distribution
    coalesced_share: float
    stalls: int
    worst: float | None


def gaps_of(records: Sequence[Record]) -> Gaps:
    """Take all reads of all streams together."""
    gaps: list[Floats] = []
    tokens: list[Floats] = []
    all_tokens: list[Floats] = []
    together = chunks = stalls = 0
    for record in records:
        at = np.frombuffer(record.read_at)
        if not len(at):
            continue
        events = np.frombuffer(record.read_events, dtype=np.uint16)
        together += int((events[events > 1] - 1).sum())
        chunks += int(events.sum())
        each = np.frombuffer(record.read_tokens, dtype=np.float32).astype(np.float64)
        all_tokens.append(each)
        between = np.diff(at)
        if len(between):
            gaps.append(between)
            tokens.append(each[1:])
            stalls += int((between > _STALL * np.median(between)).sum())
    flat, weights = _joined(gaps), _joined(tokens)
    groups = _groups(gaps)
    counted = weights > 0
    return Gaps(
        itl=Distribution.of_gaps(
            flat[counted] / weights[counted], weights[counted], groups[counted]
        ),
        icl=Distribution.of_gaps(flat, np.ones_like(flat), groups),
        tokens_per_read=Distribution.of_gaps(
            _joined(all_tokens), np.ones_like(_joined(all_tokens)), _groups(all_tokens)
        ),
        coalesced_share=together / chunks if chunks else 0.0,
        stalls=stalls,
        worst=float(flat.max()) if len(flat) else None,
    )


def milliseconds(seconds: float | None) -> str:
    """A time as people read it."""
    if seconds is None:
        return "-"
    # Adding 0 turns what was rounded to -0 around.
    value = round(seconds * 1000, 1) + 0.0
    if value >= 10_000:
        return f"{seconds:.2f} s"
    return f"{value:.0f} ms" if value >= 100 else f"{value:.1f} ms"


def tpot(record: Record) -> float | None:
    """Time per output token after the first read; None where there is no such token."""
    first, last = record.first_token_at, record.last_token_at
    tokens = np.frombuffer(record.read_tokens, dtype=np.float32)
    if first is None or last is None or len(tokens) < 2:
        return None
    rest = float(tokens[1:].sum())
    return (last - first) / rest if rest > 0 else None


def _speed(record: Record) -> float | None:
    pace = tpot(record)
    return 1 / pace if pace else None


def _per_token(record: Record) -> float | None:
    whole = _span(record.started_at, record.ended_at)
    tokens = record.completion_tokens
    return whole / tokens if whole is not None and tokens else None


def _span(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else end - start


PER_REQUEST: dict[str, Callable[[Record], float | None]] = {
    "ttft": lambda r: _span(r.started_at, r.first_token_at),
    "ttft_scheduled": lambda r: _span(r.intended_at, r.first_token_at),
    "ttft_wire": lambda r: _span(r.sent_at, r.first_token_at),
    "ttft_outside": lambda r: _span(
        r.server.get("server_time_to_first_token"),
        _span(r.started_at, r.first_token_at),
    ),
    "ttfv": lambda r: _span(r.started_at, r.first_visible_at),
    "time_to_headers": lambda r: _span(r.started_at, r.headers_at),
    "time_to_first_event": lambda r: _span(r.started_at, r.first_event_at),
    "tpot": tpot,
    "e2e": lambda r: _span(r.started_at, r.ended_at),
    "e2e_scheduled": lambda r: _span(r.intended_at, r.ended_at),
    "e2e_per_token": _per_token,
    "tokens_per_second_per_user": _speed,
    "schedule_lag": lambda r: _span(r.intended_at, r.started_at),
}


def _joined(arrays: list[Floats]) -> Floats:
    return np.concatenate(arrays) if arrays else np.empty(0)


def _groups(arrays: list[Floats]) -> npt.NDArray[np.int64]:
    sizes = [len(each) for each in arrays]
    return np.repeat(np.arange(len(sizes), dtype=np.int64), sizes)

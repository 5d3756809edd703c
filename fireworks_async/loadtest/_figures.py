"""The plots of a report: which numbers of its runs are drawn, and how."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from fireworks_async.loadtest._measures import PER_REQUEST, Distribution
from fireworks_async.loadtest._plots import Axis, Plot, Series
from fireworks_async.loadtest._quantiles import Floats, quantiles
from fireworks_async.loadtest._record import Record
from fireworks_async.loadtest._report import LoadTestReport, Run

__all__ = ("curves", "distributions", "timelines")

_POINTS = 200
_DOTS = 600
_MS = 1000.0


def distributions(report: LoadTestReport) -> Iterator[Plot]:
    """How latencies are spread: the share of them that is no longer than a time."""
    yield _cumulative(
        "Time to first token", report.runs, lambda run: _of_requests(run, "ttft")
    )
    yield _cumulative("Inter-token latency", report.runs, _of_tokens)
    yield _cumulative("End to end", report.runs, lambda run: _of_requests(run, "e2e"))


def curves(report: LoadTestReport) -> Iterator[Plot]:
    """Latency over load, where there are several loads."""
    runs = sorted(report.runs, key=lambda run: run.summary.output_tokens_per_second)
    if len(runs) < 2:
        return
    for title, name, throughput in (
        ("Time to first token under load", "ttft", "output_tokens_per_second"),
        ("Inter-token latency under load", "itl", "output_tokens_per_second"),
    ):
        shown = [run for run in runs if getattr(run.summary, name).n]
        yield Plot(
            title=title,
            x=Axis("output tokens per second"),
            y=Axis("milliseconds"),
            series=[
                _over_load(shown, name, throughput, percentile, colour)
                for colour, percentile in enumerate(("p50", "p95"))
            ],
        )


def timelines(run: Run) -> Iterator[Plot]:
    """What went on when."""
    line = run.timeline
    middles = [
        line.start + line.seconds * (n + 0.5) for n in range(len(line.in_flight))
    ]
    window = run.summary.window
    marked = (window.start, window.end) if window.is_steady else None
    seconds = Axis("seconds")
    yield Plot(
        title="Output tokens",
        x=seconds,
        y=Axis("tokens per second"),
        series=[
            Series(
                name="",
                points=list(zip(middles, _smooth(line.tokens_per_second), strict=True)),
                area=True,
            )
        ],
        window=marked,
    )
    yield Plot(
        title="In flight",
        x=seconds,
        y=Axis("requests"),
        series=[
            Series(
                name="",
                points=[
                    (at, float(n))
                    for at, n in zip(middles, line.in_flight, strict=True)
                ],
                colour=2,
                area=True,
            )
        ],
        window=marked,
    )
    good, bad = _dots(run.records)
    yield Plot(
        title="Each request",
        x=seconds,
        y=Axis("time to first token, ms"),
        series=[
            Series(name="first token", points=good, has_line=False, has_dots=True),
            Series(name="failed", points=bad, colour=3, has_line=False, has_dots=True),
        ][: 2 if bad else 1],
        window=marked,
    )


def _cumulative(
    title: str, runs: Sequence[Run], sample_of: Callable[[Run], tuple[Floats, Floats]]
) -> Plot:
    shares = [n / _POINTS for n in range(_POINTS + 1)]
    series: list[Series] = []
    end = 0.0
    for colour, run in enumerate(runs):
        values, weights = sample_of(run)
        if not len(values):
            continue
        order = np.argsort(values)
        points = quantiles(values[order], weights[order], shares) * _MS
        # The last half percent would squeeze all the rest to the left.
        end = max(end, float(points[-2]) * 1.05)
        series.append(
            Series(
                name=run.name,
                points=[
                    (float(v), s * 100) for v, s in zip(points, shares, strict=True)
                ][:-1],
                colour=colour,
            )
        )
    return Plot(
        title=title,
        x=Axis("milliseconds", is_log=True),
        y=Axis("% no longer", end=100.0),
        series=series,
    )


def _of_requests(run: Run, name: str) -> tuple[Floats, Floats]:
    found = [PER_REQUEST[name](record) for record in _measured(run)]
    values = np.array([value for value in found if value is not None], dtype=np.float64)
    return values, np.ones_like(values)


def _of_tokens(run: Run) -> tuple[Floats, Floats]:
    values: list[Floats] = []
    weights: list[Floats] = []
    for record in _measured(run):
        tokens = np.frombuffer(record.read_tokens, dtype=np.float32)[1:]
        between = np.diff(np.frombuffer(record.read_at))
        counted = tokens > 0
        values.append(between[counted] / tokens[counted])
        weights.append(tokens[counted].astype(np.float64))
    if not values:
        return np.empty(0), np.empty(0)
    return np.concatenate(values), np.concatenate(weights)


def _measured(run: Run) -> list[Record]:
    holds = run.summary.window.holds
    return [each for each in run.records if each.is_good and holds(each.started_at)]


def _over_load(
    runs: Sequence[Run], name: str, throughput: str, percentile: str, colour: int
) -> Series:
    points: list[tuple[float, float]] = []
    band: list[tuple[float, float] | None] = []
    labels: list[str] = []
    for run in runs:
        found: Distribution = getattr(run.summary, name)
        value = getattr(found, percentile) * _MS
        points.append((getattr(run.summary, throughput), value))
        spread = found.intervals.get(percentile)
        band.append(None if spread is None else (spread[0] * _MS, spread[1] * _MS))
        labels.append(f"{run.name}: {percentile} {value:.4g} ms")
    return Series(
        name=percentile,
        points=points,
        colour=colour,
        has_dots=True,
        band=band,
        labels=labels,
    )


def _dots(records: Sequence[Record]) -> tuple[list[tuple[float, float]], ...]:
    good: list[tuple[float, float]] = []
    bad: list[tuple[float, float]] = []
    for record in records[:: max(1, len(records) // _DOTS)]:
        start, first = record.started_at, record.first_token_at
        if record.error is not None and record.ended_at is not None:
            bad.append((start or 0.0, 0.0))
        elif start is not None and first is not None:
            good.append((start, (first - start) * _MS))
    return good, bad


def _smooth(values: Sequence[float]) -> list[float]:
    """Means of three: single slices are narrower than what is seen."""
    return [
        sum(around) / len(around)
        for place in range(len(values))
        for around in [values[max(0, place - 1) : place + 2]]
    ]

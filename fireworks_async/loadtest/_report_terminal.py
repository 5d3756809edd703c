"""The report as lines of text, for a terminal or a log."""

from collections.abc import Iterator, Sequence

from fireworks_async.loadtest._calibration import Calibration
from fireworks_async.loadtest._counts import counts_of
from fireworks_async.loadtest._measures import Distribution, milliseconds, spread
from fireworks_async.loadtest._report import LoadTestReport, Run
from fireworks_async.loadtest._summary import Sentinels, Summary
from fireworks_async.loadtest._sweep import Search

__all__ = ("terminal_lines",)

_COLUMNS = ("p50", "p90", "p95", "p99")
_LATENCIES = {
    "time to first token": "ttft",
    "  from intended start": "ttft_scheduled",
    "  first visible": "ttfv",
    "per output token": "tpot",
    "inter-token": "itl",
    "inter-chunk": "icl",
    "end to end": "e2e",
    "  from intended start ": "e2e_scheduled",
    "start too late by": "schedule_lag",
}
_OVERVIEW = (
    "load",
    "tokens/s",
    "req/s",
    "ttft p50",
    "ttft p95",
    "itl p50",
    "errors",
    "verdict",
)
_OPEN_LOOP_ONLY = ("ttft_scheduled", "e2e_scheduled", "schedule_lag")
_NAME = 24
_CELL = 24
_NARROW_CELL = 10
_WIDE = _NAME + 12 + 4 * _CELL


def terminal_lines(
    report: LoadTestReport, *, width: int | None = None
) -> Iterator[str]:
    """The report, line by line, without colours.

    Args:
        report: What is shown.
        width: The columns that there are; None: as many as it takes. Where they are too
            few, percentiles go without their intervals.
    """
    cell = _CELL if width is None or width >= _WIDE else _NARROW_CELL
    for run in report.runs:
        yield from _run(run, cell)
        yield ""
    if len(report.runs) > 1:
        yield from _overview(report.runs)
        yield ""
    if report.search is not None:
        yield _search(report.search)
    if report.calibration is not None:
        yield _calibration(report.calibration)
    for note in report.notes:
        yield f"note       {note}"
    yield from _verdict(report)
    if report.cost is not None:
        yield f"cost       about ${report.cost:.4g} by list prices"


def _run(run: Run, cell: int) -> Iterator[str]:
    summary = run.summary
    yield f"{run.name}: {run.load}"
    yield "  " + " · ".join(counts_of(summary))
    window = summary.window
    yield f"  measured {window.seconds:.2f} s, {window.reason}"
    if run.stopped is not None:
        yield f"  ended early: {run.stopped}"
    if summary.completed or summary.cancelled:
        yield from _table(run, cell)
        yield from _throughput(summary)
    if run.sentinels is not None:
        yield _sentinels(run.sentinels)
    for kind, examples in summary.error_examples.items():
        yield f"  error {kind} ({summary.error_classes[kind]}): {examples[0]}"


def _table(run: Run, cell: int) -> Iterator[str]:
    summary = run.summary
    cells = "".join(f"{name:>{cell}}" for name in _COLUMNS)
    yield f"  {'':{_NAME}}{'mean':>10}{cells}"
    for label, name in _LATENCIES.items():
        found: Distribution = getattr(summary, name)
        if not found.n or (run.is_closed and name in _OPEN_LOOP_ONLY):
            continue
        if name == "ttfv" and found.p50 == summary.ttft.p50:
            continue
        yield f"  {label:{_NAME}}{milliseconds(found.mean):>10}{_cells(found, cell)}"
    if run.is_closed:
        yield "  (closed loop: a start waits for an end, so none can be late)"


def _sentinels(found: Sentinels) -> str:
    failed = f" · {found.errors} failed" if found.errors else ""
    return (
        f"  sentinels: beside it, {found.requests} asked for one token: p50 "
        f"{milliseconds(found.e2e.p50)}, p95 {_cell(found.e2e, 'p95')}, at most "
        f"{milliseconds(found.e2e.max)}{failed}"
    )


def _cells(found: Distribution, width: int) -> str:
    has_room = width == _CELL
    return "".join(
        f"{_cell(found, name, has_room=has_room):>{width}}" for name in _COLUMNS
    )


def _cell(found: Distribution, name: str, *, has_room: bool = True) -> str:
    """A percentile with its interval, or why there is none."""
    if name in found.unreliable:
        return "too few"
    point = getattr(found, name)
    value = milliseconds(point)
    interval = found.intervals.get(name)
    if interval is None or not has_room:
        return value
    return f"{value} [{spread(point, interval, '-')}]"


def _throughput(summary: Summary) -> Iterator[str]:
    rates, whole = summary.rates, summary.whole
    output = whole_output = prompt = ""
    if summary.total_prompt_tokens:
        prompt = f"prompt {rates.prompt_tokens_per_second:,.1f} tokens/s · "
    if rates.output_tokens_per_second:
        output = (
            f"output {rates.output_tokens_per_second:,.1f} tokens/s"
            f"{_interval(rates.intervals.get('output_tokens_per_second'))} · "
        )
        whole_output = f"output {whole.output_tokens_per_second:,.1f} tokens/s · "
    yield (
        f"  {output}{prompt}{rates.requests_per_second:.2f} requests/s · "
        f"{summary.in_flight:.1f} in flight"
    )
    if summary.window.is_steady:
        yield (
            f"  whole run: {whole_output}{whole.requests_per_second:.2f} requests/s "
            f"over {whole.seconds:.2f} s"
        )
    if summary.goodput is not None:
        good = summary.goodput
        yield (
            f"  goodput {good.per_second:.2f} requests/s · {good.fraction:.1%} met "
            f"{', '.join(good.targets)}"
        )
    if summary.server:
        times = [
            f"{name.removeprefix('server_').replace('_', ' ')} {milliseconds(found.p50)}"
            for name, found in summary.server.items()
        ]
        if summary.ttft_outside.n:
            times.append(f"outside of it {milliseconds(summary.ttft_outside.p50)}")
        yield f"  the server's own medians: {' · '.join(times)}"
    if summary.speculation:
        shares = [
            f"{place} {share:.0%}" for place, share in summary.speculation.items()
        ]
        yield f"  proposals of the draft model taken, by position: {', '.join(shares)}"
    if summary.cached_share is not None:
        yield f"  {summary.cached_share:.1%} of prompt tokens came from the cache"
    odd = {k: n for k, n in summary.counted_by.items() if k in ("chunks", "text")}
    for source, count in odd.items():
        said = {
            "chunks": "the server counted no tokens; each chunk was taken for one",
            "text": "tokens of single chunks are by their share of the text",
        }[source]
        yield f"  {said} (in {count} answers)"


def _interval(interval: tuple[float, float] | None) -> str:
    if interval is None:
        return ""
    return f" [{interval[0]:,.1f}-{interval[1]:,.1f}]"


def _overview(runs: Sequence[Run]) -> Iterator[str]:
    rows = [_OVERVIEW, *map(_row, runs)]
    # As narrow as they can be, for a terminal of 80 columns.
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for load, *cells, verdict in rows:
        figures = "".join(
            f"  {cell:>{width}}" for cell, width in zip(cells, widths[1:], strict=False)
        )
        yield f"{load:{widths[0]}}{figures}  {verdict}"


def _row(run: Run) -> tuple[str, ...]:
    summary = run.summary
    return (
        run.name,
        f"{summary.output_tokens_per_second:,.1f}",
        f"{summary.requests_per_second:.2f}",
        milliseconds(summary.ttft.p50),
        milliseconds(summary.ttft.p95),
        milliseconds(summary.itl.p50),
        str(summary.errors),
        f"{run.verdict.grade}{', ended early' if run.stopped else ''}",
    )


def _search(search: Search) -> str:
    if search.greatest is None:
        return f"greatest   no {search.by} met {search.targets}"
    unit = "/s" if search.by == "rate" else " at once"
    failed = search.least_failed
    beyond = "" if failed is None else f"; {failed:g}{unit} did not"
    return f"greatest   {search.greatest:g}{unit} met {search.targets}{beyond}"


def _calibration(found: Calibration) -> str:
    return (
        f"client     adds {milliseconds(found.added_ttft)} to the first token and "
        f"{milliseconds(found.added_itl)} to a gap, and can take "
        f"{found.ceiling:,.0f} chunks/s (against a simulator, {found.load})"
    )


def _verdict(report: LoadTestReport) -> Iterator[str]:
    if not any(run.summary.completed or run.summary.cancelled for run in report.runs):
        yield "verdict    none: nothing was answered"
        return
    verdict = report.verdict
    meaning = {
        "clean": "the numbers are the server's",
        "strained": "the client was near a limit of its own: doubt the tails",
        "client-limited": "the client was the bottleneck: these are not the server's "
        "numbers",
    }[verdict.grade]
    yield f"verdict    {verdict.grade}: {meaning}"
    for reason in verdict.reasons:
        yield f"           - {reason}"

"""The end of a run, as Markdown that can be put into the README as it is."""

from collections.abc import Iterable

from benchmarks.compare.bars import BARS, REFERENCE
from benchmarks.compare.results import Results

__all__ = ("tables",)

# Per scenario: its heading, and what is shown as (metric, column's name).
_SHOWN = {
    "burst": (
        "Burst: 8 streams at once, 256 deltas each, 64 events a write",
        [("cpu_us_per_chunk", "CPU µs/chunk")],
    ),
    "short": (
        "Short: 16 streams at once, 16 deltas each",
        [("cpu_us_per_call", "CPU µs/call")],
    ),
    "create": (
        "Create: 16 calls at once, 16 tokens, not streamed (ours collects a stream)",
        [("cpu_us_per_call", "CPU µs/call")],
    ),
    "paced": (
        "500 streams at 20 events/s each (heavy peers: fewer events)",
        [
            ("cpu_us_per_chunk", "CPU µs/chunk"),
            ("lag_p50_ms", "lag p50 ms"),
            ("lag_p99_ms", "lag p99 ms"),
            ("kib_per_stream", "KiB/stream"),
            ("wall_over_schedule", "wall / schedule"),
            ("foreign", "core used by others"),
        ],
    ),
    "close": (
        "1,000 silent streams: readers cancelled, client closed",
        [
            ("open_s", "s to open"),
            ("close_s", "s to close"),
            ("left_open", "left open at the server"),
        ],
    ),
    "aclose": (
        "1,000 silent streams: client closed under its readers",
        [
            ("open_s", "s to open"),
            ("close_s", "s to close"),
            ("left_open", "left open at the server"),
        ],
    ),
    "import": (
        "Import: CPU ms over a bare interpreter",
        [("import_ms", "import ms"), ("ready_ms", "ready to call ms")],
    ),
}
_NO_RATIO = {"foreign", "wall_over_schedule", "open_s", "left_open"}


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _scenario_table(results: Results, scenario: str) -> list[str]:
    heading, columns = _SHOWN[scenario]
    header = ["client"]
    for metric, name in columns:
        header += [name] if metric in _NO_RATIO else [name, "of (f)"]
    lines = [f"**{heading}**", "", _row(header), _row(["---"] * len(header))]
    for case in results.cases(scenario):
        cells = [f"{case} (f)" if case == REFERENCE else case]
        for metric, _ in columns:
            cells.append(_number(results.median(scenario, case, metric)))
            if metric not in _NO_RATIO:
                ratio = results.ratio(scenario, case, REFERENCE, metric)
                cells.append(_number(ratio))
        lines.append(_row(cells))
    return [*lines, ""]


def _bars_table(results: Results) -> list[str]:
    lines = [
        "**Bars** (ratios to (f); seconds or other peers where it says so)",
        "",
        _row(["what", "bar", "measured", "by round", ""]),
        _row(["---"] * 5),
    ]
    for bar in BARS:
        sign = "≥" if bar.at_least else "≤"
        measured = bar.measured(results)
        cells = [bar.text, f"{sign} {bar.limit:g}", _number(measured)]
        lines.append(_row([*cells, bar.spread(results), bar.verdict(results)]))
    return lines


def tables(results: Results) -> str:
    """All that was measured, then each bar with its verdict."""
    lines: list[str] = []
    for scenario in _SHOWN:
        if results.cases(scenario):
            lines += _scenario_table(results, scenario)
    return "\n".join([*lines, *_bars_table(results)])

"""One row a run, added to a file of such rows."""

import csv
from pathlib import Path
from typing import Any

import msgspec

from fireworks_async.errors import LoadTestError
from fireworks_async.loadtest._report import LoadTestReport, Run

__all__ = ("append_rows", "row_of")

_DISTRIBUTIONS = ("ttft", "ttft_scheduled", "ttfv", "tpot", "itl", "icl", "e2e")
_STATISTICS = ("mean", "p50", "p90", "p95", "p99", "max")


def row_of(report: LoadTestReport, run: Run) -> dict[str, Any]:
    """The numbers of one run; times in seconds."""
    summary = run.summary
    row: dict[str, Any] = {
        "created": report.created.isoformat(timespec="seconds"),
        "model": report.model,
        "base_url": report.base_url,
        "run": run.name,
        "concurrency": run.concurrency,
        "rate": run.rate,
        "verdict": run.verdict.grade,
        "requests": summary.requests,
        "completed": summary.completed,
        "errors": summary.errors,
        "dropped": summary.dropped,
        "prompt_tokens": summary.total_prompt_tokens,
        "completion_tokens": summary.total_completion_tokens,
        "output_tokens_per_second": summary.output_tokens_per_second,
        "requests_per_second": summary.requests_per_second,
        "goodput_fraction": None
        if summary.goodput is None
        else summary.goodput.fraction,
        "cached_share": summary.cached_share,
    }
    plain = msgspec.to_builtins(summary)
    for name in _DISTRIBUTIONS:
        for statistic in _STATISTICS:
            row[f"{name}_{statistic}"] = plain[name][statistic]
    return row


def append_rows(path: Path, report: LoadTestReport) -> None:
    """Add a row for each run; a file that is not there begins with the names.

    Raises:
        LoadTestError: The file has other columns.
        OSError: It cannot be written.
    """
    rows = [row_of(report, run) for run in report.runs]
    names = list(rows[0])
    is_new = not path.exists() or path.stat().st_size == 0
    if not is_new:
        with path.open(encoding="utf-8", newline="") as file:
            if next(csv.reader(file), None) != names:
                raise LoadTestError(f"{path} has other columns: give another file")
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names)
        if is_new:
            writer.writeheader()
        writer.writerows(rows)

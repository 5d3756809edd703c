"""One row a run, added to a file of such rows."""

import csv
from pathlib import Path
from typing import Any

import msgspec

from fireworks_async.errors import LoadTestError
from fireworks_async.loadtest._report import LoadTestReport, Run

__all__ = ("COLUMNS", "append_rows", "has_rows", "row_of")

_DISTRIBUTIONS = ("ttft", "ttft_scheduled", "ttfv", "tpot", "itl", "icl", "e2e")
_STATISTICS = ("mean", "p50", "p90", "p95", "p99", "max")
COLUMNS = (
    *("created", "model", "base_url", "run", "concurrency", "rate", "verdict"),
    *("requests", "completed", "errors", "dropped"),
    *("prompt_tokens", "completion_tokens"),
    *("output_tokens_per_second", "requests_per_second"),
    *("goodput_fraction", "cached_share"),
    *(f"{name}_{each}" for name in _DISTRIBUTIONS for each in _STATISTICS),
)
"""The names of a row's numbers, which never change their order."""


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
    is_new = not has_rows(path)
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        if is_new:
            writer.writeheader()
        writer.writerows(row_of(report, run) for run in report.runs)


def has_rows(path: Path) -> bool:
    """Whether rows are in a file already, to which others can be added.

    Raises:
        LoadTestError: The file has other columns.
        OSError: It cannot be read.
    """
    if not path.exists() or path.stat().st_size == 0:
        return False
    with path.open(encoding="utf-8", newline="") as file:
        if next(csv.reader(file), None) != [*COLUMNS]:
            raise LoadTestError(f"{path} has other columns: give another file")
    return True

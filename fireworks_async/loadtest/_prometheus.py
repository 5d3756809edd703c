"""The report as Prometheus' text, for a textfile collector or a push gateway."""

from collections.abc import Iterator, Mapping

from fireworks_async.loadtest._measures import Distribution
from fireworks_async.loadtest._report import LoadTestReport, Run
from fireworks_async.loadtest._verdict import GRADES

__all__ = ("prometheus_text",)

_PREFIX = "fireworks_loadtest_"
_QUANTILES = {"0.5": "p50", "0.9": "p90", "0.95": "p95", "0.99": "p99"}
_SUMMARIES = {
    "ttft": "From the start to the first output.",
    "ttft_scheduled": "From the intended start to the first output.",
    "ttfv": "From the start to the first content.",
    "tpot": "Per output token after the first read.",
    "itl": "Per token, each gap shared by the tokens that ended it.",
    "icl": "Between two reads with output.",
    "e2e": "From the start to the end.",
    "e2e_scheduled": "From the intended start to the end.",
}
_GAUGES = {
    "output_tokens_per_second": "Output tokens a second in the steady window.",
    "requests_per_second": "Answers a second in the steady window.",
    "in_flight": "Requests in flight in the steady window, on average.",
    "error_share": "Of the requests offered, failed or never started.",
}
_COUNTS = ("completed", "dropped", "cancelled")


def prometheus_text(report: LoadTestReport) -> str:
    """All runs of a report, each with its name as a label; times in seconds."""
    return "".join(f"{line}\n" for line in _lines(report))


def _lines(report: LoadTestReport) -> Iterator[str]:
    for name, says in _SUMMARIES.items():
        metric = f"{name}_seconds"
        yield from _head(metric, "summary", says)
        for run in report.runs:
            found: Distribution = getattr(run.summary, name)
            yield from _summary(metric, found, _labels(report, run))
    for name, says in _GAUGES.items():
        yield from _head(name, "gauge", says)
        for run in report.runs:
            yield _sample(name, _labels(report, run), getattr(run.summary, name))
    yield from _head(
        "requests", "gauge", "Requests of the whole run, by what became of them."
    )
    for run in report.runs:
        summary = run.summary
        counts = {name: getattr(summary, name) for name in _COUNTS}
        for outcome, count in {**counts, **summary.error_classes}.items():
            labels = {**_labels(report, run), "outcome": outcome}
            yield _sample("requests", labels, count)
    yield from _head(
        "verdict", "gauge", f"Whose the numbers are, from 0: {', '.join(GRADES)}."
    )
    for run in report.runs:
        yield _sample("verdict", _labels(report, run), run.verdict.rank)


def _summary(
    metric: str, found: Distribution, labels: Mapping[str, str]
) -> Iterator[str]:
    if found.mean is None:
        return
    for quantile, name in _QUANTILES.items():
        if name not in found.unreliable:
            value = getattr(found, name)
            yield _sample(metric, {**labels, "quantile": quantile}, value)
    yield _sample(f"{metric}_sum", labels, found.mean * found.n)
    yield _sample(f"{metric}_count", labels, found.n)


def _labels(report: LoadTestReport, run: Run) -> dict[str, str]:
    return {"model": report.model, "run": run.name}


def _head(metric: str, kind: str, says: str) -> Iterator[str]:
    yield f"# HELP {_PREFIX}{metric} {says}"
    yield f"# TYPE {_PREFIX}{metric} {kind}"


def _sample(metric: str, labels: Mapping[str, str], value: float) -> str:
    spelled = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items())
    return f"{_PREFIX}{metric}{{{spelled}}} {value!r}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")

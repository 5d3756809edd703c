"""The same measurements under the names of other tools, by their formulas.

They differ, which is why numbers of two tools cannot be put beside each other:

* ``vllm bench serve``: everything divides by the whole run, from the first start to the
  last end; TPOT is (last token - first) / (N - 1), and 0 for an answer of one token; ITL
  is the gap between chunks, whatever they hold; E2EL ends at the last token.
* AIPerf: latency ends at the last response; inter-token latency is one value a request,
  (latency - TTFT) / (N - n1), which is our TPOT; counts are of requests that succeeded.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from fireworks_async.loadtest._measures import tpot
from fireworks_async.loadtest._record import Record
from fireworks_async.loadtest._report import LoadTestReport, Run

__all__ = ("EXPORTS", "aiperf_summary", "vllm_summary")

_MS = 1000.0
_VLLM_PERCENTILES = (50, 90, 95, 99)
_AIPERF_PERCENTILES = (1, 5, 10, 25, 50, 75, 90, 95, 99)


def vllm_summary(report: LoadTestReport) -> list[dict[str, Any]]:
    """As ``vllm bench serve --save-result`` has it, one object a run."""
    return [_vllm_run(report, run) for run in report.runs]


def aiperf_summary(report: LoadTestReport) -> list[dict[str, Any]]:
    """As AIPerf's ``profile_export_aiperf.json`` has it, one object a run."""
    return [_aiperf_run(report, run) for run in report.runs]


EXPORTS: Mapping[str, Callable[[LoadTestReport], list[dict[str, Any]]]] = {
    "aiperf": aiperf_summary,
    "vllm": vllm_summary,
}


def _vllm_run(report: LoadTestReport, run: Run) -> dict[str, Any]:
    good = [record for record in run.records if record.is_good]
    duration = _whole(run.records)
    inputs = sum(record.prompt_tokens or 0 for record in good)
    outputs = sum(_tokens(record) for record in good)
    samples = {
        "ttft": [_between(r.started_at, r.first_token_at) for r in good],
        "tpot": [_vllm_tpot(record) for record in good if _tokens(record) > 1],
        "itl": [gap for record in good for gap in _gaps(record)],
        "e2el": [_between(r.started_at, r.last_token_at) for r in good],
    }
    found: dict[str, Any] = {
        "date": report.created.strftime("%Y%m%d-%H%M%S"),
        "model_id": report.model,
        "num_prompts": len(run.records),
        "request_rate": "inf" if run.rate is None else run.rate,
        "max_concurrency": run.concurrency,
        "duration": duration,
        "completed": len(good),
        "failed": len(run.records) - len(good),
        "total_input_tokens": inputs,
        "total_output_tokens": outputs,
        "request_throughput": _per(len(good), duration),
        "output_throughput": _per(outputs, duration),
        "total_token_throughput": _per(inputs + outputs, duration),
    }
    if run.summary.goodput is not None:
        found["request_goodput"] = _per(run.summary.goodput.requests, duration)
    for name, values in samples.items():
        scaled = np.array(values or [0.0]) * _MS
        found[f"mean_{name}_ms"] = float(scaled.mean())
        found[f"median_{name}_ms"] = float(np.median(scaled))
        found[f"std_{name}_ms"] = float(scaled.std())
        for share in _VLLM_PERCENTILES:
            found[f"p{share}_{name}_ms"] = float(np.percentile(scaled, share))
    return found


def _aiperf_run(report: LoadTestReport, run: Run) -> dict[str, Any]:
    good = [record for record in run.records if record.is_good]
    duration = _whole(run.records)
    outputs = sum(_tokens(record) for record in good)
    latencies = [_between(r.started_at, r.last_token_at) for r in good]
    paces = [pace for record in good if (pace := tpot(record))]
    return {
        "model": report.model,
        "request_throughput": _single(_per(len(good), duration), "requests/sec"),
        "request_count": _single(len(good), "requests"),
        "error_request_count": _single(len(run.records) - len(good), "requests"),
        "benchmark_duration": _single(duration, "sec"),
        "output_token_throughput": _single(_per(outputs, duration), "tokens/sec"),
        "request_latency": _spread([v * _MS for v in latencies], "ms"),
        "time_to_first_token": _spread(
            [_between(r.started_at, r.first_token_at) * _MS for r in good], "ms"
        ),
        "time_to_first_output_token": _spread(
            [
                _between(r.started_at, r.first_visible_at) * _MS
                for r in good
                if r.first_visible_at is not None
            ],
            "ms",
        ),
        "inter_token_latency": _spread([pace * _MS for pace in paces], "ms"),
        "output_token_throughput_per_user": _spread(
            [1 / pace for pace in paces], "tokens/sec/user"
        ),
        "inter_chunk_latency": _spread(
            [gap * _MS for record in good for gap in _gaps(record)], "ms"
        ),
        "output_sequence_length": _spread([_tokens(r) for r in good], "tokens"),
        "input_sequence_length": _spread(
            [r.prompt_tokens or 0 for r in good], "tokens"
        ),
    }


def _whole(records: Sequence[Record]) -> float:
    """From the first start to the last end."""
    starts = [r.started_at for r in records if r.started_at is not None]
    ends = [r.ended_at for r in records if r.ended_at is not None]
    return max(ends) - min(starts) if starts and ends else 0.0


def _tokens(record: Record) -> int:
    if record.completion_tokens is not None:
        return record.completion_tokens
    return len(record.read_at) // 8


def _vllm_tpot(record: Record) -> float:
    first, last = record.first_token_at, record.last_token_at
    return _between(first, last) / (_tokens(record) - 1)


def _gaps(record: Record) -> list[float]:
    """Between two chunks; those that came in one read have nothing between them."""
    at = np.frombuffer(record.read_at)
    events = np.frombuffer(record.read_events, dtype=np.uint16)
    return [float(gap) for gap in np.diff(np.repeat(at, events))]


def _between(start: float | None, end: float | None) -> float:
    return 0.0 if start is None or end is None else end - start


def _per(count: float, seconds: float) -> float:
    return count / seconds if seconds > 0 else 0.0


def _single(value: float, unit: str) -> dict[str, Any]:
    return {"unit": unit, "avg": value}


def _spread(values: Iterable[float], unit: str) -> dict[str, Any]:
    found = np.array(list(values), dtype=np.float64)
    if not len(found):
        return {"unit": unit, "count": 0}
    return {
        "unit": unit,
        "count": len(found),
        "avg": float(found.mean()),
        "min": float(found.min()),
        "max": float(found.max()),
        "std": float(found.std()),
        **{f"p{p}": float(np.percentile(found, p)) for p in _AIPERF_PERCENTILES},
    }

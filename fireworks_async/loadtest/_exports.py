"""The same measurements under the names of other tools, by their formulas.

They differ, which is why numbers of two tools cannot be put beside each other:

* ``vllm bench serve`` (0.32): every chunk with a choice counts, whatever it holds: TTFT
  is at the first, which a role may be; ITL is the gap between two; E2EL ends at the
  last. TPOT is (E2EL - TTFT) / (N - 1). Throughput divides by the whole run, from the
  first start to the last end. Its chunks have a moment each; here those that came in
  one read share it.
* AIPerf: latency ends at the last response; inter-token latency is one value a request,
  (latency - TTFT) / (N - n1), which is our TPOT; counts are of requests that succeeded.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from fireworks_async.loadtest._measures import tpot
from fireworks_async.loadtest._prometheus import prometheus_text
from fireworks_async.loadtest._quantiles import Floats
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


def _as_json(
    summary: Callable[[LoadTestReport], list[dict[str, Any]]],
) -> Callable[[LoadTestReport], bytes]:
    def write(report: LoadTestReport) -> bytes:
        return msgspec.json.format(msgspec.json.encode(summary(report))) + b"\n"

    return write


EXPORTS: Mapping[str, Callable[[LoadTestReport], bytes]] = {
    "aiperf": _as_json(aiperf_summary),
    "prometheus": lambda report: prometheus_text(report).encode(),
    "vllm": _as_json(vllm_summary),
}
"""What a report can be written as, beside its own forms."""


def _vllm_run(report: LoadTestReport, run: Run) -> dict[str, Any]:
    good = [record for record in run.records if record.is_good]
    duration = _whole(run.records)
    inputs = sum(record.prompt_tokens or 0 for record in good)
    outputs = sum(_tokens(record) for record in good)
    timed = [(r, at) for r in good if len(at := _chunks_of_choices(r))]
    ttft = [_between(record.started_at, at[0]) for record, at in timed]
    e2el = [_between(record.started_at, at[-1]) for record, at in timed]
    samples = {
        "ttft": ttft,
        "tpot": [
            (whole - first) / (count - 1)
            for (record, _), first, whole in zip(timed, ttft, e2el, strict=True)
            if (count := _tokens(record)) > 1
        ],
        "itl": [float(gap) for _, at in timed for gap in np.diff(at)],
        "e2el": e2el,
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


def _chunks_of_choices(record: Record) -> Floats:
    """When each chunk with a choice came, whether or not it held output."""
    return np.sort(np.concatenate([_chunks(record), np.frombuffer(record.other_at)]))


def _chunks(record: Record) -> Floats:
    """When each chunk with output came."""
    at = np.frombuffer(record.read_at)
    events = np.frombuffer(record.read_events, dtype=np.uint16)
    return np.repeat(at, events)


def _gaps(record: Record) -> list[float]:
    """Between two chunks; those that came in one read have nothing between them."""
    return [float(gap) for gap in np.diff(_chunks(record))]


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

"""The formulas of others, worked out by hand on one small run."""

import pytest

from fireworks_async.loadtest._exports import EXPORTS, aiperf_summary, vllm_summary
from tests.support.loads import record, report, run

# Two answers: 4 reads of 2 tokens 0.2 s apart, and one of a single token.
LONG = record(0, start=0.0, ttft=0.5, gaps=(0.2,) * 3, tokens=2, events=2)
SHORT = record(1, start=1.0, ttft=0.3, gaps=())
FAILED = record(2, start=0.5, error="429")


@pytest.fixture
def measured():
    return report(run([LONG, SHORT, FAILED], targets="ttft<400ms"))


def test_vllm(measured):
    [found] = vllm_summary(measured)
    assert (found["num_prompts"], found["completed"], found["failed"]) == (3, 2, 1)
    assert found["duration"] == pytest.approx(1.3)
    assert (found["total_input_tokens"], found["total_output_tokens"]) == (20, 9)
    assert found["output_throughput"] == pytest.approx(9 / 1.3)
    assert found["request_throughput"] == pytest.approx(2 / 1.3)
    assert found["request_goodput"] == pytest.approx(1 / 1.3)
    assert found["mean_ttft_ms"] == pytest.approx(400)
    # One answer only has a second token; of its 8, the first is not in it.
    assert found["mean_tpot_ms"] == pytest.approx(600 / 7)
    # Chunks that came in one read have nothing between them.
    assert found["mean_itl_ms"] == pytest.approx(3 * 200 / 7)
    assert found["median_itl_ms"] == 0
    assert found["p99_e2el_ms"] == pytest.approx(1100 - 0.01 * 800)
    assert found["request_rate"] == "inf"
    assert found["max_concurrency"] == 4


def test_aiperf(measured):
    [found] = aiperf_summary(measured)
    assert found["request_count"]["avg"] == 2
    assert found["error_request_count"]["avg"] == 1
    assert found["time_to_first_token"]["avg"] == pytest.approx(400)
    # 0.6 s for the 6 tokens after those of the first read.
    assert found["inter_token_latency"]["avg"] == pytest.approx(100)
    assert found["inter_token_latency"]["count"] == 1
    assert found["output_token_throughput_per_user"]["avg"] == pytest.approx(10)
    assert found["request_latency"]["max"] == pytest.approx(1100)
    assert found["output_sequence_length"]["p50"] == pytest.approx(4.5)


def test_of_nothing():
    empty = report(run([]))
    for export in EXPORTS.values():
        [found] = export(empty)
        assert found["request_throughput"] in (0, {"unit": "requests/sec", "avg": 0})


def test_answers_that_nobody_counted():
    uncounted = record(0, gaps=(0.1,) * 3, completion_tokens=None)
    [found] = vllm_summary(report(run([uncounted])))
    assert found["total_output_tokens"] == 4

"""The formulas of others, worked out by hand on one small run."""

import msgspec
import numpy as np
import pytest

from fireworks_async._protocol.chunks import ChatCompletionChunk
from fireworks_async.loadtest._exports import EXPORTS, aiperf_summary, vllm_summary
from fireworks_async.loadtest._probe import Probe
from fireworks_async.loadtest._record import Record
from fireworks_async.types import Usage
from tests.support.loads import record, report, run
from tests.support.wire import chunk

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


# Reads at these moments, with their chunks: a role, output, output twice, an end.
READS = {
    0.10: [chunk(delta={"role": "assistant", "content": ""})],
    0.25: [chunk("a")],
    0.30: [chunk("b"), chunk("c")],
    0.40: [chunk("d"), chunk(finish_reason="stop")],
}


def seen_by_vllm(reads, tokens):
    """What ``vllm bench serve`` keeps of a stream, and makes of it, in its own words.

    Its request function looks at each chunk that has choices; its ``calculate_metrics``
    takes it from there.
    """
    ttft, most_recent, itl = None, 0.0, []
    for timestamp, chunks in reads.items():
        for each in chunks:
            if not each["choices"]:
                continue
            if ttft is None:
                ttft = timestamp
            else:
                itl.append(timestamp - most_recent)
            most_recent = timestamp
    return {"ttft": ttft, "itl": itl, "latency": most_recent, "output_len": tokens}


def test_vllm_by_its_own_loop():
    """The records hold enough to find its figures, also where ours are others."""
    probe = Probe(Record(index=0, intended_at=0.0), origin=0.0)
    probe.start(0.0)
    for at, chunks in READS.items():
        made = [msgspec.convert(each, ChatCompletionChunk) for each in chunks]
        probe.feed(made, at)
    usage = Usage(prompt_tokens=5, completion_tokens=4, total_tokens=9)
    whole = run([probe.end(0.5, usage=usage)])
    [found] = vllm_summary(report(whole))
    theirs = seen_by_vllm(READS, tokens=4)
    assert found["mean_ttft_ms"] == pytest.approx(theirs["ttft"] * 1000)
    assert found["mean_e2el_ms"] == pytest.approx(theirs["latency"] * 1000)
    tpot = (theirs["latency"] - theirs["ttft"]) / (theirs["output_len"] - 1)
    assert found["mean_tpot_ms"] == pytest.approx(tpot * 1000)
    for share in (50, 90, 99):
        expected = np.percentile(theirs["itl"], share) * 1000
        assert found[f"p{share}_itl_ms"] == pytest.approx(expected)
    assert found["std_itl_ms"] == pytest.approx(np.std(theirs["itl"]) * 1000)
    # Ours begins at the first output, and knows that two tokens shared a gap.
    assert whole.summary.ttft.p50 == pytest.approx(0.25)
    assert whole.summary.itl.p50 == pytest.approx(0.025)


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
    for export in (vllm_summary, aiperf_summary):
        [found] = export(empty)
        assert found["request_throughput"] in (0, {"unit": "requests/sec", "avg": 0})


@pytest.mark.parametrize("kind", sorted(EXPORTS))
def test_as_files(measured, kind):
    written = EXPORTS[kind](measured)
    if kind == "prometheus":
        assert written.startswith(b"# HELP")
    else:
        assert len(msgspec.json.decode(written)) == 1


def test_answers_that_nobody_counted():
    uncounted = record(0, gaps=(0.1,) * 3, completion_tokens=None)
    [found] = vllm_summary(report(run([uncounted])))
    assert found["total_output_tokens"] == 4

import msgspec
import pytest

from fireworks_async.loadtest._arrivals import Load, Segment
from fireworks_async.loadtest._summary import Sentinels, Summary
from fireworks_async.loadtest._targets import request_targets
from tests.support.loads import closed_loop, dropped, record

CLOSED = Load(concurrency=4)
OPEN = Load(segments=(Segment(10, 10),))


def test_counts_are_of_the_whole_run():
    records = [
        *closed_loop(4, 10),
        record(40, start=1.9, error="429"),
        record(41, start=1.9, error="429"),
        record(42, start=1.9, error="stall"),
        record(43, start=1.9, cancelled=True),
        dropped(44),
    ]
    summary = Summary.of(records, CLOSED)
    assert (summary.requests, summary.completed, summary.errors) == (45, 40, 3)
    assert (summary.dropped, summary.cancelled) == (1, 1)
    assert summary.error_share == pytest.approx(4 / 45)
    assert summary.error_classes == {"429": 2, "stall": 1}
    assert summary.error_examples == {"429": ["it was 429"], "stall": ["it was stall"]}
    assert summary.total_prompt_tokens == 440


def test_latencies_are_of_what_began_in_the_window():
    records = closed_loop(4, 10)
    for each in records[:4]:
        each.first_token_at += 0.05
    summary = Summary.of(records, CLOSED)
    assert summary.window.is_steady
    assert summary.measured == 36
    assert summary.ttft.max == pytest.approx(0.1)


def test_rates_in_the_window_and_in_the_whole_run():
    records = closed_loop(4, 10, tokens=3)
    summary = Summary.of(records, CLOSED)
    # Two reads of three tokens for each of 4 requests in 0.19 s.
    assert summary.whole.output_tokens_per_second == pytest.approx(24 / 0.19)
    assert summary.whole.requests_per_second == pytest.approx(4 / 0.19)
    assert summary.output_tokens_per_second == pytest.approx(24 / 0.19, rel=0.1)
    assert summary.rates.chunks_per_second == pytest.approx(8 / 0.19, rel=0.1)
    assert summary.in_flight == pytest.approx(4)
    assert summary.max_in_flight == 4
    low, high = summary.rates.intervals["output_tokens_per_second"]
    assert low <= summary.output_tokens_per_second <= high


def test_waiting_for_a_start_is_part_of_the_answer_time():
    records = [
        record(n, start=n / 10 + 0.4, intended=n / 10, gaps=()) for n in range(50)
    ]
    summary = Summary.of(records, OPEN)
    assert summary.ttft.p50 == pytest.approx(0.1)
    assert summary.ttft_scheduled.p50 == pytest.approx(0.5)
    assert summary.schedule_lag.p50 == pytest.approx(0.4)


def test_goodput_is_of_all_that_were_offered():
    records = [*closed_loop(4, 10), record(40, start=1.0, error="429"), dropped(41)]
    for each in records[:20]:
        each.first_token_at += 0.05
    good = Summary.of(records, CLOSED, request_targets("ttft<120ms")).goodput
    assert good.requests == 20
    assert good.fraction == pytest.approx(20 / 42)
    assert good.targets == ("ttft<120ms",)
    assert good.per_second > 0


def test_the_servers_own_times_and_its_cache():
    server = {"prefill_duration": 0.05}
    records = closed_loop(4, 10, server=server, cached_tokens=4)
    summary = Summary.of(records, CLOSED)
    assert summary.server["prefill_duration"].p50 == 0.05
    assert summary.cached_share == pytest.approx(0.4)
    assert summary.counted_by == {"events": 36}
    assert Summary.of(closed_loop(), CLOSED).cached_share is None


def test_a_warm_up_is_load_and_does_not_count():
    records = closed_loop(4, 10)
    for each in records[:20]:
        each.first_token_at += 0.05
    summary = Summary.of(records, CLOSED, warmup=20)
    assert summary.requests == 20
    assert summary.window.start == pytest.approx(5 * 0.19)
    assert summary.ttft.max == pytest.approx(0.1)
    assert summary.max_in_flight == 4


def test_what_the_json_promises():
    plain = msgspec.to_builtins(Summary.of(closed_loop(), CLOSED))
    for name in ("ttft", "itl", "tpot", "e2e"):
        assert plain[name]["p50"] <= plain[name]["p99"]
    for name in (
        "requests",
        "errors",
        "output_tokens_per_second",
        "requests_per_second",
    ):
        assert plain[name] >= 0


def test_of_nothing():
    summary = Summary.of([], CLOSED, request_targets("ttft<1s"))
    assert (summary.requests, summary.error_share, summary.ttft.n) == (0, 0, 0)
    assert summary.goodput.fraction == summary.goodput.per_second == 0
    assert summary.output_tokens_per_second == 0


def test_what_the_load_did_to_others():
    late = record(1, start=0.3, intended=0.1, ttft=0.1, gaps=())
    found = Sentinels.of([late, record(2, error="429"), dropped(3)])
    assert (found.requests, found.errors) == (3, 2)
    # From the intended start, as who asks sees it.
    assert found.ttft.p50 == found.e2e.max == pytest.approx(0.3)
    assert Sentinels.of([]) is None


def test_what_the_server_says_of_itself():
    def told(index, own, speculation):
        server = {"server_time_to_first_token": own}
        return record(
            index, start=index, ttft=0.1, server=server, speculation=speculation
        )

    summary = Summary.of(
        [told(0, 0.08, "0:8/10,1:3/10"), told(1, 0.06, "0:1/2"), told(2, 0.07, "odd")],
        CLOSED,
    )
    assert summary.server["server_time_to_first_token"].p50 == pytest.approx(0.07)
    assert summary.ttft_outside.p50 == pytest.approx(0.03)
    assert summary.speculation == {"0": pytest.approx(9 / 12), "1": pytest.approx(0.3)}
    silent = Summary.of([record()], CLOSED)
    assert (silent.speculation, silent.ttft_outside.n) == ({}, 0)

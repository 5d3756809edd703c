import pytest

from fireworks_async.loadtest._measures import (
    PER_REQUEST,
    Distribution,
    gaps_of,
    milliseconds,
    spread,
    tpot,
)
from tests.support.loads import dropped, record


def test_latencies_by_their_formulas():
    found = record(start=2.0, intended=1.5, ttft=0.25, gaps=(0.05,) * 5)
    values = {name: measure(found) for name, measure in PER_REQUEST.items()}
    assert values["ttft"] == pytest.approx(0.25)
    assert values["ttft_scheduled"] == pytest.approx(0.75)
    assert values["ttft_wire"] == pytest.approx(0.249)
    assert values["ttfv"] == pytest.approx(0.25)
    assert values["e2e"] == pytest.approx(0.5)
    assert values["e2e_scheduled"] == pytest.approx(1.0)
    assert values["e2e_per_token"] == pytest.approx(0.5 / 6)
    assert values["tpot"] == pytest.approx(0.05)
    assert values["tokens_per_second_per_user"] == pytest.approx(20)
    assert values["schedule_lag"] == pytest.approx(0.5)
    assert values["time_to_headers"] == pytest.approx(0.002)


def test_the_tokens_of_the_first_read_are_not_in_the_time_per_token():
    assert tpot(record(ttft=1.0, gaps=(0.3, 0.3), tokens=3)) == pytest.approx(0.1)


def test_an_answer_of_one_read_has_no_time_per_token():
    assert tpot(record(gaps=())) is None
    assert PER_REQUEST["tokens_per_second_per_user"](record(gaps=())) is None
    assert all(measure(dropped()) is None for measure in PER_REQUEST.values())


def test_a_gap_is_shared_by_the_tokens_that_ended_it():
    gaps = gaps_of([record(gaps=(0.3,) * 10, tokens=3)])
    assert gaps.itl.p50 == pytest.approx(0.1)
    assert gaps.itl.n == 30
    assert gaps.icl.p50 == pytest.approx(0.3)
    assert gaps.icl.n == 10
    assert gaps.tokens_per_read.p50 == 3


def test_every_token_counts_alike():
    """One read of 9 tokens weighs as much as nine of one."""
    slow = record(gaps=(0.9,), tokens=9)
    fast = record(gaps=(0.01,) * 4)
    assert gaps_of([slow, fast]).itl.p50 == pytest.approx(0.1)
    assert gaps_of([slow, fast]).icl.p50 == pytest.approx(0.01)


def test_chunks_of_one_read_and_stalls():
    gaps = gaps_of([record(gaps=(0.01,) * 8 + (0.2,), events=2)])
    assert gaps.coalesced_share == 0.5
    assert gaps.stalls == 1
    assert gaps.worst == pytest.approx(0.2)


def test_of_nothing_there_is_nothing():
    gaps = gaps_of([dropped()])
    assert gaps.itl == Distribution(n=0, requests=0)
    assert (gaps.worst, gaps.coalesced_share, gaps.stalls) == (None, 0, 0)
    assert Distribution.of([]).p50 is None
    assert Distribution.of([None]).n == 0


def test_a_distribution():
    found = Distribution.of(float(value) for value in range(1, 1001))
    assert (found.n, found.requests, found.min, found.max) == (1000, 1000, 1, 1000)
    assert found.mean == pytest.approx(500.5)
    assert found.p50 == pytest.approx(500.5)
    assert found.p99 == pytest.approx(990, abs=1)
    low, high = found.intervals["p95"]
    assert low < found.p95 < high
    assert found.unreliable == ("p99_9",)


@pytest.mark.parametrize(
    ("count", "unreliable"),
    [
        (10, ("p90", "p95", "p99", "p99_9")),
        (50, ("p99", "p99_9")),
        (199, ("p99", "p99_9")),
        (200, ("p99_9",)),
        (2000, ()),
    ],
)
def test_a_percentile_of_few_requests_is_an_anecdote(count, unreliable):
    assert Distribution.of([1.0] * count).unreliable == unreliable


def test_many_gaps_of_few_requests_are_few():
    found = gaps_of([record(n, gaps=(0.01,) * 500) for n in range(10)]).itl
    assert (found.n, found.requests) == (5000, 10)
    assert "p99" in found.unreliable


def test_per_request():
    assert PER_REQUEST["ttft"](record(ttft=0.3)) == 0.3


@pytest.mark.parametrize(
    ("seconds", "low", "high", "shown"),
    [
        (0.0201, 0.02, 0.0212, "20.1 ms [20.00-21.20]"),
        (0.102, 0.1, 0.1044, "102 ms [100.0-104.4]"),
        (1.5, 1.25, 2.0, "1500 ms [1250-2000]"),
        (9.9, 9.5, 10.5, "9900 ms [9500-10500]"),
        (12.3, 9.5, 14.0, "12.30 s [9.50-14.00]"),
        (-0.00001, -0.001, 0.0, "0.0 ms [-1.00-0.00]"),
    ],
)
def test_times_for_people(seconds, low, high, shown):
    interval = spread(seconds, (low, high), "-")
    assert f"{milliseconds(seconds)} [{interval}]" == shown

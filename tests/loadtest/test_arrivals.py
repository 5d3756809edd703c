import itertools
import math

import pytest

from fireworks_async.errors import LoadTestError
from fireworks_async.loadtest._arrivals import (
    Load,
    Segment,
    arrival_times,
    parse_stages,
)


def flat(rate, **more):
    return Load(segments=(Segment(rate, rate),), **more)


def first(load, count, seed=0):
    return list(itertools.islice(arrival_times(load, seed), count))


def gaps(times):
    return [after - before for before, after in itertools.pairwise(times)]


def variation(values):
    mean = sum(values) / len(values)
    return math.sqrt(sum((v - mean) ** 2 for v in values) / len(values)) / mean


def test_constant_arrivals_are_evenly_spaced():
    assert first(flat(4, arrival="constant"), 5) == [0, 0.25, 0.5, 0.75, 1]


@pytest.mark.parametrize(
    ("load", "spread"),
    [
        (flat(50, arrival="poisson"), 1.0),
        (flat(50, arrival="gamma", burstiness=0.25), 2.0),
        (flat(50, arrival="gamma", burstiness=4), 0.5),
    ],
)
def test_random_arrivals_have_their_rate_and_their_spread(load, spread):
    times = first(load, 20_000)
    assert len(times) / times[-1] == pytest.approx(50, rel=0.05)
    assert variation(gaps(times)) == pytest.approx(spread, rel=0.05)


def test_poisson_gaps_are_exponential():
    found = sorted(gaps(first(flat(1, arrival="poisson"), 5_000)))
    worst = max(
        abs((1 - math.exp(-gap)) - place / len(found))
        for place, gap in enumerate(found)
    )
    # Kolmogorov and Smirnov's bound at one in a thousand.
    assert worst < 1.95 / math.sqrt(len(found))


def test_bursts_come_together_and_keep_the_rate():
    times = first(flat(10, arrival="burst", burst_size=5), 15)
    assert times == [0] * 5 + [0.5] * 5 + [1] * 5


def test_the_seed_decides():
    load = flat(10)
    assert first(load, 50) == first(load, 50)
    assert first(load, 50) != first(load, 50, seed=1)


@pytest.mark.parametrize("curve", ["linear", "exponential"])
def test_a_ramp_holds_the_integral_of_its_rate(curve):
    load = Load(segments=(Segment(10, 90, 20, curve),), arrival="constant")
    times = list(arrival_times(load, 0))
    whole = 1000 if curve == "linear" else (90 - 10) * 20 / math.log(9)
    assert len(times) == math.ceil(whole)
    assert times[-1] < 20
    # The rate at the middle: arithmetic or geometric mean.
    near = sum(9.5 <= at < 10.5 for at in times)
    assert near == pytest.approx(50 if curve == "linear" else 30, abs=1.5)


def test_a_ramp_down():
    load = Load(segments=(Segment(90, 10, 10),), arrival="constant")
    times = list(arrival_times(load, 0))
    assert len(times) == 500
    assert gaps(times)[0] < gaps(times)[-1]


def test_stages_follow_each_other():
    load = Load(segments=parse_stages("10:1,20-20:1,40:1"), arrival="constant")
    times = list(arrival_times(load, 0))
    counts = [sum(n <= at < n + 1 for at in times) for n in range(3)]
    assert counts == [10, 20, 40]


def test_stages_in_words():
    assert parse_stages("5:30, 5-50:60,50^5:2") == (
        Segment(5, 5, 30),
        Segment(5, 50, 60),
        Segment(50, 5, 2, "exponential"),
    )
    for text in ("", "5", "a:3", "5-:x"):
        with pytest.raises(LoadTestError, match="no stage"):
            parse_stages(text)


def test_a_trace_is_replayed():
    load = Load(times=(0.0, 0.5, 0.5))
    assert list(arrival_times(load, 0)) == [0, 0.5, 0.5]
    assert not load.is_closed


@pytest.mark.parametrize("text", ["0:5", "5:0", "0-5:3", "5:-1", "nan:3", "5:inf"])
def test_a_stage_needs_a_rate_and_a_time(text):
    with pytest.raises(LoadTestError, match="more than 0"):
        parse_stages(text)


@pytest.mark.parametrize(
    ("load", "said", "rate"),
    [
        (Load(concurrency=4), "closed loop, 4 at once", None),
        (flat(2.5), "poisson arrivals, 2.5/s", 2.5),
        (flat(2, concurrency=3), "poisson arrivals, 2/s, 3 at once at most", 2),
        (
            Load(segments=parse_stages("1-2:3,2:4"), arrival="constant"),
            "constant arrivals, 1/s to 2/s for 3 s then 2/s for 4 s",
            None,
        ),
        (Load(times=(0.0,)), "trace of 1 request", None),
    ],
)
def test_a_load_in_words(load, said, rate):
    assert str(load) == said
    assert load.rate == rate
    assert load.is_closed == (said.startswith("closed"))


@pytest.mark.parametrize(
    ("stages", "seconds", "requests"),
    [
        ("5:10", None, 50),
        ("5:10", 4, 20),
        ("5:10,10-20:10", None, 200),
        ("5:10,10-20:10", 15, 125),
        ("5:10,10-20:10", 5, 25),
    ],
)
def test_how_many_are_due(stages, seconds, requests):
    load = Load(segments=parse_stages(stages))
    assert load.requests_within(seconds) == pytest.approx(requests)


def test_how_many_are_due_at_one_rate():
    assert flat(5).requests_within(4) == 20
    assert flat(5).requests_within(None) == float("inf")

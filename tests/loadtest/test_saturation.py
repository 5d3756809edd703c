"""Queues that were simulated: which of them end a run."""

import heapq
import random

import pytest

from fireworks_async.loadtest._progress import Tally
from fireworks_async.loadtest._saturation import Saturation


def queue(rate, capacity, *, seconds=60, servers=10, lengths=None, seed=1):
    """A run told four times a second: Poisson arrivals at so many servers.

    Gives the moment of the first complaint and its words, or None.
    """
    dice = random.Random(seed)
    mean = servers / capacity
    now, free, calls = 0.0, [0.0] * servers, []
    while now < seconds:
        now += dice.expovariate(rate)
        start = max(now, heapq.heappop(free))
        takes = dice.choice(lengths) if lengths else dice.uniform(0.5, 1.5) * mean
        heapq.heappush(free, start + takes)
        calls.append((now, start + 0.1 * takes, start + takes))
    saturation = Saturation()
    for tick in range(4, int(4 * seconds)):
        at = tick / 4
        arrived = [call for call in calls if call[0] <= at]
        over = sorted((c for c in arrived if c[2] <= at), key=lambda call: call[2])
        tally = Tally(
            started=len(arrived),
            in_flight=len(arrived) - len(over),
            ttfts=[first - begin for begin, first, _ in over],
        )
        said = saturation.tell(at, tally)
        if said is not None:
            return at, said
    return None


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("load", [0.3, 0.8, 0.9])
def test_a_server_that_keeps_up_is_left_alone(load, seed):
    assert queue(10 * load, 10, seed=seed) is None


@pytest.mark.parametrize("load", [1.3, 2.0, 10.0])
def test_a_queue_without_an_end_is_told_early(load):
    at, said = queue(10 * load, 10)
    assert 10 <= at <= 30
    assert said.startswith("requests piled up: of ")
    assert f"after {at:.0f} s" in said


def test_long_answers_on_their_way_are_no_queue():
    # In flight grows for a minute; what waits for a token does not.
    assert queue(10, 100, servers=1_000, lengths=[0.5] * 9 + [60.0]) is None


def test_the_words_have_the_rates():
    saturation = Saturation()
    for tick in range(1, 81):
        at = tick / 4
        done = int(5 * at)
        tally = Tally(
            started=done + 2,
            in_flight=2,
            waiting=int(20 * at) - done - 2,
            ttfts=[n / 20 for n in range(done)],
        )
        said = saturation.tell(at, tally)
        if said is not None:
            break
    assert said == (
        "requests piled up: of 20/s only 4.87/s were answered, and 177 were waiting "
        "after 12 s"
    )

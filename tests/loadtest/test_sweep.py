import pytest

from fireworks_async.loadtest._sweep import Bisection, Step


def search(capacity, start=1.0, *, is_whole=False):
    bisection = Bisection(start, is_whole=is_whole)
    while (level := bisection.following()) is not None:
        bisection.tell(level, passed=level <= capacity)
    return bisection


@pytest.mark.parametrize("capacity", [0.7, 1, 5, 17.3, 400, 12_345])
@pytest.mark.parametrize("start", [1.0, 100.0])
def test_the_greatest_rate_is_found_within_five_percent(capacity, start):
    bisection = search(capacity, start)
    assert bisection.passed <= capacity < bisection.failed
    assert bisection.passed >= capacity * 0.95
    assert len(bisection.steps) <= 24


@pytest.mark.parametrize("capacity", [1, 2, 7, 64, 100, 1_000])
@pytest.mark.parametrize("start", [1, 8])
def test_the_greatest_concurrency(capacity, start):
    bisection = search(capacity, start, is_whole=True)
    assert bisection.passed <= capacity < bisection.failed
    assert capacity - bisection.passed <= 0.05 * capacity
    assert all(step.level == int(step.level) >= 1 for step in bisection.steps)


def test_nothing_passes():
    assert search(0, 8, is_whole=True).passed is None
    assert search(0).passed is None
    assert len(search(0).steps) <= 24


def test_nothing_fails():
    bisection = search(float("inf"))
    assert bisection.failed is None
    assert len(bisection.steps) == 24


def test_steps_are_kept():
    assert search(3, 2).steps[:3] == [Step(2, True), Step(4, False), Step(3, True)]

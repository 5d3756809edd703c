import numpy as np
import pytest

from fireworks_async.loadtest._quantiles import (
    cuts,
    mean_interval,
    order_interval,
    places,
    quantiles,
    woodruff_interval,
)


def test_a_weight_is_so_many_values():
    values, weights = np.array([1.0, 2.0, 3.0]), np.array([1.0, 5.0, 2.0])
    spread = np.repeat(values, weights.astype(int))
    shares = [0.1, 0.5, 0.7, 0.9]
    expected = np.quantile(spread, shares, method="inverted_cdf")
    assert list(quantiles(values, weights, shares)) == list(expected)


@pytest.mark.parametrize("share", [0.5, 0.95])
def test_order_intervals_cover_as_often_as_they_say(share):
    dice = np.random.default_rng(1)
    hits = 0
    for _ in range(400):
        sample = np.sort(dice.exponential(size=300))
        low, high = order_interval(sample, share)
        hits += low <= -np.log(1 - share) <= high
    assert 0.92 <= hits / 400 <= 0.99


def test_a_large_sample_is_treated_the_same():
    small, large = (np.arange(float(n)) / n for n in (2_000, 2_001))
    for share in (0.5, 0.99):
        assert order_interval(small, share) == pytest.approx(
            order_interval(large, share), abs=0.002
        )


def test_too_few_values_have_no_interval():
    assert order_interval(np.empty(0), 0.5) is None
    assert order_interval(np.arange(4.0), 0.5) is None
    assert order_interval(np.arange(50.0), 0.99) is None
    assert order_interval(np.arange(10.0), 0.5) == (1, 8)


def test_groups_that_resemble_themselves_widen_the_interval():
    """Each group has a level of its own: its many values are little more than one."""
    dice = np.random.default_rng(2)
    hits = naive = 0
    for _ in range(200):
        levels = dice.normal(size=60)
        values = np.repeat(levels, 50) + dice.normal(scale=0.01, size=3_000)
        groups = np.repeat(np.arange(60), 50)
        order = np.argsort(values)
        values, groups = values[order], groups[order]
        low, high = woodruff_interval(values, np.ones(3_000), groups, 0.5)
        hits += low <= 0 <= high
        low, high = order_interval(values, 0.5)
        naive += low <= 0 <= high
    assert hits / 200 >= 0.9
    assert naive / 200 < 0.5


def test_few_groups_have_no_interval():
    values = np.arange(40.0)
    assert woodruff_interval(values, np.ones(40), np.arange(40) // 10, 0.5) is None
    assert woodruff_interval(values, np.ones(40), np.arange(40), 0.999) is None
    empty = np.empty(0)
    assert woodruff_interval(empty, empty, np.empty(0, dtype=np.int64), 0.5) is None


def test_means():
    assert mean_interval(np.array([1.0, 2.0])) is None
    low, high = mean_interval(np.array([11.0, 12.0, 13.0]))
    assert (low + high) / 2 == pytest.approx(12)
    assert high - 12 == pytest.approx(4.303 / 3**0.5)
    # A rate is never below nothing; a difference may be.
    assert mean_interval(np.array([0.0, 0.0, 5.0]))[0] == 0
    assert mean_interval(np.array([-1.0, 0.0, 5.0]))[0] < 0
    wide = mean_interval(np.arange(1_000.0))
    assert wide[1] - wide[0] == pytest.approx(2 * 1.96 * 288.8 / 1_000**0.5, rel=0.01)


def test_slices():
    assert list(cuts(0, 1, 4)) == [0, 0.25, 0.5, 0.75, 1]
    assert list(places(cuts(0, 1, 4), np.array([0.3]), "right")) == [2]

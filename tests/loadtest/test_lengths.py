import random
import statistics

import pytest

from fireworks_async.errors import LoadTestError
from fireworks_async.loadtest._lengths import Lengths


@pytest.mark.parametrize(
    ("text", "lengths"),
    [
        ("512", Lengths("fixed", 512)),
        (512, Lengths("fixed", 512)),
        ("256-1024", Lengths("uniform", 256, 1024)),
        ("1024-256", Lengths("uniform", 256, 1024)),
        ("512~64", Lengths("normal", 512, 64)),
        ("log:512~300", Lengths("lognormal", 512, 300)),
        ("512~0", Lengths("fixed", 512)),
        ("0", Lengths("fixed", 1)),
    ],
)
def test_reading(text, lengths):
    assert Lengths.parse(text) == lengths
    assert Lengths.parse(str(lengths)) == lengths
    assert Lengths.parse(lengths) is lengths


@pytest.mark.parametrize("text", ["", "many", "1-2-3", "-5", "3.5"])
def test_what_is_no_length(text):
    with pytest.raises(LoadTestError, match="no number of tokens"):
        Lengths.parse(text)


@pytest.mark.parametrize("text", ["100", "50-150", "100~10", "log:100~50"])
def test_draws_have_the_mean_that_is_promised(text):
    lengths = Lengths.parse(text)
    dice = random.Random(1)
    drawn = [lengths.draw(dice) for _ in range(4_000)]
    assert min(drawn) >= 1
    assert statistics.mean(drawn) == pytest.approx(lengths.mean, rel=0.03)


def test_draws_have_the_spread_that_is_promised():
    dice = random.Random(1)
    for text in ("100~10", "log:100~50"):
        lengths = Lengths.parse(text)
        drawn = [lengths.draw(dice) for _ in range(20_000)]
        assert statistics.stdev(drawn) == pytest.approx(lengths.second, rel=0.06)

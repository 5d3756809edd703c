import pytest

from fireworks_async._protocol.completions import Usage
from fireworks_async.proxy._estimates import Estimates, Extent


def test_a_call_is_expected_to_take_what_others_of_its_model_took():
    estimates = Estimates()
    extent = Extent(400)
    for _ in range(30):
        estimates.learn("a", extent, Usage(200, 230, 30))
    need = estimates.need("a", Extent(800))
    assert (need.prompt, need.generated) == pytest.approx((400, 30))
    assert estimates.need("b", extent).generated > 30


def test_its_own_limit_and_its_choices_count():
    need = Estimates().need("a", Extent(400, max_tokens=7, choices=3))
    assert (need.prompt, need.generated) == (100, 21)


def test_names_that_callers_make_up_do_not_fill_the_memory():
    estimates = Estimates()
    for number in range(2000):
        estimates.learn(str(number), Extent(4), Usage(1, 2, 1))
    assert len(estimates._models) == 500
    assert estimates.need("2001", Extent(4)).prompt == 1

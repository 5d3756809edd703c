import pytest

from fireworks_async.errors import (
    APIConnectionError,
    APIStatusError,
    BadRequestError,
    InternalServerError,
    RateLimitError,
)
from fireworks_async.proxy._cooldowns import Cooldown, is_deployments_fault


def cooldown(**changes):
    return Cooldown(**{"allowed_fails": 2, "seconds": 5.0, **changes})


def status(kind, code, **details):
    return kind("no", status_code=code, **details)


def test_a_rate_limit_is_enough_and_lasts_as_long_as_the_api_says():
    rests = cooldown()
    rests.failed(status(RateLimitError, 429, retry_after=30), now=100.0)
    assert rests.until == 130.0


@pytest.mark.parametrize("code", [401, 402, 403, 404, 412])
def test_what_will_be_the_same_next_time_is_enough(code):
    rests = cooldown()
    rests.failed(status(APIStatusError, code), now=100.0)
    assert rests.until == 105.0


def test_what_may_pass_has_to_happen_more_often_than_allowed():
    rests = cooldown()
    for now in (100.0, 101.0):
        rests.failed(status(InternalServerError, 500), now=now)
        assert rests.until == 0
    rests.failed(APIConnectionError("lost"), now=102.0)
    assert rests.until == 107.0


def test_the_callers_fault_is_not_the_deployments():
    rests = cooldown(allowed_fails=0)
    rests.failed(status(BadRequestError, 400), now=1.0)
    assert rests.until == 0
    assert not is_deployments_fault(status(BadRequestError, 400))
    assert is_deployments_fault(APIConnectionError("lost"))


def test_none_when_switched_off():
    rests = cooldown(seconds=0.0)
    rests.failed(status(RateLimitError, 429), now=1.0)
    assert rests.until == 0

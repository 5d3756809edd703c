import copy
import pickle

import aiohttp
import msgspec
import pytest

from fireworks_async._policy.timeouts import Timeout
from fireworks_async.errors import ConfigurationError

NAMES = ["connect", "pool", "receive", "total"]


def test_defaults():
    assert Timeout() == Timeout(connect=10, pool=None, receive=300, total=None)


def test_a_number_limits_silence_and_leaves_the_other_defaults():
    assert Timeout.of(30) == Timeout(connect=10, pool=None, receive=30, total=None)
    assert Timeout.of(0.5).receive == 0.5


def test_none_means_no_limits_at_all():
    assert Timeout.of(None) == Timeout(
        connect=None, pool=None, receive=None, total=None
    )


def test_a_timeout_is_taken_as_it_is():
    timeout = Timeout(total=5)
    assert Timeout.of(timeout) is timeout


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("value", "given_as"),
    [
        (0, "0"),
        (-1, "-1"),
        (-0.5, r"-0\.5"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        (True, "bool"),
        ("10", "str"),
    ],
)
def test_what_is_no_limit_is_refused_by_name(name, value, given_as):
    with pytest.raises(
        ConfigurationError,
        match=rf"^Timeout\.{name} must be a positive, finite .* not {given_as}$",
    ):
        Timeout(**{name: value})


@pytest.mark.parametrize("value", [True, 0])
def test_of_refuses_what_is_no_limit(value):
    with pytest.raises(ConfigurationError, match=r"^Timeout\.receive must be"):
        Timeout.of(value)


@pytest.mark.parametrize(
    ("value", "given_as"),
    [
        ("30", "str"),
        (object(), "object"),
        (aiohttp.ClientTimeout(5), r"aiohttp\.ClientTimeout"),
    ],
)
def test_of_says_which_timeout_it_is_not(value, given_as):
    with pytest.raises(
        ConfigurationError,
        match=rf"must be a fireworks_async\.Timeout, .* or None, not {given_as}$",
    ):
        Timeout.of(value)


@pytest.mark.parametrize("name", NAMES)
def test_every_limit_may_be_small_large_or_none(name):
    for value in (None, 1e-9, 10**400):
        assert getattr(Timeout(**{name: value}), name) == value


def test_it_cannot_be_changed_but_replaced():
    timeout = Timeout()
    with pytest.raises(AttributeError):
        timeout.total = 3
    assert msgspec.structs.replace(timeout, total=3).total == 3


def test_a_replacement_is_checked_too():
    with pytest.raises(ConfigurationError):
        msgspec.structs.replace(Timeout(), total=-3)


def test_it_travels_and_is_hashable():
    timeout = Timeout(total=5)
    assert pickle.loads(pickle.dumps(timeout)) == timeout
    assert copy.deepcopy(timeout) == timeout
    assert hash(timeout) == hash(Timeout(total=5))

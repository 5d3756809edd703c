import pytest

from fireworks_async.batch._retries import SCHEDULES, Breaker, Retries


def decide(retries, *failures, retry_after=None, random=1.0):
    return retries.decide(failures, retry_after=retry_after, random=random)


@pytest.mark.parametrize("cause", ["refused", "account", "invalid", "cancelled"])
def test_some_causes_are_never_retried(cause):
    assert decide(Retries(), cause) is None


@pytest.mark.parametrize("cause", SCHEDULES)
def test_each_cause_has_its_number_of_retries(cause):
    retries = Retries(capacity=10_000)
    most = SCHEDULES[cause].most
    for count in range(1, most + 1):
        assert decide(retries, *[cause] * count) is not None
    assert decide(retries, *[cause] * (most + 1)) is None


def test_waits_double_up_to_their_cap():
    retries = Retries(capacity=10_000)
    waits = [decide(retries, *["overloaded"] * count) for count in range(1, 9)]
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    assert decide(retries, "overloaded", random=0.25) == 0.25


def test_what_the_api_asks_for_is_a_floor():
    assert decide(Retries(), "rate_limit", retry_after=7.0, random=0.5) == 7.5
    assert decide(Retries(), "rate_limit", retry_after=4000.0) is None


def test_other_causes_do_not_use_up_a_causes_retries():
    assert decide(Retries(), *["rate_limit"] * 9, "stall") == 1.0


def test_the_users_most_counts_what_is_the_services_fault():
    retries = Retries(most=2)
    assert decide(retries, "server", "rate_limit", "truncated") is not None
    assert decide(retries, "server", "truncated", "server") is None
    assert decide(retries, "server", "truncated", "server", "rate_limit") is not None


def test_rate_limits_are_not_retried_if_not_wanted():
    retries = Retries(no_rate_limits=True)
    assert decide(retries, "rate_limit") is None
    assert decide(retries, "server") is not None
    assert decide(Retries(), "rate_limit") is not None


def test_the_quota_is_used_up_and_paid_back():
    retries = Retries(capacity=20)
    assert decide(retries, "stall") is not None
    assert [decide(retries, "server") is None for _ in range(3)] == [False, False, True]
    assert decide(retries, "rate_limit") is not None
    retries.succeeded(("server",))
    assert decide(retries, "server") is not None
    assert decide(retries, "server") is None
    for _ in range(5):
        retries.succeeded(())
    assert decide(retries, "server") is not None


def test_the_quota_is_not_paid_above_itself():
    retries = Retries(capacity=5)
    retries.succeeded(("stall",))
    assert decide(retries, "server") is not None
    assert decide(retries, "server") is None


class TestBreaker:
    def test_it_is_closed_as_long_as_something_succeeds(self):
        breaker = Breaker(threshold=3)
        for _ in range(10):
            breaker.failed(1.0)
            breaker.failed(1.0)
            breaker.succeeded()
        assert (breaker.is_open, breaker.wait(1.0)) == (False, 0.0)

    def test_one_row_tries_for_all_after_a_pause_that_doubles(self):
        breaker = Breaker(threshold=2, first=1.0, longest=3.0)
        breaker.failed(0.0)
        breaker.failed(0.0)
        now, pauses = 0.0, []
        for _ in range(4):
            pauses.append(breaker.wait(now))
            now += pauses[-1]
            assert breaker.wait(now) == 0.0
            breaker.sent()
            assert breaker.wait(now + 99) == float("inf")
            breaker.failed(now)
        assert pauses == [1.0, 2.0, 3.0, 3.0]
        breaker.sent()
        breaker.succeeded()
        assert (breaker.is_open, breaker.wait(now)) == (False, 0.0)

    def test_rows_that_were_in_flight_do_not_prolong_the_pause(self):
        breaker = Breaker(threshold=2, first=1.0)
        for _ in range(50):
            breaker.failed(0.0)
        assert breaker.wait(0.5) == 0.5

    def test_it_gives_up_when_nothing_has_succeeded_for_long(self):
        breaker = Breaker(threshold=2, patience=60.0)
        breaker.failed(0.0)
        assert not breaker.has_given_up(99.0)
        breaker.failed(59.0)
        assert not breaker.has_given_up(59.0)
        assert breaker.has_given_up(60.0)
        breaker.succeeded()
        assert not breaker.has_given_up(99.0)

"""Pauses: the herd waits, one call tries the way."""

import pytest

from fireworks_async._policy.pauses import Pauses


def fail(pauses, sequence, now=0.0, *, how="failed", random=0.0):
    """A call failed, and the next one is admitted after that."""
    getattr(pauses, how)(sequence, latest=sequence, random=random, now=now)


def waiting(pauses, now):
    """Seconds for which nothing may be sent."""
    return max(0.0, pauses.until - now)


def test_a_few_failures_pause_nothing():
    pauses = Pauses()
    for sequence in (1, 2, 3):
        fail(pauses, sequence)
    assert (waiting(pauses, 0.0), pauses.probing) == (0.0, False)


def test_failures_in_a_row_pause_ever_longer():
    pauses, waits, now = Pauses(), [], 0.0
    for sequence in range(1, 14):
        fail(pauses, sequence, now)
        waits.append(waiting(pauses, now))
        now += waits[-1]
    assert waits == [0, 0, 0, 0.5, 1, 2, 4, 8, 16, 30, 30, 30, 30]
    assert pauses.probing
    assert pauses.reason == "failures"


def test_calls_in_flight_together_fail_once():
    pauses = Pauses()
    for sequence in range(1, 101):
        pauses.failed(sequence, latest=100, random=0.0, now=0.0)
    assert not pauses.probing


def test_a_success_in_between_begins_the_count_anew():
    pauses = Pauses()
    for sequence in range(1, 20, 2):
        fail(pauses, sequence, float(sequence))
        pauses.succeeded(sequence + 1, now=float(sequence))
    assert not pauses.probing


def test_quick_failures_between_successes_are_no_outage():
    pauses = Pauses()
    pauses.succeeded(1, now=10.0)
    for sequence in range(2, 20):
        fail(pauses, sequence, 10.4)
    assert not pauses.probing
    fail(pauses, 20, 10.5)
    assert pauses.probing


def test_when_nearly_all_fail_the_late_successes_of_old_calls_do_not_count():
    pauses = Pauses()
    pauses.succeeded(1, now=10.0)
    pauses.failed(2, latest=2, random=0.0, now=10.0, hopeless=True)
    pauses.succeeded(1, now=10.1)
    assert pauses.probing
    assert waiting(pauses, 10.0) == 0.5


def test_a_success_ends_an_outage_unless_it_was_sent_before_it():
    pauses = Pauses()
    for sequence in (2, 3, 4, 5):
        fail(pauses, sequence)
    assert not pauses.succeeded(1, now=0.0)
    assert pauses.probing
    assert pauses.succeeded(6, now=0.0)
    assert not pauses.probing
    assert not pauses.succeeded(7, now=0.0)


def test_jitter_makes_a_pause_longer_by_a_fifth_at_most():
    pauses = Pauses()
    for sequence in range(1, 5):
        fail(pauses, sequence, random=1.0)
    assert waiting(pauses, 0.0) == pytest.approx(0.6)


def test_a_deployment_that_starts_is_asked_by_its_own_slow_schedule():
    pauses, waits, now = Pauses(), [], 0.0
    for sequence in range(1, 10):
        fail(pauses, sequence, now, how="scaling_up")
        waits.append(waiting(pauses, now))
        now += waits[-1]
    assert waits[:4] == [5, 7.5, 11.25, 16.875]
    assert waits[-1] == 60
    assert pauses.reason == "a deployment that is starting"
    assert pauses.succeeded(10, now=0.0)


def test_a_spent_budget_is_asked_after_soon_then_rarely_and_is_no_outage():
    pauses, waits, now = Pauses(), [], 0.0
    for sequence in range(1, 9):
        fail(pauses, sequence, now, how="spent")
        waits.append(waiting(pauses, now))
        now += waits[-1]
    assert waits == [0.25, 0.5, 1, 2, 4, 8, 8, 8]
    assert pauses.reason == "a spent budget"
    assert not pauses.succeeded(9, now=0.0)
    fail(pauses, 10, now, how="spent")
    assert waiting(pauses, now) == 0.25


def test_the_apis_wish_to_wait_is_kept_up_to_a_minute():
    pauses = Pauses()
    pauses.asked(5.0, 100.0)
    pauses.asked(2.0, 100.0)
    assert waiting(pauses, 101.0) == 4
    assert pauses.reason == "the API's Retry-After"
    # No failure: when it is over, all may go on.
    assert not pauses.probing
    pauses.asked(3_600.0, 101.0)
    assert waiting(pauses, 101.0) == 60


def test_the_number_of_failures_has_no_end():
    pauses = Pauses()
    for sequence in range(1, 2_000):
        fail(pauses, sequence)
    assert waiting(pauses, 0.0) == 30

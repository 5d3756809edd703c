import pytest

from fireworks_async.batch._interfaces import Outcome
from fireworks_async.errors import APIConnectionError, RateLimitError

LIMITS = {
    "x-ratelimit-limit-tokens-generated": "36000",
    "x-ratelimit-remaining-tokens-generated": "12",
    "fireworks-prefill-queue-duration": "0.25",
}


def test_an_answer_has_status_200_and_no_wait():
    outcome = Outcome(cause=None)
    assert (outcome.status, outcome.retry_after) == (200, None)
    assert (outcome.rate_limit, outcome.perf) == (None, None)


def test_a_refusal_has_its_own_status_and_wait():
    error = RateLimitError("slow down", status_code=429, retry_after=3.0)
    outcome = Outcome(cause="rate_limit", error=error)
    assert (outcome.status, outcome.retry_after) == (429, 3.0)


def test_without_an_answer_there_is_no_status():
    outcome = Outcome(cause="connection", error=APIConnectionError("gone"))
    assert (outcome.status, outcome.retry_after) == (None, None)


def test_limits_and_times_are_read_from_the_headers():
    outcome = Outcome(cause=None, headers=LIMITS)
    assert outcome.rate_limit.limit_tokens_generated == 36000
    assert outcome.rate_limit.remaining_tokens_generated == 12
    assert outcome.perf.prefill_queue_duration == pytest.approx(0.25)


def test_times_of_the_body_win_over_those_of_the_headers():
    body = {"prefill-queue-duration": 0.5}
    outcome = Outcome(cause=None, headers=LIMITS, perf_metrics=body)
    assert outcome.perf.prefill_queue_duration == pytest.approx(0.5)

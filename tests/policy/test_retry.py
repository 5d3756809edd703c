import pytest
from hypothesis import given
from hypothesis import strategies as st

from fireworks_async import errors
from fireworks_async._policy.retry import (
    CERTIFICATE_FAILURE,
    RETRYABLE_STATUSES,
    RetryBudget,
    RetryPolicy,
    is_retryable,
)


def status_error(status=503, **details):
    return errors.APIStatusError("refused", status_code=status, **details)


def waits(error, *, random, count=6):
    policy = RetryPolicy(max_retries=count)
    return [
        policy.decide(error, retries_taken=taken, random=random)
        for taken in range(count)
    ]


class TestWhichErrors:
    @pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504])
    def test_statuses_that_may_pass_are_retried(self, status):
        assert is_retryable(status_error(status))

    @pytest.mark.parametrize(
        "status",
        [301, 400, 401, 402, 403, 404, 405, 412, 413, 422, 501, 505, 520, 583],
    )
    def test_statuses_that_would_come_again_are_not(self, status):
        assert not is_retryable(status_error(status))

    def test_the_list_of_statuses_is_the_whole_list(self):
        found = {status for status in range(600) if is_retryable(status_error(status))}
        assert found == RETRYABLE_STATUSES

    def test_a_deployment_that_scales_up_is_retried_like_any_503(self):
        error = errors.DeploymentScalingUpError("scaling up", status_code=503)
        assert is_retryable(error)

    @pytest.mark.parametrize("member", ["code", "type"])
    def test_a_used_up_quota_is_not_retried(self, member):
        assert not is_retryable(status_error(429, **{member: "insufficient_quota"}))

    @pytest.mark.parametrize("text", ["true", "True", " TRUE "])
    def test_x_should_retry_true_overrides_the_status(self, text):
        assert is_retryable(status_error(400, headers={"x-should-retry": text}))

    @pytest.mark.parametrize("text", ["false", "FALSE "])
    def test_x_should_retry_false_overrides_the_status(self, text):
        assert not is_retryable(status_error(503, headers={"x-should-retry": text}))

    def test_x_should_retry_overrides_a_used_up_quota(self):
        error = status_error(
            429, code="insufficient_quota", headers={"x-should-retry": "true"}
        )
        assert is_retryable(error)

    def test_an_x_should_retry_that_says_neither_is_ignored(self):
        headers = {"x-should-retry": "perhaps"}
        assert is_retryable(status_error(503, headers=headers))
        assert not is_retryable(status_error(400, headers=headers))

    def test_a_lost_connection_is_retried(self):
        assert is_retryable(errors.APIConnectionError("reset by peer"))

    def test_a_certificate_that_does_not_verify_is_not(self):
        error = errors.APIConnectionError("self-signed", code=CERTIFICATE_FAILURE)
        assert not is_retryable(error)

    @pytest.mark.parametrize(
        ("phase", "retried"),
        [("connect", True), ("pool", False), ("receive", False), ("total", False)],
    )
    def test_only_timeouts_of_connecting_are_retried(self, phase, retried):
        assert is_retryable(errors.APITimeoutError("late", phase=phase)) is retried

    def test_a_truncated_stream_is_retried(self):
        assert is_retryable(errors.StreamTruncatedError("cut"))

    def test_what_is_not_a_stream_is_not_retried(self):
        assert not is_retryable(errors.StreamProtocolError("<html>"))

    @pytest.mark.parametrize(
        "details",
        [
            {"code": "SERVER_SHUTTING_DOWN"},
            {"type": "InternalError"},
            {"code": "engine_overloaded", "type": "error"},
            {"type": "unavailable_error"},
        ],
    )
    def test_an_error_in_the_stream_that_blames_the_server_is_retried(self, details):
        assert is_retryable(errors.StreamServerError("oops", **details))

    @pytest.mark.parametrize(
        "details",
        [{}, {"type": "error"}, {"code": "content_policy"}, {"code": 17}],
    )
    def test_other_errors_in_the_stream_are_not(self, details):
        error = errors.StreamServerError("the server is overloaded", **details)
        assert not is_retryable(error)

    @pytest.mark.parametrize(
        "error",
        [
            errors.ConfigurationError("no"),
            errors.ClientClosedError("closed"),
            errors.StreamStateError("twice"),
            errors.SchemaMismatchError("does not fit"),
            errors.FireworksError("?"),
        ],
        ids=lambda error: type(error).__name__,
    )
    def test_errors_that_are_not_the_apis_are_not(self, error):
        assert not is_retryable(error)


class TestHowLong:
    def test_the_longest_waits_double_from_half_a_second_to_eight(self):
        assert waits(status_error(), random=1.0) == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0]

    def test_the_jitter_is_full(self):
        assert waits(status_error(), random=0.0) == [0.0] * 6
        assert waits(status_error(), random=0.5)[:3] == [0.25, 0.5, 1.0]

    def test_two_retries_by_default(self):
        decide = RetryPolicy().decide
        assert decide(status_error(), retries_taken=1, random=1.0) == 1.0
        assert decide(status_error(), retries_taken=2, random=1.0) is None

    def test_max_retries_of_zero_turns_retrying_off(self):
        policy = RetryPolicy(max_retries=0)
        assert policy.decide(status_error(), retries_taken=0, random=0.5) is None

    def test_what_cannot_be_cured_is_given_up_at_once(self):
        assert (
            RetryPolicy().decide(status_error(400), retries_taken=0, random=0) is None
        )

    def test_retry_after_is_a_floor_under_the_jitter(self):
        error = status_error(429, retry_after=3.0)
        assert waits(error, random=0.0)[0] == 3.0
        assert waits(error, random=1.0)[1] == 4.0

    def test_a_wait_of_a_minute_is_waited(self):
        error = status_error(429, retry_after=60.0)
        assert RetryPolicy().decide(error, retries_taken=0, random=0.0) == 60.0

    def test_a_longer_wait_is_the_callers_to_wait(self):
        error = status_error(429, retry_after=60.5)
        assert RetryPolicy().decide(error, retries_taken=0, random=0.0) is None

    def test_connection_errors_back_off_as_well(self):
        error = errors.APIConnectionError("reset by peer")
        assert waits(error, random=1.0)[0] == 0.5

    @given(
        retries_taken=st.integers(0, 10**6),
        random=st.floats(0, 1),
        retry_after=st.none() | st.floats(0, allow_infinity=True),
    )
    def test_a_wait_is_never_shorter_than_asked_nor_longer_than_the_bounds(
        self, retries_taken, random, retry_after
    ):
        error = status_error(retry_after=retry_after)
        wait = RetryPolicy(max_retries=10**7).decide(
            error, retries_taken=retries_taken, random=random
        )
        floor = retry_after or 0.0
        if floor > 60:
            assert wait is None
        else:
            assert floor <= wait <= floor + 8


class TestSettings:
    def test_a_policy_cannot_be_changed(self):
        with pytest.raises(AttributeError):
            RetryPolicy().max_retries = 3

    @pytest.mark.parametrize(
        ("value", "given_as"),
        [(-1, "-1"), (2.0, "float"), (True, "bool"), ("2", "str"), (None, "NoneType")],
    )
    def test_max_retries_must_be_a_count(self, value, given_as):
        with pytest.raises(
            errors.ConfigurationError,
            match=rf"^max_retries must be .* 0 or more, not {given_as}$",
        ):
            RetryPolicy(max_retries=value)

    @pytest.mark.parametrize("name", ["base", "cap", "longest_wait"])
    @pytest.mark.parametrize(
        ("value", "given_as"),
        [
            (-0.1, r"-0\.1"),
            (float("nan"), "nan"),
            (float("inf"), "inf"),
            (False, "bool"),
            ("1", "str"),
        ],
    )
    def test_times_must_be_finite_and_not_negative(self, name, value, given_as):
        with pytest.raises(
            errors.ConfigurationError,
            match=rf"^RetryPolicy\.{name} must be .* 0 or more, not {given_as}$",
        ):
            RetryPolicy(**{name: value})

    def test_a_base_of_zero_retries_without_waiting(self):
        policy = RetryPolicy(base=0)
        assert policy.decide(status_error(), retries_taken=1, random=1.0) == 0.0

    def test_a_budgets_capacity_must_be_an_amount(self):
        with pytest.raises(
            errors.ConfigurationError, match=r"^RetryBudget\.capacity must be"
        ):
            RetryBudget(-1)


def attempts_of_calls(calls, *, budget, outcome):
    """Run calls the way the client does; outcome(attempt of the call) is its success."""
    policy = RetryPolicy()
    attempts = 0
    for _ in range(calls):
        retries_taken = 0
        while True:
            attempts += 1
            if outcome(retries_taken):
                budget.record_success(retries_taken)
                break
            wait = policy.decide(
                status_error(), retries_taken=retries_taken, random=0.5
            )
            if wait is None or not budget.try_spend():
                break
            retries_taken += 1
    return attempts


class TestBudget:
    def test_a_service_that_is_down_gets_half_as_many_retries_as_a_thousand_calls(self):
        budget = RetryBudget()
        down = attempts_of_calls(1000, budget=budget, outcome=lambda taken: False)
        assert down == 1500
        assert budget.balance == 0
        still_down = attempts_of_calls(1000, budget=budget, outcome=lambda taken: False)
        assert still_down == 1000

    def test_it_refills_when_calls_succeed(self):
        budget = RetryBudget(capacity=10)
        attempts_of_calls(10, budget=budget, outcome=lambda taken: False)
        assert not budget.try_spend()
        attempts_of_calls(4, budget=budget, outcome=lambda taken: True)
        assert not budget.try_spend()
        attempts_of_calls(1, budget=budget, outcome=lambda taken: True)
        assert budget.try_spend()
        assert not budget.try_spend()

    def test_a_retry_that_pays_off_costs_nothing(self):
        budget = RetryBudget(capacity=1)
        attempts = attempts_of_calls(100, budget=budget, outcome=lambda taken: taken)
        assert attempts == 200
        assert budget.balance == 1

    def test_only_the_last_of_several_retries_is_paid_back(self):
        budget = RetryBudget(capacity=10)
        attempts_of_calls(1, budget=budget, outcome=lambda taken: taken == 2)
        assert budget.balance == 9

    def test_it_never_holds_more_than_its_capacity(self):
        budget = RetryBudget(capacity=3)
        attempts_of_calls(100, budget=budget, outcome=lambda taken: True)
        assert budget.balance == 3

    def test_a_refused_retry_takes_nothing(self):
        budget = RetryBudget(capacity=0.5)
        assert not budget.try_spend()
        assert budget.balance == 0.5

    def test_it_says_what_is_left(self):
        budget = RetryBudget()
        budget.try_spend()
        assert repr(budget) == "<RetryBudget 499 of 500>"

    @given(
        capacity=st.integers(0, 20),
        steps=st.lists(st.sampled_from(["retry", "clean", "after retry"])),
    )
    def test_retries_are_bounded_by_capacity_and_successes(self, capacity, steps):
        budget = RetryBudget(capacity)
        retries = earned = 0
        for step in steps:
            if step == "retry":
                retries += budget.try_spend()
            else:
                budget.record_success(0 if step == "clean" else 1)
                earned += 0.2 if step == "clean" else 1
        assert retries <= capacity + earned + 1e-9
        assert 0 <= budget.balance <= capacity

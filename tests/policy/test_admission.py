"""Whether the next call may be sent: the parts taken together."""

import math

import pytest
from msgspec.structs import astuple

from fireworks_async._policy.admission import AdmissionControl
from fireworks_async._policy.budgets import Budget
from fireworks_async._policy.calls import NOTHING, Result
from fireworks_async._policy.concurrency import AdaptiveConcurrency
from fireworks_async._policy.estimates import Need

NEED = Need(prompt=100.0, uncached=60.0, generated=40.0)
LEVELS = {
    "requests": (60.0, 59.0),
    "prompt": (6_000.0, 5_900.0),
    "uncached": (6_000.0, 5_940.0),
    "generated": (1_200.0, 1_200.0),
}
SPENT = {**LEVELS, "generated": (1_200.0, 0.0)}


class Account:
    """A control at a time that stands still."""

    def __init__(self, *, concurrency=8, **budgets):
        self.now = 0.0
        self.control = AdmissionControl(
            AdaptiveConcurrency(initial=concurrency, ceiling=100, now=0.0),
            random=lambda: 0.0,
            **budgets,
        )

    def wait(self, need=NEED, model="m"):
        return self.control.wait(model, lambda: need, self.now)

    def admit(self, need=NEED, model="m"):
        assert self.wait(need, model) is None
        return self.control.admit(model, lambda: need, self.now)

    def settle(self, admission, verdict="answered", used=NEED, **result):
        if verdict != "answered":
            used = NOTHING
        result = Result(verdict, used=used, total=1.0, **result)
        self.control.settle(admission, result, self.now)

    def call(self, verdict="answered", **result):
        self.settle(self.admit(), verdict, **result)


def test_up_to_the_limit_calls_are_admitted():
    account = Account(concurrency=2)
    first = account.admit()
    account.admit()
    assert account.wait() == (math.inf, "")
    account.settle(first)
    assert account.wait() is None
    assert account.control.in_flight == 1


def test_what_a_call_will_use_is_asked_for_only_where_it_counts():
    account = Account()
    first = account.control.admit("m", lambda: pytest.fail("asked"), 0.0)
    second = account.admit()
    assert (first.taken, second.taken) == (None, None)
    account.control.settle(first, Result("answered", used=NEED), 0.0)
    account.call(levels=LEVELS)
    # It was sent before the budgets were known, and takes from them all the same.
    assert second.taken == NEED
    assert account.admit().taken == NEED


def test_budgets_are_those_that_answers_report():
    account = Account()
    account.call(levels=LEVELS)
    # 1,200 generated tokens a minute, of which 40 have been used and 48 stay unused.
    # The shorter calls of the first rounds leave room for less at once.
    assert account.wait(Need(0.0, 0.0, 1_112.0)) is None
    account.admit(Need(0.0, 0.0, 1_112.0))
    wait = account.wait()
    assert wait.reason == "generated tokens"
    assert wait.seconds == pytest.approx(2.0, abs=1.6)


@pytest.mark.parametrize(
    ("need", "reason"),
    [
        (Need(5_900.0, 0.0, 0.0), "prompt tokens"),
        (Need(0.0, 5_900.0, 0.0), "uncached prompt tokens"),
        (Need(0.0, 0.0, 1_190.0), "generated tokens"),
    ],
)
def test_each_budget_is_held_to(need, reason):
    account = Account()
    account.call(levels=LEVELS)
    account.admit()
    account.admit(Need(*(min(n, 1_000.0) for n in astuple(need))))
    assert account.wait(need).reason == reason


def test_models_have_budgets_of_their_own():
    account = Account()
    account.call(levels=LEVELS)
    account.admit(Need(5_500.0, 0.0, 0.0))
    assert account.wait(Need(500.0, 0.0, 0.0)) is not None
    assert account.wait(Need(500.0, 0.0, 0.0), model="n") is None


def test_what_is_in_flight_when_limits_are_first_heard_of_counts():
    account = Account()
    first = account.admit()
    account.admit(Need(5_000.0, 0.0, 0.0))
    account.settle(first, levels=LEVELS)
    assert account.wait(Need(1_000.0, 0.0, 0.0)).reason == "prompt tokens"


def test_an_estimate_is_settled_on_what_was_used():
    account = Account()
    account.call(levels=LEVELS)
    large = account.admit(Need(5_000.0, 0.0, 0.0))
    # Another is in flight, so that nothing is taken on trust.
    account.admit(NOTHING)
    assert account.wait(Need(2_000.0, 0.0, 0.0)) is not None
    account.settle(large, used=Need(100.0, 0.0, 0.0))
    assert account.wait(Need(2_000.0, 0.0, 0.0)) is None


def test_what_nobody_reported_stays_charged():
    account = Account()
    account.call(levels=LEVELS)
    large = account.admit(Need(5_000.0, 0.0, 0.0))
    account.admit(NOTHING)
    account.settle(large, used=None)
    assert account.wait(Need(2_000.0, 0.0, 0.0)) is not None


def test_fixed_budgets_come_on_top():
    account = Account(
        requests=Budget.per_minute(60, now=0.0),
        tokens=Budget.per_minute(60_000, now=0.0),
    )
    account.admit()
    assert account.wait().reason == "requests a minute"
    account.now = 1.0
    account.admit(Need(1_000.0, 0.0, 500.0))
    account.now = 2.0
    assert account.wait(Need(1_000.0, 0.0, 0.0)).reason == "tokens a minute"


def test_what_a_row_did_not_use_of_a_fixed_budget_is_given_back():
    account = Account(tokens=Budget.per_minute(60_000, now=0.0))
    admission = account.admit(Need(1_000.0, 0.0, 0.0))
    assert account.wait() is not None
    account.settle(admission, used=NOTHING)
    assert account.wait() is None


def test_an_admission_that_was_not_made_use_of_leaves_no_trace():
    account = Account(requests=Budget.per_minute(60, now=0.0))
    account.control.reprieve(account.admit(), 0.0)
    assert account.control.in_flight == 0
    assert account.wait() is None


class TestRefusals:
    def test_a_spent_budget_pauses_and_does_not_cut_the_limit(self):
        account = Account()
        account.call(levels=LEVELS)
        before = account.control.limit
        account.call("rate_limited", levels=SPENT)
        assert account.control.limit == before
        assert account.wait() == (0.25, "a spent budget")

    def test_after_the_pause_a_single_call_goes_ahead(self):
        account = Account()
        account.call(levels=LEVELS)
        account.call("rate_limited", levels=SPENT)
        account.now = 10.0
        probe = account.admit()
        assert account.wait() == (math.inf, "a spent budget")
        account.settle(probe, levels=LEVELS)
        assert account.wait() is None

    def test_the_pace_is_slowed_once_for_calls_that_went_together(self):
        account = Account()
        account.call(levels=LEVELS)
        together = [account.admit() for _ in range(5)]
        for admission in together:
            account.settle(admission, "rate_limited", levels=SPENT)
        budget = account.control._budgets["m"]["generated"]
        assert budget.pace == pytest.approx(0.97)

    def test_a_refusal_that_no_budget_explains_cuts_the_limit(self):
        account = Account()
        account.call(levels=LEVELS)
        before = account.control.limit
        account.call("rate_limited", levels=LEVELS)
        assert account.control.limit < before
        assert account.wait() is None

    def test_what_the_api_asks_to_wait_is_waited(self):
        account = Account()
        account.call("rate_limited", retry_after=7.0)
        assert account.wait() == (7.0, "the API's Retry-After")

    def test_retry_after_of_an_answer_says_nothing(self):
        account = Account()
        account.call(retry_after=7.0)
        assert account.wait() is None

    @pytest.mark.parametrize("verdict", ["failed", "neutral"])
    def test_failures_do_not_cut_the_limit(self, verdict):
        account = Account()
        for _ in range(3):
            account.call(verdict)
        assert account.control.limit == 8

    def test_neutral_ends_never_pause(self):
        account = Account()
        for _ in range(20):
            account.call("neutral")
        assert account.wait() is None

    def test_many_503s_cut_it(self):
        account = Account(concurrency=50)
        for _ in range(40):
            account.now += 100.0
            account.call("overloaded")
        assert account.control.limit < 50

    def test_a_deployment_that_starts_is_waited_for_and_begun_with_gently(self):
        account = Account()
        for _ in range(3):
            together = [account.admit() for _ in range(8)]
            for admission in together:
                account.settle(admission)
        calls = [account.admit() for _ in range(8)]
        for admission in calls:
            account.settle(admission, "scaling_up")
        assert account.wait() == (5.0, "a deployment that is starting")
        account.now = 5.0
        account.call()
        assert account.wait() is None
        assert account.control.limit == 8


class TestSteering:
    """By the queue that the server measures, else by what first tokens take."""

    def history_after(self, **how):
        account = Account(concurrency=40)
        usual = {"ttft": 0.2} if "ttft" in how else {}
        for _ in range(20):
            account.call(**usual)
        for _ in range(4):
            account.now += 0.1
            together = [account.admit() for _ in range(account.control.limit)]
            for admission in together:
                account.settle(admission, **how)
        return [change.reason for change in account.control.concurrency.history]

    def test_a_long_queue_cuts_the_limit(self):
        assert "queue" in self.history_after(queued=3.0)

    def test_a_short_one_does_not(self):
        assert "queue" not in self.history_after(queued=0.1)

    def test_late_first_tokens_cut_it(self):
        assert "queue" in self.history_after(ttft=3.0)

    def test_usual_ones_do_not(self):
        assert "queue" not in self.history_after(ttft=0.25)

    def test_what_the_server_measures_goes_before_what_is_seen(self):
        assert "queue" not in self.history_after(queued=0.0, ttft=3.0)

    def test_cuts_that_change_nothing_make_the_delay_the_usual_one(self):
        account = Account(concurrency=40)
        for _ in range(20):
            account.call(ttft=0.2)
        for _ in range(60):
            account.now += 1.0
            together = [account.admit() for _ in range(account.control.limit)]
            assert account.wait() is not None
            for admission in together:
                account.settle(admission, ttft=3.0)
        reasons = [each.reason for each in account.control.concurrency.history]
        assert 3 <= reasons.count("queue") <= 4
        assert reasons[-1] == "growth"
        assert account.control.limit > 20


def test_a_share_leaves_the_rest_to_others():
    account = Account(tokens=Budget.per_minute(60_000, now=0.0))
    account.call(levels=LEVELS)
    account.control.allow(0.5, 3, 0.0)
    assert account.control.limit == 3
    budgets = account.control._budgets["m"].values()
    assert {budget.share for budget in budgets} == {0.5}
    account.control.allow(0.5, 0, 0.0)
    assert account.wait() == (math.inf, "")
    # A model that is first heard of later has no more.
    account.control.allow(0.5, None, 0.0)
    other = account.admit(model="n")
    account.settle(other, levels=LEVELS)
    assert account.control._budgets["n"]["prompt"].share == 0.5

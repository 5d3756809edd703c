"""Budgets: what may be taken when, and how the server's are followed."""

import math
import random

import pytest

from fireworks_async._policy.budgets import Budget, MirroredBudget


def budget(rate=10.0, capacity=100.0):
    return Budget(rate=rate, capacity=capacity, now=0.0)


class TestFixed:
    def test_what_is_there_may_be_taken_at_once(self):
        it = budget()
        assert it.wait(100, 0.0) == 0
        it.take(100, 0.0)
        assert it.level(0.0) == 0

    def test_more_than_is_there_takes_as_long_as_its_refill(self):
        it = budget()
        it.take(100, 0.0)
        assert it.wait(25, 0.0) == 2.5
        assert it.wait(25, 2.0) == 0.5
        assert it.wait(25, 2.5) == 0

    def test_no_more_is_saved_up_than_the_capacity(self):
        assert budget().level(1_000.0) == 100

    def test_a_call_larger_than_the_capacity_goes_when_it_is_full_and_is_paid_off(self):
        it = budget()
        assert it.wait(250, 0.0) == 0
        it.take(250, 0.0)
        assert it.wait(1, 0.0) == pytest.approx(15.1)
        assert it.wait(250, 0.0) == 25

    def test_what_was_not_used_is_given_back_and_what_was_used_beyond_is_charged(self):
        it = budget()
        it.take(60, 0.0)
        it.give(20, 0.0)
        assert it.level(0.0) == 60
        it.give(-90, 0.0)
        assert it.level(0.0) == -30
        it.give(1_000, 0.0)
        assert it.level(0.0) == 100

    def test_without_a_refill_there_is_nothing_to_wait_for(self):
        it = budget(rate=0.0)
        it.take(100, 0.0)
        assert it.wait(1, 0.0) == math.inf

    def test_the_clock_going_back_changes_nothing(self):
        it = budget()
        it.take(100, 5.0)
        assert it.level(3.0) == 0
        assert it.level(6.0) == 10

    def test_a_share_has_a_share_of_the_rate_and_of_the_capacity(self):
        it = budget()
        it.take(100, 0.0)
        it.share = 0.25
        assert it.wait(25, 0.0) == 10
        assert it.level(1_000.0) == 25

    @pytest.mark.parametrize("amount", [1, 7, 60, 600, 60_000])
    def test_no_minute_sees_more_than_the_amount(self, amount):
        it = Budget.per_minute(amount, now=0.0)
        now, taken = 0.0, []
        unit = max(1, amount // 600)
        while now < 200:
            wait = it.wait(unit, now)
            now += wait
            it.take(unit, now)
            taken.append(now)
        for start in taken[:: max(1, len(taken) // 50)]:
            minute = [at for at in taken if start <= at < start + 60 - 1e-6]
            assert unit * len(minute) <= amount + unit - 1
        # And nearly all of it is used.
        assert unit * len(taken) >= 0.95 * amount * 200 / 60 - unit


class Server:
    """A budget as the server keeps it: refilled all the time."""

    def __init__(self, limit, period=60.0):
        self.limit, self.period = limit, period
        self.left, self.at = float(limit), 0.0

    def look(self, now):
        gained = (now - self.at) * self.limit / self.period
        self.left, self.at = min(self.limit, self.left + gained), now
        return self.left

    def charge(self, amount, now):
        self.left = self.look(now) - amount


def mirror(limit=6_000, remaining=6_000.0, taken=0.0, *, at_end=False):
    return MirroredBudget(
        limit=limit, remaining=remaining, taken=taken, at_end=at_end, now=0.0
    )


def follow(it, server, *, seconds, spend, delay=1.0):
    """Calls of ``spend`` tokens as fast as the mirror allows; the least that was left."""
    now, least, running = 0.0, math.inf, []
    while now < seconds:
        while running and running[0][0] <= now:
            _, mark, said = running.pop(0)
            it.settle(spend, spend, now)
            it.report(server.limit, said + spend, mark, now)
        if it.wait(spend, now) == 0:
            mark = it.mark(now)
            it.admit(spend, now)
            server.charge(spend, now)
            least = min(least, server.left)
            running.append((now + delay, mark, server.left))
        now += 0.01
    return least


class TestMirrored:
    def test_a_little_is_left_unused(self):
        it = mirror()
        assert it.level(0.0) == pytest.approx(0.96 * 6_000)
        it.admit(5_760, 0.0)
        assert it.wait(100, 0.0) == pytest.approx(1.0)

    def test_what_was_admitted_before_the_first_report_is_taken_off(self):
        assert mirror(taken=1_000).level(0.0) == pytest.approx(6_000 - 1_000 - 240)

    @pytest.mark.parametrize("period", [60.0, 1.0])
    def test_all_that_the_server_refills_is_used_and_never_more(self, period):
        it, server = mirror(), Server(6_000, period)
        spend = 40 if period == 60.0 else 400
        assert follow(it, server, seconds=120, spend=spend) >= 0
        server.look(120.0)
        allowed = 6_000 + 120 * 6_000 / period
        used = allowed - server.left
        if period == 60.0:
            assert used >= 0.95 * allowed
        else:
            # It was found out on the way that the limit is per second.
            assert it.period == 1.0

    def test_what_others_use_of_the_account_is_heard_of(self):
        it, server = mirror(), Server(6_000)
        server.charge(3_000, 0.0)
        mark = it.mark(0.0)
        it.admit(10, 0.0)
        server.charge(10, 0.0)
        it.settle(10, 10, 0.0)
        it.report(6_000, server.left + 10, mark, 0.0)
        assert it.level(0.0) == pytest.approx(server.left - 240)

    def test_one_error_that_many_calls_report_is_corrected_once(self):
        it = mirror()
        marks = [it.mark(0.0) for _ in range(5)]
        for mark in marks:
            it.report(6_000, 5_000, mark, 0.0)
        assert it.level(0.0) == pytest.approx(5_000 - 240)

    def test_generated_tokens_are_believed_used_when_a_call_ends(self):
        it = mirror(at_end=True)
        it.admit(1_000, 0.0)
        assert it.mark(0.0).remaining == 6_000
        it.settle(1_000, 400, 0.0)
        assert it.mark(0.0).remaining == 5_600
        assert it.level(0.0) == pytest.approx(0.96 * 6_000 - 400)

    def test_a_changed_limit_changes_the_pace(self):
        it = mirror()
        it.report(60_000, 60_000, it.mark(0.0), 0.0)
        it.take(it.level(0.0), 0.0)
        assert it.limit == 60_000
        assert it.wait(1_000, 0.0) == pytest.approx(1.0)

    def test_the_longer_calls_take_the_less_may_be_admitted_at_once(self):
        it = mirror()
        it.expect_delay(20.0)
        assert it.level(0.1) == pytest.approx((0.96 - 0.5) * 6_000)
        it.expect_delay(1_000.0)
        assert it.level(0.2) == pytest.approx(0.3 * 6_000)

    def test_refusals_slow_it_down_for_a_while(self):
        it = mirror()
        it.take(it.level(0.0), 0.0)
        for _ in range(5):
            it.slow_down()
        slow = it.wait(100, 0.0)
        assert slow == pytest.approx(1 / 0.97**5)
        it.take(it.level(300.0), 300.0)
        assert it.wait(100, 300.0) == pytest.approx(1.0)
        for _ in range(100):
            it.slow_down()
        assert it.wait(100, 300.0) == pytest.approx(2.0)

    def test_with_nothing_in_flight_all_that_is_believed_left_may_be_taken(self):
        it = mirror(remaining=3_000.0, taken=2_900.0)
        assert it.wait(500, 0.0) > 0
        it.settle(2_900, 0.0, 0.0)
        it.take(1_000, 0.0)
        it.trust(0.0)
        assert it.level(0.0) == pytest.approx(3_000 - 240)

    def test_per_minute_again_when_the_server_does_not_give_that_much(self):
        it = mirror()
        follow(it, Server(6_000, 1.0), seconds=60, spend=400)
        assert it.period == 1.0
        server = Server(6_000)
        rng = random.Random(1)
        now = 60.0
        for _ in range(200):
            mark = it.mark(now)
            it.admit(400, now)
            charged = 400 if server.look(now) > 0 else 0
            server.charge(charged, now)
            it.settle(400, charged, now)
            it.report(6_000, server.left + charged, mark, now)
            now += rng.random() / 10
        assert it.period == 60.0

"""The limit of calls in flight: what moves it, and how far."""

from fireworks_async._policy.concurrency import AdaptiveConcurrency, Admitted


class Calls:
    """Calls that come and go under a limit, all of them waiting for it."""

    def __init__(self, *, initial=10, ceiling=1_000, floor=1):
        self.limit = AdaptiveConcurrency(
            initial=initial, ceiling=ceiling, floor=floor, now=0.0
        )
        self.now = 0.0
        self.latest = 0

    def admit(self, in_flight=None):
        self.latest += 1
        return Admitted(self.latest, in_flight or self.limit.limit)

    def answer(self, call=None, *, queued=None, wanted=True, total=1.0, bearable=0.5):
        call = call or self.admit()
        if wanted:
            self.limit.was_full(self.latest)
        self.limit.succeeded(
            call,
            latest=self.latest,
            in_flight=call.in_flight,
            total=total,
            queued=queued,
            bearable=bearable,
            now=self.now,
        )

    def refuse(self, call=None):
        self.limit.refused(call or self.admit(), latest=self.latest, now=self.now)

    def round(self, *, seconds=1.0, **how):
        """As many answers as there are calls in flight."""
        for call in [self.admit() for _ in range(self.limit.limit)]:
            self.now += seconds / self.limit.limit
            self.answer(call, **how)


def settled(limit=100):
    """Calls whose limit has been cut once, at this number."""
    calls = Calls(initial=limit)
    calls.refuse()
    return calls


def test_it_doubles_with_each_round_at_first():
    calls = Calls()
    calls.round()
    assert calls.limit.limit == 20
    calls.round()
    assert calls.limit.limit == 40


def test_it_does_not_grow_while_it_is_not_what_calls_wait_for():
    calls = Calls()
    for _ in range(5):
        calls.round(wanted=False)
    assert calls.limit.limit == 10


def test_it_stays_below_its_ceiling():
    calls = Calls(ceiling=35)
    for _ in range(5):
        calls.round()
    assert calls.limit.limit == 35


def test_a_refusal_cuts_it_to_what_the_server_took():
    calls = Calls(initial=64)
    admitted = [calls.admit(in_flight) for in_flight in range(1, 65)]
    # 40 are taken; the rest are refused, in whatever order.
    for call in reversed(admitted[40:]):
        calls.refuse(call)
    assert calls.limit.limit == 36


def test_one_episode_cuts_once():
    calls = Calls(initial=100)
    together = [calls.admit(100) for _ in range(30)]
    for call in together:
        calls.refuse(call)
    assert calls.limit.limit == 89
    calls.refuse()
    assert calls.limit.limit == 79


def test_refusals_that_concurrency_does_not_explain_halve_it_at_most():
    calls = settled()
    calls.refuse(calls.admit(2))
    assert calls.limit.limit == 44


def test_it_never_falls_below_its_floor():
    calls = Calls(initial=20, floor=7)
    for _ in range(20):
        calls.refuse()
    assert calls.limit.limit == 7
    calls = Calls()
    for _ in range(20):
        calls.refuse()
    assert calls.limit.limit == 1


def test_after_a_cut_it_comes_back_soon_and_stays_near_for_long():
    calls = settled()
    limits = []
    for _ in range(12):
        calls.round()
        limits.append(calls.limit.limit)
    assert limits[3] >= 98
    assert max(limits[:8]) <= 102
    # And then it looks for more, ever faster.
    assert limits[11] > 115


def test_without_a_refusal_it_doubles_within_20_seconds():
    calls = settled()
    while calls.limit.limit < 180:
        calls.round()
    assert calls.now < 15


def test_other_server_errors_never_cut_it_and_many_stop_its_growth():
    calls = settled()
    for _ in range(1_000):
        calls.limit.failed()
    before = calls.limit.limit
    for _ in range(5):
        calls.answer()
    assert calls.limit.limit == before


def test_a_few_503s_are_weather_and_many_are_a_load():
    calls = settled()
    before = calls.limit.limit
    for _ in range(20):
        for _ in range(19):
            calls.answer(wanted=False)
        calls.limit.overloaded(calls.admit(), latest=calls.latest, now=calls.now)
    assert calls.limit.limit == before
    for _ in range(30):
        calls.limit.overloaded(calls.admit(), latest=calls.latest, now=calls.now)
    assert calls.limit.limit < before


class TestQueue:
    def test_the_limit_becomes_what_is_served_without_one(self):
        """Of 2 s in all, 1 s in the queue: half of the calls only wait there."""
        calls = settled()
        calls.limit.history.clear()
        while not calls.limit.history or calls.limit.history[-1].reason != "queue":
            calls.round(queued=1.5, total=2.5, bearable=0.5)
        assert 50 <= calls.limit.limit <= 65

    def test_each_cut_waits_for_what_it_did(self):
        calls = settled()
        old = [calls.admit() for _ in range(200)]
        for call in old:
            calls.answer(call, queued=2.0, total=4.0)
        once = calls.limit.limit
        assert once < 60
        assert [c.reason for c in calls.limit.history].count("queue") == 1

    def test_a_short_queue_stops_growth_and_none_lets_it_go_on(self):
        calls = settled()
        for _ in range(10):
            calls.round(queued=0.4)
        held = calls.limit.limit
        assert held <= 100
        for _ in range(10):
            calls.round(queued=0.0)
        assert calls.limit.limit > held

    def test_a_limit_that_was_not_reached_did_not_make_it(self):
        calls = settled()
        for _ in range(40):
            calls.answer(calls.admit(8), queued=1.5, total=2.0, wanted=False)
        assert calls.limit.limit <= 8

    def test_cuts_that_change_nothing_are_counted(self):
        calls = settled(400)
        while calls.limit.futile_cuts < 3:
            calls.round(queued=1.0, total=2.0)
        for _ in range(3):
            calls.round(queued=0.1, total=2.0)
        assert calls.limit.futile_cuts == 0


def test_restarted_it_begins_as_at_first():
    calls = Calls()
    for _ in range(3):
        calls.round()
    late = calls.admit(72)
    calls.limit.restart(calls.latest, calls.now)
    # What was admitted before says nothing of the time since.
    calls.refuse(late)
    assert calls.limit.limit == 10
    calls.round()
    assert calls.limit.limit == 20


def test_equal_floor_and_ceiling_fix_it():
    calls = Calls(initial=50, floor=50, ceiling=50)
    calls.round()
    for _ in range(5):
        calls.refuse()
    calls.round(queued=9.0)
    calls.limit.restart(calls.latest, calls.now)
    assert calls.limit.limit == 50


def test_its_history_is_kept_and_stays_short():
    calls = Calls()
    for _ in range(4):
        calls.round()
    calls.refuse()
    changes = list(calls.limit.history)
    assert (changes[0].limit, changes[0].reason) == (10, "start")
    assert changes[-1].reason == "refused"
    assert changes[-1].limit == calls.limit.limit
    assert [c.at for c in changes] == sorted(c.at for c in changes)
    assert len(changes) < 40
    for _ in range(5_000):
        calls.refuse()
        calls.round()
    assert len(calls.limit.history) <= 1_000


def test_a_limit_that_cannot_move_is_known_to_be_fixed():
    assert Calls(initial=5, floor=5, ceiling=5).limit.is_fixed
    assert not Calls(initial=5, ceiling=6).limit.is_fixed

import pytest

from fireworks_async.loadtest._progress import Tally, together
from tests.support.loads import dropped, record


def test_counts():
    tally = Tally()
    for each in (record(), record(error="429"), record(gaps=()), dropped()):
        tally.see(each)
        tally.add(each)
    assert (tally.completed, tally.errors) == (2, 2)
    assert tally.output_tokens == 21
    assert tally.ttfts == [0.1] * 3
    assert tally.tpots == pytest.approx([0.01] * 2)


def test_only_the_last_are_kept():
    tally = Tally()
    for _ in range(1_000):
        tally.see(record(gaps=()))
    assert 200 <= len(tally.ttfts) <= 400


def test_what_is_shown_is_from_the_intended_start():
    tally = Tally()
    for number in range(60):
        tally.see(record(start=1.0 + number, intended=1.0))
    assert tally.ttfts[:2] == pytest.approx([0.1, 1.1])
    assert tally.recent_wait() == pytest.approx(45.1)
    assert Tally(ttfts=[1.0] * 29).recent_wait() is None


def test_processes_add_up():
    one, other = Tally(started=2, in_flight=1), Tally(started=3, in_flight=2)
    for each in (one, other):
        each.see(record())
        each.add(record())
    both = together([one, other])
    assert (both.started, both.in_flight, both.completed) == (5, 3, 2)
    assert len(both.ttfts) == 2
    assert Tally().ttfts == []

"""Leases: the parts held never come to more than the whole."""

import random

import pytest

from fireworks_async.batch._leases import Lease, Leases

NOTHING = Lease(0.0, 0)


class Actors:
    """Holders, each of which tells what it holds."""

    def __init__(self, places):
        self.leases = Leases(places)
        self.held = {}

    def ask(self, name, *, busy=True, now=0.0):
        held = self.held.get(name, NOTHING)
        self.held[name] = self.leases.renew(name, held, busy=busy, now=now)
        return self.held[name]

    @property
    def whole(self):
        shares = sum(lease.share for lease in self.held.values())
        return shares, sum(lease.places or 0 for lease in self.held.values())


def test_one_alone_holds_all():
    assert Actors(10).ask("a") == Lease(1.0, 10)


def test_without_a_number_of_places_each_finds_its_own():
    assert Actors(None).ask("a") == Lease(1.0, None)


def test_who_comes_new_waits_until_the_others_hold_less():
    actors = Actors(10)
    actors.ask("a")
    assert actors.ask("b") == Lease(0.0, 0)
    assert actors.ask("a") == Lease(0.5, 5)
    assert actors.ask("b") == Lease(0.5, 5)


def test_places_that_cannot_be_divided_go_to_some():
    actors = Actors(7)
    for _ in range(3):
        for name in "abc":
            actors.ask(name)
    assert sorted(lease.places for lease in actors.held.values()) == [2, 2, 3]


def test_who_has_nothing_to_send_holds_nothing():
    actors = Actors(10)
    for _ in range(2):
        actors.ask("a")
        actors.ask("b")
    assert actors.ask("a", busy=False) == NOTHING
    assert actors.ask("b") == Lease(1.0, 10)


def test_who_is_not_heard_of_is_gone():
    actors = Actors(10)
    for _ in range(2):
        actors.ask("a")
        actors.ask("b")
    assert actors.ask("b", now=5.0) == Lease(0.5, 5)
    assert actors.ask("b", now=15.1) == Lease(1.0, 10)


def test_a_book_begun_anew_learns_what_is_held():
    actors = Actors(10)
    for _ in range(2):
        actors.ask("a")
        actors.ask("b")
    actors.leases = Leases(10)
    assert actors.ask("a").places == 10
    # What was overdrawn for a moment comes right with the next asking.
    for _ in range(2):
        actors.ask("b")
        actors.ask("a")
    assert actors.whole == (1.0, 10)


@pytest.mark.parametrize("places", [1, 3, 16])
def test_whatever_comes_and_goes_no_more_than_the_whole_is_held(places):
    rng = random.Random(places)
    actors = Actors(places)
    for step in range(2_000):
        actors.ask(rng.choice("abcdef"), busy=rng.random() < 0.8, now=step / 100)
        share, held = actors.whole
        assert share <= 1.0 + 1e-9
        assert held <= places

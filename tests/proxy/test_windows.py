import pytest
from hypothesis import given
from hypothesis import strategies as st

from fireworks_async.proxy._windows import MinuteWindow, TokenWindow


def test_what_was_added_counts_for_a_minute_and_fades():
    window = MinuteWindow()
    window.add(60, now=1000.0)
    assert window.total(now=1059.9) == 60
    assert window.total(now=1090.0) == pytest.approx(30)
    assert window.total(now=1120.0) == 0


def test_after_a_long_silence_nothing_is_left():
    window = MinuteWindow()
    window.add(5, now=0.0)
    window.add(1, now=500.0)
    assert window.total(now=500.0) == 1


@given(
    amounts=st.lists(st.tuples(st.floats(0, 50), st.integers(1, 50)), max_size=20),
    room=st.floats(0, 100),
)
def test_after_the_wait_there_is_room(amounts, room):
    window, now = MinuteWindow(), 10.0
    for gap, amount in amounts:
        now += gap
        window.add(amount, now=now)
    wait = window.wait(room, now=now)
    assert 0 <= wait <= 120.001
    assert window.total(now=now + wait) <= room + 1e-6


class TestTokens:
    def test_of_calls_under_way_count_as_if_they_were_used(self):
        tokens = TokenWindow()
        tokens.hold(60)
        assert tokens.wait(100, 40, now=1000.0) == 0
        assert tokens.wait(100, 41, now=1000.0) > 0
        tokens.release(60)
        tokens.add(10, now=1000.0)
        assert tokens.wait(100, 90, now=1000.0) == 0

    def test_a_call_beyond_the_limit_waits_for_all_of_it(self):
        tokens = TokenWindow()
        assert tokens.wait(100, 5000, now=1000.0) == 0
        tokens.add(1, now=1000.0)
        assert tokens.wait(100, 5000, now=1000.0) > 0

    def test_none_are_left_when_the_limit_is_reached(self):
        tokens = TokenWindow()
        tokens.add(100, now=1000.0)
        assert tokens.wait(100, 0, now=1000.0) > 0

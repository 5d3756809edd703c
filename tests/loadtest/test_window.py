import pytest

from fireworks_async.loadtest._window import occupancy, steady_window, whole_window
from tests.support.loads import closed_loop, dropped, record


def test_what_is_in_flight():
    moments, levels = occupancy(
        [record(start=0, gaps=(0.9,)), record(start=0.5, gaps=(0.9,)), dropped()]
    )
    assert list(moments) == pytest.approx([0, 0.5, 1, 1.5])
    assert list(levels) == [1, 2, 1, 0]


def test_one_that_ends_as_the_next_starts_is_never_two():
    _, levels = occupancy([record(start=0, gaps=(0.9,)), record(start=1.0)])
    assert max(levels) == 1


def test_a_closed_loop_is_steady_between_its_first_end_and_its_last_full_moment():
    window = steady_window(closed_loop(4, 10), concurrency=4, is_flat=True)
    assert window.is_steady
    assert window.start == pytest.approx(0.19)
    assert window.end == pytest.approx(1.9)
    assert window.mean_in_flight == pytest.approx(4)
    assert window.holds(1.0)
    assert not window.holds(0.1)
    assert not window.holds(None)


def test_the_slow_end_of_a_closed_loop_is_left_out():
    records = closed_loop(4, 10)
    records.append(record(99, start=1.9, gaps=(5.0,)))
    window = steady_window(records, concurrency=4, is_flat=True)
    assert window.end == pytest.approx(1.9)
    assert whole_window(records, "all").end == pytest.approx(7.0)


def test_a_short_run_is_not_cut():
    window = steady_window(closed_loop(4, 3), concurrency=4, is_flat=True)
    assert not window.is_steady
    assert "too short" in window.reason
    assert (window.start, window.end) == pytest.approx((0, 0.57))


def test_an_open_loop_begins_when_it_has_filled_up():
    records = [record(n, start=n / 10, gaps=(0.4,)) for n in range(100)]
    window = steady_window(records, concurrency=None, is_flat=True)
    assert (window.start, window.end) == pytest.approx((0.5, 9.9))
    assert window.mean_in_flight == pytest.approx(5, rel=0.02)


def test_an_open_loop_of_long_answers_is_not_cut():
    records = [record(n, start=n / 10, gaps=(40,)) for n in range(10)]
    assert not steady_window(records, concurrency=None, is_flat=True).is_steady


def test_a_load_that_changes_has_no_steady_part():
    window = steady_window(closed_loop(), concurrency=None, is_flat=False)
    assert "changes on purpose" in window.reason


def test_after_a_warm_up():
    window = steady_window(closed_loop(4, 10), concurrency=4, is_flat=True, begin=0.95)
    assert (window.start, window.end) == pytest.approx((0.95, 1.9))
    short = steady_window(closed_loop(4, 2), concurrency=4, is_flat=True, begin=0.19)
    assert (short.start, short.end) == pytest.approx((0.19, 0.38))


def test_nothing_was_started():
    for records in ([], [dropped()]):
        window = steady_window(records, concurrency=4, is_flat=True)
        assert window.seconds == 0
        assert window.reason == "nothing was started"

import pickle

import pytest

from fireworks_async._measure.timings import StreamTimings

MARKS = {
    "queued_at": 100.0,
    "sent_at": 101.5,
    "headers_at": 101.75,
    "first_delta_at": 102.0,
    "last_delta_at": 104.0,
    "done_at": 104.5,
}


def test_spans_between_the_marks():
    timings = StreamTimings(**MARKS)
    assert timings.queue_time == 1.5
    assert timings.ttft == 0.5
    assert timings.e2e == 3.0


def test_nothing_is_known_before_it_happened():
    timings = StreamTimings()
    assert [getattr(timings, mark) for mark in MARKS] == [None] * 6
    assert (timings.queue_time, timings.ttft, timings.e2e) == (None, None, None)


@pytest.mark.parametrize(
    ("span", "needed"),
    [
        ("queue_time", ["queued_at", "sent_at"]),
        ("ttft", ["sent_at", "first_delta_at"]),
        ("e2e", ["sent_at", "done_at"]),
    ],
)
def test_a_span_needs_both_of_its_marks_and_no_others(span, needed):
    both = {mark: MARKS[mark] for mark in needed}
    assert getattr(StreamTimings(**both), span) is not None
    for missing in needed:
        assert getattr(StreamTimings(**{**MARKS, missing: None}), span) is None


def test_a_mark_at_zero_is_a_mark():
    assert StreamTimings(sent_at=0.0, done_at=0.0).e2e == 0.0


def test_marks_are_set_as_the_call_goes_on():
    timings = StreamTimings(queued_at=1.0)
    timings.sent_at = 3.0
    assert timings.queue_time == 2.0


def test_there_is_no_room_for_other_marks():
    with pytest.raises(AttributeError):
        StreamTimings().first_byte_at = 1.0


def test_timings_travel():
    timings = StreamTimings(**MARKS)
    assert pickle.loads(pickle.dumps(timings)) == timings

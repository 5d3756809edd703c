import pytest

from fireworks_async.loadtest._timeline import Timeline
from tests.support.loads import closed_loop, dropped, record


def test_slices_add_up():
    records = closed_loop(4, 10, tokens=2)
    timeline = Timeline.of(records)
    assert len(timeline.in_flight) == 120
    assert set(timeline.in_flight) == {4}
    tokens = sum(timeline.tokens_per_second) * timeline.seconds
    assert tokens == pytest.approx(sum(r.completion_tokens for r in records), rel=0.01)
    ends = sum(timeline.requests_per_second) * timeline.seconds
    assert ends == pytest.approx(40, rel=0.01)
    assert timeline.ttft[0] == pytest.approx(0.1)
    assert timeline.ttft[1] is None


def test_errors_have_their_place():
    timeline = Timeline.of([record(gaps=(9.9,)), record(start=5, error="429", gaps=())])
    assert sum(timeline.errors) == 1
    assert timeline.errors[61] == 1


def test_of_nothing():
    assert Timeline.of([dropped()]).in_flight == []

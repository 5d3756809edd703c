import pytest

from fireworks_async.loadtest._figures import curves, distributions, timelines
from tests.support.loads import closed_loop, record, report, run


def named(plots):
    return {plot.title: plot for plot in plots}


def test_distributions_go_from_none_to_nearly_all():
    plots = named(distributions(report(run(), run(closed_loop(ttft=0.15)))))
    assert set(plots) == {"Time to first token", "Inter-token latency", "End to end"}
    first, second = plots["Time to first token"].series
    assert first.points[0] == (pytest.approx(100), 0)
    assert second.points[-1] == (pytest.approx(150), 99.5)


def test_load_and_latency_need_several_loads():
    assert list(curves(report(run()))) == []
    slow = run(closed_loop(16, ttft=0.2, seconds=0.4), name="concurrency 16")
    plots = named(curves(report(slow, run())))
    median, tail = plots["Time to first token under load"].series
    assert [round(y) for _, y in median.points] == [100, 200]
    assert [x for x, _ in median.points] == sorted(x for x, _ in median.points)
    assert (median.name, tail.name) == ("p50", "p95")
    assert median.band[0] is not None
    assert "concurrency 16: p50 200 ms" in median.labels


def test_timelines_mark_the_window_and_the_failures():
    measured = run([*closed_loop(), record(40, start=1.0, error="429")])
    plots = named(timelines(measured))
    assert plots["Output tokens"].window == (
        measured.summary.window.start,
        measured.summary.window.end,
    )
    good, bad = plots["Each request"].series
    assert len(good.points) == 40
    assert bad.points == [(1.0, 0.0)]
    whole = run(closed_loop(rounds=2))
    assert all(plot.window is None for plot in timelines(whole))
    assert len(named(timelines(whole))["Each request"].series) == 1


def test_many_requests_become_some_dots():
    plots = named(timelines(run(closed_loop(4, 1_000))))
    assert 500 < len(plots["Each request"].series[0].points) <= 700


def test_answers_without_tokens_have_no_such_plot():
    records = [record(n, start=n, gaps=()) for n in range(9)]
    plots = named(distributions(report(run(records))))
    assert plots["Inter-token latency"].series == []

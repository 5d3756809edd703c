import os

from fireworks_async.proxy import _exchange
from fireworks_async.proxy._exchange import Exchange
from fireworks_async.proxy._metrics import Metrics


def counted(number):
    metrics = Metrics()
    metrics.of("a").statuses[200] = number
    return metrics


def test_the_numbers_of_all_processes_are_added_up(tmp_path, monkeypatch):
    first = Exchange(tmp_path)
    monkeypatch.setattr(_exchange.os, "getpid", lambda: 1)
    second = Exchange(tmp_path)
    first.leave(counted(3))
    second.leave(counted(4))
    # Its own as they are now, not as they were left.
    assert second.sum_with(counted(5)).models["a"].statuses == {200: 8}


def test_what_a_process_that_ended_had_under_way_is_under_way_no_more(
    tmp_path, monkeypatch
):
    mine = Exchange(tmp_path)
    monkeypatch.setattr(_exchange.os, "getpid", lambda: 1)
    other = Exchange(tmp_path)
    metrics = counted(4)
    metrics.in_flight["d"] = 2
    metrics.streaming["a"] = 30
    other.leave(metrics)
    found = mine.sum_with(counted(0))
    assert (found.in_flight, found.streaming) == ({"d": 2}, {"a": 30})
    [path] = tmp_path.glob("*.numbers")
    os.utime(path, (0, 0))
    found = mine.sum_with(counted(0))
    assert (found.in_flight, found.streaming) == ({}, {})
    assert found.models["a"].statuses == {200: 4}

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

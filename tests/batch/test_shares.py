import pytest

from fireworks_async.batch import _shares
from fireworks_async.batch._records import BatchResult
from fireworks_async.batch._shares import Shares
from fireworks_async.batch._tally import Tally
from fireworks_async.errors import FireworksError
from tests.batch.test_intake import FakeSink
from tests.support.batches import completion, row

PLACE = (0, 3, 4)


@pytest.fixture
def sink():
    return FakeSink()


@pytest.fixture
def tally():
    return Tally(now=0.0)


@pytest.fixture
def shares(sink, tally):
    return Shares(sink, tally)


def result(**values):
    return BatchResult(custom_id="a", line=1, endpoint="", request={}, **values)


async def test_others_get_the_answer_of_the_first(shares, sink, tally):
    assert not shares.joins(row("a"))
    assert shares.joins(row("b"))
    assert not shares.joins(row("c", text="other"))
    assert shares.waiting == 1
    await shares.settle(row("a"), result(response=completion()), PLACE)
    assert [(copy.row.custom_id, copy.place) for copy in sink.items] == [("b", PLACE)]
    assert (shares.waiting, tally.shared) == (0, 1)


async def test_others_get_the_failure_of_the_first(shares, sink, tally):
    shares.joins(row("a"))
    shares.joins(row("b", 7))
    error = FireworksError("no")
    await shares.settle(row("a"), result(error=error, cause="refused", cost=1.0), None)
    (own,) = sink.items
    assert (own.custom_id, own.line, own.cost, own.error) == ("b", 7, 0.0, error)
    assert tally.failures == {"refused": 1}
    assert not shares.joins(row("c"))


async def test_one_that_comes_late_gets_the_answer(shares, sink, tally):
    shares.joins(row("a"))
    await shares.settle(row("a"), result(response=completion()), PLACE)
    assert shares.joins(row("b"))
    await shares.flush()
    assert [copy.row.custom_id for copy in sink.items] == ["b"]
    assert (shares.late, tally.shared) == ([], 1)


async def test_only_so_many_answers_are_remembered(shares, monkeypatch):
    monkeypatch.setattr(_shares, "_RECENT", 2)
    for text in "abc":
        shares.joins(row(text, text=text))
        await shares.settle(row(text, text=text), result(response=1), PLACE)
    assert not shares.joins(row("x", text="a"))
    assert shares.joins(row("y", text="c"))

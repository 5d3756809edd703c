import pytest

from fireworks_async.batch._records import BatchResult
from fireworks_async.batch._selection import Selected
from fireworks_async.batch._tally import Tally
from fireworks_async.errors import FireworksError
from tests.support.batches import completion


def result(name="a", **values):
    whole = completion(prompt=10, generated=5)
    given = {"response": whole, "usage": whole.usage, **values}
    return BatchResult(custom_id=name, line=1, endpoint="", request={}, **given)


def look(tally, now, spent=0.0, run_cost=0.0):
    return tally.progress(
        now,
        in_flight=2,
        retrying=1,
        spent=spent,
        run_cost=run_cost,
        waiting_for=None,
    )


def test_what_is_answered_is_counted():
    tally = Tally(now=0.0, total=10)
    tally.selected(4, Selected(done=2, failed=1))
    for _ in range(2):
        tally.recorded(result(), cost=0.5)
    progress = look(tally, 4.0, spent=3.0)
    assert (progress.read, progress.skipped, progress.succeeded) == (4, 3, 2)
    assert (progress.prompt_tokens, progress.completion_tokens) == (20, 10)
    assert (progress.rows_per_second, progress.tokens_per_second) == (0.5, 2.5)
    assert progress.eta == 10.0
    assert (progress.in_flight, progress.retrying, progress.elapsed) == (2, 1, 4.0)


def test_the_cost_is_projected_from_that_of_this_run():
    tally = Tally(now=0.0, total=10)
    tally.selected(5, Selected(done=5))
    tally.recorded(result(), cost=0.5)
    assert look(tally, 1.0, spent=2.0, run_cost=0.5).projected_cost == 2.0 + 4 * 0.5


def test_what_cannot_be_known_is_none():
    progress = look(Tally(now=0.0), 1.0)
    assert (progress.eta, progress.projected_cost, progress.total) == (None, None, None)
    tally = Tally(now=0.0, total=3)
    assert look(tally, 1.0).eta is None


def test_the_rate_is_that_of_the_last_half_minute():
    tally = Tally(now=0.0, total=1000)
    for second in range(1, 101):
        for _ in range(10 if second > 50 else 1):
            tally.recorded(result(), cost=None)
        progress = look(tally, float(second))
    assert progress.rows_per_second == pytest.approx(10.0)
    assert tally.unpriced == 550


def test_failures_are_counted_by_cause_with_a_few_examples():
    tally = Tally(now=0.0)
    for number in range(5):
        error = FireworksError("no " * 500)
        tally.recorded(
            result(str(number), error=error, response=None, cause="stall"), cost=0.0
        )
    tally.problem("invalid", "", 9, "bad")
    assert tally.failed == 6
    assert dict(tally.failures) == {"stall": 5, "invalid": 1}
    assert [each.custom_id for each in tally.examples["stall"]] == ["0", "1", "2"]
    assert len(tally.examples["stall"][0].message) == 300
    assert tally.examples["invalid"][0].line == 9

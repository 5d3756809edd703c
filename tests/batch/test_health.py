import pytest

from fireworks_async.batch import _health
from fireworks_async.batch._health import Health
from fireworks_async.batch._retries import Breaker
from fireworks_async.errors import (
    NotFoundError,
    PermissionDeniedError,
)
from tests.support.batches import failed, refused
from tests.support.batches import row as a_row

NOT_THERE = failed(NotFoundError("no such model", status_code=404))
NOT_OURS = failed(PermissionDeniedError("not yours", status_code=403))


@pytest.fixture
def health(monkeypatch):
    monkeypatch.setattr(_health, "_REFUSALS", 3)
    return Health(Breaker(threshold=2, first=10.0, patience=60.0))


def fails(health, attempt, now=0.0, row=None):
    """Let an attempt fail, of a row of its own if none is given."""
    row = row or a_row()
    row.failures += (attempt.cause,)
    return health.failed(row, attempt, now)


def test_a_matter_of_the_account_ends_the_run(health):
    assert fails(health, refused(401), 0.0) == "account"


def test_what_rows_are_held_back_for_is_told(health):
    assert health.waiting_for(0.0) is None
    for _ in range(2):
        assert fails(health, refused(500), 0.0) is None
    said = "the service, which answers nothing (500: no); next try in 7 s"
    assert health.waiting_for(3.0) == said
    health.succeeded()
    assert health.waiting_for(3.0) is None


def test_a_service_that_answers_nothing_for_long_ends_the_run(health):
    fails(health, refused(500), 0.0)
    assert fails(health, refused(500), 59.0) is None
    assert fails(health, refused(500), 60.0) == "failing"


def test_a_model_that_is_not_there_ends_the_run(health):
    verdicts = [fails(health, each, 0.0) for each in (NOT_THERE, NOT_OURS, NOT_THERE)]
    assert verdicts == [None, None, "failing"]


def test_one_that_answers_some_is_there(health):
    health.succeeded()
    assert {fails(health, NOT_THERE, 0.0) for _ in range(9)} == {None}


def test_rows_that_are_wrong_end_nothing(health):
    assert {fails(health, refused(400), 0.0) for _ in range(9)} == {None}
    assert health.waiting_for(0.0) is None


class TestRowsToBlame:
    @pytest.fixture
    def bad(self):
        return a_row("bad")

    def test_a_row_that_fails_again_while_others_are_answered(self, health, bad):
        first, again = refused(500), refused(500)
        fails(health, first, row=bad)
        health.succeeded()
        fails(health, again, row=bad)
        assert (first.of_the_row, again.of_the_row) == (False, True)
        assert (first.of_the_row, again.of_the_row) == (False, True)

    def test_few_rows_that_are_left_of_a_service_that_answered(self, health):
        health.succeeded()
        bad = [a_row(str(number)) for number in range(3)]
        for each in bad[:1] * 2 + bad:
            fails(health, refused(500), row=each)
            assert not (each is bad[0] and health.waiting_for(0.0))

    def test_many_that_fail_are_an_outage(self, health, monkeypatch):
        monkeypatch.setattr(_health, "_FEW", 1)
        health.succeeded()
        bad = [a_row("1"), a_row("2")]
        for each in bad * 2:
            attempt = refused(500)
            fails(health, attempt, row=each)
            assert not attempt.of_the_row
        assert health.waiting_for(0.0)

    def test_nobody_is_to_blame_where_nothing_was_answered(self, health, bad):
        for _ in range(3):
            attempt = refused(500)
            fails(health, attempt, row=bad)
            assert not attempt.of_the_row
        assert health.waiting_for(0.0)

    def test_an_overloaded_server_turns_some_away_more_than_once(self, health, bad):
        verdicts = []
        for _ in range(5):
            attempt = refused(503)
            fails(health, attempt, row=bad)
            health.succeeded()
            verdicts.append(attempt.of_the_row)
        assert verdicts == [False, False, True, True, True]

    def test_a_rate_limit_before_says_nothing_of_the_row(self, health, bad):
        attempt = refused(500)
        fails(health, refused(429), row=bad)
        health.succeeded()
        fails(health, attempt, row=bad)
        assert not attempt.of_the_row

    def test_one_that_tries_for_all_is_heard(self, health, bad):
        fails(health, refused(500), row=bad)
        health.succeeded()
        for _ in range(2):
            fails(health, refused(500), now=1.0)
        assert health.waiting_for(11.0) == (
            "the service, which answers nothing (500: no); next try in 0 s"
        )
        health._breaker.sent()
        fails(health, refused(500), now=11.0, row=bad)
        assert "next try in 20 s" in health.waiting_for(11.0)

import pytest

from fireworks_async.batch import _health
from fireworks_async.batch._health import Health
from fireworks_async.batch._retries import Breaker
from fireworks_async.errors import (
    NotFoundError,
    PermissionDeniedError,
)
from tests.support.batches import failed, refused

NOT_THERE = failed(NotFoundError("no such model", status_code=404))
NOT_OURS = failed(PermissionDeniedError("not yours", status_code=403))


@pytest.fixture
def health(monkeypatch):
    monkeypatch.setattr(_health, "_REFUSALS", 3)
    return Health(Breaker(threshold=2, first=10.0, patience=60.0))


def test_a_matter_of_the_account_ends_the_run(health):
    assert health.failed(refused(401), 0.0) == "account"


def test_what_rows_are_held_back_for_is_told(health):
    assert health.waiting_for(0.0) is None
    for _ in range(2):
        assert health.failed(refused(500), 0.0) is None
    said = "the service, which answers nothing (500: no); next try in 7 s"
    assert health.waiting_for(3.0) == said
    health.succeeded()
    assert health.waiting_for(3.0) is None


def test_a_service_that_answers_nothing_for_long_ends_the_run(health):
    health.failed(refused(500), 0.0)
    assert health.failed(refused(500), 59.0) is None
    assert health.failed(refused(500), 60.0) == "failing"


def test_a_model_that_is_not_there_ends_the_run(health):
    verdicts = [health.failed(each, 0.0) for each in (NOT_THERE, NOT_OURS, NOT_THERE)]
    assert verdicts == [None, None, "failing"]


def test_one_that_answers_some_is_there(health):
    health.succeeded()
    assert {health.failed(NOT_THERE, 0.0) for _ in range(9)} == {None}


def test_rows_that_are_wrong_end_nothing(health):
    assert {health.failed(refused(400), 0.0) for _ in range(9)} == {None}
    assert health.waiting_for(0.0) is None

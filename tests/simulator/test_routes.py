import pytest

from fireworks_async.simulator import Cut, Reply
from fireworks_async.simulator._answers import Answer
from fireworks_async.simulator._routes import Call, Routes, Visit
from fireworks_async.simulator._script import RecordedRequest, Script
from tests.simulator.test_plans import SETTINGS
from tests.support.simulated import HELLO, MODEL


def called(path, body=None, *, method="POST", key="fw_test", script=None):
    record = RecordedRequest(1, method, path, {}, 0.0, 1, body)
    return Routes(SETTINGS, script or Script()).outcome(
        Call(method, path, key, "id", record)
    )


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/chat/completions", {"messages": HELLO}),
        ("/v1/completions", {"prompt": "a"}),
        ("/inference/v1/completions", {"prompt": "a"}),
        ("/v1/embeddings", {"input": "a"}),
        ("/v1/rerank", {"query": "a", "documents": ["a"]}),
    ],
)
def test_what_costs_something_is_planned(path, body):
    outcome = called(path, {"model": MODEL, **body})
    assert isinstance(outcome, Visit)
    assert outcome.plan.model == MODEL


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/v1/models", "GET", 200),
        (f"/v1/models/{MODEL}", "GET", 200),
        ("/v1/models/none", "GET", 404),
        ("/v1/serverless/models", "GET", 200),
        ("/v1/models", "POST", 405),
        ("/v1/completions", "GET", 405),
        ("/v1/nothing", "POST", 404),
        ("/completions", "POST", 404),
    ],
)
def test_what_costs_nothing_is_answered_at_once(path, method, status):
    outcome = called(path, method=method)
    assert isinstance(outcome, Answer)
    assert outcome.status == status


def test_faults_go_with_the_plan():
    script = Script()
    script.add((Reply(text="a"), Cut(1)))
    outcome = called("/v1/completions", {"model": MODEL, "prompt": "a"}, script=script)
    assert outcome.faults == (Cut(1),)

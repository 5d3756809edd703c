import inspect

import pytest

from fireworks_async.simulator import Rejection
from tests.support.simulated import ask

EXPECTED = {
    "bad_gateway": (502, "text/html"),
    "bad_key": (401, "UNAUTHORIZED"),
    "first_token_late": (429, "first token before the given deadline"),
    "invalid": (400, "invalid_request_error"),
    "method_not_allowed": (405, "METHOD_NOT_ALLOWED"),
    "model_not_found": (404, "NOT_FOUND"),
    "overloaded": (503, "SERVER_OVERLOADED"),
    "path_not_found": (404, "Path not found"),
    "payment_required": (402, "PAYMENT_REQUIRED"),
    "prompt_too_long": (400, "prompt is too long"),
    "rate_limited": (429, "rate limit exceeded, please try again later"),
    "rolling_over": (425, "rolling over"),
    "scaling_up": (503, "DEPLOYMENT_SCALING_UP"),
    "server_error": (500, "INTERNAL"),
    "suspended": (412, "is suspended, possibly due to reaching"),
    "unauthorized_list": (403, '{"error":"unauthorized"}'),
    "usage_exceeded": (429, '"error":"Too Many Requests"'),
}
MAKERS = {
    name: maker
    for name, maker in inspect.getmembers(Rejection, inspect.isfunction)
    if not name.startswith("_")
}


def test_every_rejection_is_expected():
    assert set(MAKERS) == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
async def test_a_rejection_is_answered_with_its_status_and_body(sim, name):
    needs_text = name in ("invalid", "method_not_allowed")
    sim.script(MAKERS[name]("x") if needs_text else MAKERS[name]())
    answer = await ask(sim)
    status, part = EXPECTED[name]
    assert answer.status == status
    assert part in answer.data.decode() + answer.headers["content-type"]
    assert "retry-after" not in answer.headers


@pytest.mark.parametrize(
    "name", ["rate_limited", "usage_exceeded", "overloaded", "scaling_up"]
)
async def test_a_wait_can_be_asked_for(sim, name):
    date = "Wed, 21 Oct 2026 07:28:00 GMT"
    sim.script(MAKERS[name](1.5), MAKERS[name](date))
    assert (await ask(sim)).headers["retry-after"] == "1.5"
    assert (await ask(sim)).headers["retry-after"] == date

import json

import pytest
from aiohttp import web

from fireworks_async._web.error_body import error_answer, error_body
from fireworks_async.errors import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    FireworksError,
    RateLimitError,
    StreamTruncatedError,
)


def test_a_body_has_the_four_members_of_openai():
    assert json.loads(error_body("no", type="t", code=7, param="p")) == {
        "error": {"message": "no", "type": "t", "param": "p", "code": 7}
    }
    assert json.loads(error_body("no")) == {
        "error": {"message": "no", "type": "error", "param": None, "code": None}
    }


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RateLimitError("slow down", status_code=429), 429),
        (APITimeoutError("nothing came", phase="receive"), 504),
        (APIConnectionError("no way there"), 502),
        (StreamTruncatedError("cut"), 502),
        (APIError("odd"), 500),
        (web.HTTPRequestEntityTooLarge(max_size=1, actual_size=2), 413),
        (web.HTTPNotFound(), 404),
        (FireworksError("internal"), 500),
        (ValueError("internal"), 500),
    ],
)
def test_an_error_has_its_status(error, status):
    assert error_answer(error)[0] == status


def test_what_the_api_said_is_passed_on():
    error = RateLimitError(
        "slow down", status_code=429, code="RATE", type="t", param="n", body={"a": 1}
    )
    _, body = error_answer(error)
    assert json.loads(body) == {
        "error": {"message": "slow down", "type": "t", "param": "n", "code": "RATE"}
    }


def test_an_error_of_our_own_tells_a_client_nothing():
    for error in (ValueError("secret"), FireworksError("secret")):
        assert b"secret" not in error_answer(error)[1]

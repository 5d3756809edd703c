import json

import pytest

from fireworks_async.errors import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    ClientClosedError,
    RateLimitError,
)
from fireworks_async.proxy._errors import error_event, error_response, refusal


def test_f62_the_apis_own_words_are_handed_through_with_its_wait():
    body = {"error": {"message": "slow", "type": "t", "code": "C", "extra": 1}}
    headers = {"retry-after": "7", "x-request-id": "r", "set-cookie": "no"}
    error = RateLimitError("slow", status_code=429, body=body, headers=headers)
    answer = error_response(error)
    assert answer.status == 429
    assert json.loads(answer.body) == body
    assert answer.headers["Retry-After"] == "7"
    assert answer.headers["x-request-id"] == "r"
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (APITimeoutError("late", phase="receive"), 504),
        (APIConnectionError("lost"), 502),
        (ClientClosedError("closed"), 503),
        (APIStatusError("x", status_code=418, body="<html>"), 418),
        (refusal(400, "x"), 400),
    ],
)
def test_every_error_has_a_status_and_openais_form(error, status):
    answer = error_response(error)
    assert answer.status == status
    assert set(json.loads(answer.body)["error"]) == {"message", "type", "param", "code"}


def test_a_wait_of_our_own_is_told_in_whole_seconds():
    assert (
        error_response(refusal(429, "x", retry_after=1.2)).headers["Retry-After"] == "2"
    )


def test_inside_a_stream_it_is_an_event():
    event = error_event(APIConnectionError("lost"))
    assert event.startswith(b"data: {")
    assert event.endswith(b"}\n\n")
    assert json.loads(event[6:])["error"]["message"] == "lost"

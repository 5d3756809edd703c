import pytest

from fireworks_async._client.response_info import ResponseInfo


def info(headers=None, **fields):
    return ResponseInfo(
        **{
            "status": 200,
            "headers": headers or {},
            "request_id": None,
            "retries_taken": 0,
            **fields,
        }
    )


def test_nothing_reported_is_none():
    assert info().rate_limit is info().perf is info().perf_metrics is None


def test_rate_limits_are_from_the_headers():
    headers = {
        "x-ratelimit-limit-requests": "600",
        "x-ratelimit-remaining-requests": "5",
    }
    limits = info(headers).rate_limit
    assert (limits.limit_requests, limits.remaining_requests) == (600, 5)


def test_metrics_of_the_body_go_before_those_of_the_headers():
    headers = {"fireworks-prompt-tokens": "3", "fireworks-cached-prompt-tokens": "1"}
    assert info(headers).perf.prompt_tokens == 3
    both = info(headers, perf_metrics={"prompt-tokens": "4"})
    assert both.perf.prompt_tokens == 4
    assert both.perf.cached_prompt_tokens is None


def test_it_cannot_be_changed():
    with pytest.raises(AttributeError):
        info().status = 500

import pytest

from fireworks_async import errors
from fireworks_async.batch._causes import Selector, cause_of

STATUSES = {
    400: "refused",
    401: "account",
    402: "account",
    403: "refused",
    404: "refused",
    408: "server",
    409: "server",
    412: "account",
    413: "refused",
    422: "refused",
    425: "server",
    429: "rate_limit",
    500: "server",
    503: "overloaded",
    529: "server",
}


@pytest.mark.parametrize(("status", "cause"), STATUSES.items())
def test_a_status_has_its_cause(status, cause):
    assert cause_of(errors.APIStatusError("m", status_code=status)) == cause


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (errors.APITimeoutError("m", phase="receive"), "stall"),
        (errors.APITimeoutError("m", phase="total"), "timeout"),
        (errors.APITimeoutError("m", phase="pool"), "timeout"),
        (errors.APITimeoutError("m", phase="connect"), "connection"),
        (errors.APIConnectionError("m"), "connection"),
        (errors.DeploymentScalingUpError("m", status_code=503), "scaling_up"),
        (errors.StreamTruncatedError("m"), "truncated"),
        (errors.StreamProtocolError("m"), "protocol"),
        (errors.StreamServerError("m", type="server_error"), "server"),
        (errors.StreamServerError("m", type="invalid_request_error"), "refused"),
        (errors.ClientClosedError("m"), "protocol"),
        (errors.RateLimitError("m", status_code=429, retry_after=3600.0), "rate_limit"),
        (errors.RateLimitError("m", status_code=429, retry_after=86400.0), "account"),
    ],
)
def test_an_error_has_its_cause(error, cause):
    assert cause_of(error) == cause


@pytest.mark.parametrize(
    ("words", "picks"),
    [
        ([], False),
        (["stall"], False),
        (["429"], True),
        (["4xx"], True),
        (["5xx,rate-limit"], True),
        (["stall", " All "], True),
    ],
)
def test_a_selector_picks_by_cause_status_and_class(words, picks):
    assert Selector(words).picks("rate_limit", 429) is picks


def test_a_failure_without_a_status_is_picked_by_its_cause():
    assert Selector(["stall"]).picks("stall", None)
    assert not Selector(["4xx"]).picks("stall", None)


def test_a_selector_of_nothing_is_false():
    assert not Selector([])
    assert Selector(["all"])


@pytest.mark.parametrize("word", ["stal", "", "42", "timeouts"])
def test_an_unknown_word_is_refused(word):
    with pytest.raises(ValueError, match="is no status"):
        Selector([word])

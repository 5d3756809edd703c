import pytest

from fireworks_async import errors
from fireworks_async.loadtest._failures import failure_class


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (errors.RateLimitError("m", status_code=429), "429"),
        (errors.ServiceUnavailableError("m", status_code=503), "503"),
        (errors.APITimeoutError("m", phase="receive"), "stall"),
        (errors.APITimeoutError("m", phase="connect"), "connect"),
        (errors.APITimeoutError("m", phase="total"), "timeout"),
        (errors.APIConnectionError("m"), "connect"),
        (errors.StreamTruncatedError("m"), "truncated"),
        (errors.StreamProtocolError("m"), "protocol"),
        (errors.StreamServerError("m"), "stream_error"),
        (errors.ClientClosedError("m"), "other"),
    ],
)
def test_classes(error, name):
    assert failure_class(error)[0] == name


def test_what_is_said_is_one_short_line():
    assert failure_class(errors.APIConnectionError("a\nb"))[1] == "a b"
    assert len(failure_class(errors.APIConnectionError("x" * 1000))[1]) == 200
    assert failure_class(errors.APIConnectionError(""))[1] == "APIConnectionError"

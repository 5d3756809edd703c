"""When a deployment is left alone after a failure; which one is used is the router's."""

from fireworks_async.errors import (
    APIConnectionError,
    APIStatusError,
    FireworksError,
    InternalServerError,
    RateLimitError,
    StreamError,
)
from fireworks_async.proxy._windows import MinuteWindow

__all__ = ("Cooldown", "is_deployments_fault")

# Those say of a deployment that it will refuse the next request too.
_FOR_GOOD = frozenset({401, 402, 403, 404, 408, 412})
_CALLERS_FAULT = frozenset({400, 413, 422})


def is_deployments_fault(error: FireworksError) -> bool:
    """Whether the same request might fare better with another deployment."""
    if isinstance(error, APIStatusError):
        return error.status_code not in _CALLERS_FAULT
    return isinstance(error, APIConnectionError | StreamError)


class Cooldown:
    """The failures of one deployment.

    Args:
        allowed_fails: Failures within a minute that are borne.
        seconds: How long it is left alone afterwards; 0 for not at all.

    Attributes:
        until: Monotonic seconds; before that it is left alone.
    """

    __slots__ = ("_allowed", "_failures", "_seconds", "until")

    def __init__(self, *, allowed_fails: int, seconds: float) -> None:
        self._allowed = allowed_fails
        self._seconds = seconds
        self._failures = MinuteWindow()
        self.until = 0.0

    def is_as(self, other: "Cooldown") -> bool:
        """Whether it bears the same, and lasts as long."""
        theirs = (other._allowed, other._seconds)  # noqa: SLF001 - its own kind
        return (self._allowed, self._seconds) == theirs

    def failed(self, error: FireworksError, *, now: float) -> None:
        """Take note of a failure.

        A rate limit, and what will be the same next time, is enough by itself; what
        may pass has to happen too often. The API's own wait goes over ours.
        """
        if self._seconds <= 0 or not is_deployments_fault(error):
            return
        seconds = self._seconds
        if isinstance(error, APIStatusError) and error.retry_after is not None:
            seconds = max(seconds, error.retry_after)
        if not self._is_enough(error, now):
            return
        self.until = max(self.until, now + seconds)

    def rest(self, seconds: float, *, now: float) -> None:
        """Leave it alone for a while, without a failure."""
        self.until = max(self.until, now + seconds)

    def _is_enough(self, error: FireworksError, now: float) -> bool:
        if isinstance(error, RateLimitError):
            return True
        if (
            isinstance(error, APIStatusError)
            and not isinstance(error, InternalServerError)
            and error.status_code in _FOR_GOOD
        ):
            return True
        self._failures.add(1, now=now)
        return self._failures.total(now=now) > self._allowed

"""What failures say of the service and of the account, beyond the row; nothing waits."""

from typing import Final, Literal, TypeAlias

from fireworks_async.batch._retries import Breaker
from fireworks_async.batch._senders import Attempt
from fireworks_async.errors import NotFoundError, PermissionDeniedError

__all__ = ("OF_THE_ROW", "Health", "StopReason")

StopReason: TypeAlias = Literal["interrupted", "account", "cost", "failing"]
"""Why a run ends before its input does."""

OF_THE_ROW: Final = frozenset({"refused", "invalid"})
"""Causes that neither a pause nor another attempt would change."""
_HEALTHY: Final = OF_THE_ROW | {"rate_limit", "scaling_up", "account"}
# So many rows refused, and none answered, are not the rows' fault.
_REFUSALS: Final = 100


class Health:
    """Hears of every attempt.

    Args:
        breaker: Holds rows back while nothing succeeds.
    """

    def __init__(self, breaker: Breaker) -> None:
        self._breaker = breaker
        self._last = ""
        self._refused = 0
        self._has_answered = False

    def succeeded(self) -> None:
        """A row was answered."""
        self._has_answered = True
        self._breaker.succeeded()

    def failed(self, attempt: Attempt, now: float) -> StopReason | None:
        """An attempt failed; says whether the run should end.

        Args:
            attempt: The attempt.
            now: Monotonic seconds.
        """
        if attempt.cause in _HEALTHY:
            self._breaker.succeeded()
        else:
            self._breaker.failed(now)
            self._last = str(attempt.error or attempt.cause)
        if attempt.cause == "account":
            return "account"
        if self._breaker.has_given_up(now) or self._refuses_all(attempt):
            return "failing"
        return None

    def waiting_for(self, now: float) -> str | None:
        """What rows are held back for; None when they are not."""
        if not self._breaker.is_open:
            return None
        wait = self._breaker.wait(now)
        when = "trying" if wait == float("inf") else f"next try in {wait:.0f} s"
        return f"the service, which answers nothing ({self._last}); {when}"

    def _refuses_all(self, attempt: Attempt) -> bool:
        """Whether what rows name is not there, or not for us: a misspelt model, say."""
        self._refused += isinstance(
            attempt.error, NotFoundError | PermissionDeniedError
        )
        return self._refused >= _REFUSALS and not self._has_answered

"""What failures say of the service and of the account, beyond the row; nothing waits."""

from typing import Final, Literal, TypeAlias

from fireworks_async.batch._retries import Breaker
from fireworks_async.batch._rows import Row
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
# So few rows that fail, and no other, do not make an outage of what answered before.
_FEW: Final = 3
# A server with too much to do turns the same row away by chance, now and then.
_BY_CHANCE: Final = 2


class Health:
    """Hears of every attempt.

    A row that fails again, though others were answered since it first did, is likely
    to blame for that: rows on which the server always fails must not look like an
    outage when they are all that is left.

    Args:
        breaker: Holds rows back while nothing succeeds.
    """

    def __init__(self, breaker: Breaker) -> None:
        self._breaker = breaker
        self._last = ""
        self._refused = 0
        self._answered = 0
        # Rows that have first failed since the latest answer.
        self._troubled = 0

    def succeeded(self) -> None:
        """A row was answered."""
        self._answered += 1
        self._troubled = 0
        self._breaker.succeeded()

    def failed(self, row: Row, attempt: Attempt, now: float) -> StopReason | None:
        """An attempt failed; says whether the run should end.

        Args:
            row: Of which row; the failure is among its failures.
            attempt: The attempt; it is noted there if the row is to blame.
            now: Monotonic seconds.
        """
        if attempt.cause in _HEALTHY:
            self._breaker.succeeded()
        elif self._is_to_blame(row, attempt) and not self._breaker.is_open:
            attempt.of_the_row = True
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

    def _is_to_blame(self, row: Row, attempt: Attempt) -> bool:
        earlier = sum(cause not in _HEALTHY for cause in row.failures) - 1
        if not earlier:
            row.answered_then = self._answered
            self._troubled += 1
            return False
        if attempt.cause == "overloaded" and earlier < _BY_CHANCE:
            return False
        is_alone = self._answered > 0 and self._troubled <= _FEW
        return is_alone or self._answered > row.answered_then

    def _refuses_all(self, attempt: Attempt) -> bool:
        """Whether what rows name is not there, or not for us: a misspelt model, say."""
        self._refused += isinstance(
            attempt.error, NotFoundError | PermissionDeniedError
        )
        return self._refused >= _REFUSALS and not self._answered

"""Why an attempt failed, in the words of the ledger and of ``--retry``."""

from collections.abc import Iterable
from typing import Final, get_args

from fireworks_async._policy.retry import is_retryable
from fireworks_async.batch._interfaces import Cause
from fireworks_async.errors import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    DeploymentScalingUpError,
    FireworksError,
    StreamServerError,
    StreamTruncatedError,
)

__all__ = ("ACCOUNT", "LONGEST_WAIT", "Selector", "cause_of")

LONGEST_WAIT: Final = 3600.0
"""Seconds that a run waits if the API asks for it; beyond them it is for a person."""
ACCOUNT: Final = frozenset({401, 402, 412})
"""Statuses that speak of the account and not of the row."""

_BY_STATUS: Final[dict[int, Cause]] = {
    **dict.fromkeys(ACCOUNT, "account"),
    408: "server",
    409: "server",
    425: "server",
    429: "rate_limit",
    503: "overloaded",
}
_CAUSES: Final = frozenset(get_args(Cause))


def cause_of(error: FireworksError) -> Cause:
    """Name the cause of a failed attempt."""
    cause: Cause = "protocol"
    match error:
        case APITimeoutError(phase="receive"):
            cause = "stall"
        case APITimeoutError(phase="pool" | "total"):
            cause = "timeout"
        case APIConnectionError():
            cause = "connection"
        case DeploymentScalingUpError():
            cause = "scaling_up"
        case APIStatusError(status_code=429, retry_after=wait) if (
            wait is not None and wait > LONGEST_WAIT
        ):
            cause = "account"
        case APIStatusError(status_code=status):
            other: Cause = "server" if status >= 500 else "refused"
            cause = _BY_STATUS.get(status, other)
        case StreamTruncatedError():
            cause = "truncated"
        case StreamServerError():
            cause = "server" if is_retryable(error) else "refused"
        case _:
            pass
    return cause


class Selector:
    """Which recorded failures are meant: by cause, by status, or by class of statuses.

    Args:
        words: Such as ``stall``, ``429``, ``5xx``, ``all``; each may hold several,
            parted by commas.

    Raises:
        ValueError: A word is none of them.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._words = frozenset(
            word.strip().lower().replace("-", "_")
            for each in words
            for word in each.split(",")
        )
        for word in self._words - _CAUSES - {"all"}:
            if len(word) != 3 or not word[0].isdigit():
                names = ", ".join(sorted(_CAUSES))
                raise ValueError(f"{word!r} is no status, no 5xx, and none of {names}")

    def __bool__(self) -> bool:
        return bool(self._words)

    def picks(self, cause: str, status: int | None) -> bool:
        """Whether a failure of this cause and status is meant."""
        words = {cause, "all"}
        if status is not None:
            words |= {str(status), f"{status // 100}xx"}
        return not words.isdisjoint(self._words)

"""Whether a failed attempt is followed by another, and when; nothing here waits.

Two questions, asked in this order and both answered yes before a call is repeated:
``RetryPolicy.decide`` (would another attempt help *this* call?) and
``RetryBudget.try_spend`` (would it help everybody else?).
"""

import msgspec

from fireworks_async.errors import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    ConfigurationError,
    FireworksError,
    StreamServerError,
    StreamTruncatedError,
)

__all__ = (
    "CERTIFICATE_FAILURE",
    "RETRYABLE_STATUSES",
    "RetryBudget",
    "RetryPolicy",
    "is_retryable",
)

RETRYABLE_STATUSES = frozenset({408, 409, 425, 429, 500, 502, 503, 504})

# The one connection error that another attempt cannot cure: a certificate is as wrong
# the second time, and asking again only looks like an attempt to get around it.
CERTIFICATE_FAILURE = "certificate_verify_failed"

# A 429 that is a matter of money, not of pace.
_EXHAUSTED_QUOTA = "insufficient_quota"

# Found in the code or type of an in-stream error, these say that the API's side failed
# (``server_error``, ``overloaded_error``, ``InternalServerError``, ...).
_SERVER_FAULTS = ("server", "internal", "overload", "unavailable")

# Far past every cap, and far from where a float overflows.
_MOST_DOUBLINGS = 64

_RETRY_COST = 1.0
_SUCCESS_CREDIT = 0.2


class RetryBudget:
    """How many retries a pool may still add to the load of a service in trouble.

    A retry takes 1 out. A success after retries puts the 1 of its last retry back; a
    success at the first attempt puts 0.2 in, up to ``capacity``. A failed call puts
    nothing in. So retries never exceed ``capacity`` plus a fifth of the calls that
    succeed at once plus the retries that paid off: when everything fails, 1,000 calls
    make at most 1,500 attempts instead of 3,000.

    The numbers: 500 is the retry quota of one client in the AWS SDKs' standard mode,
    whose rule for paying back is the one above; it lets a burst of a full pool (1,000
    connections) ride out a restart. 20 % is the share of retries to calls that Finagle
    and Envoy allow by default; the AWS credit (1 per clean success at a cost of 14 per
    retry, 7 %) refills too slowly for calls that last minutes.

    Args:
        capacity: Retries available at the start, and at most. 0 means that a retry
            must first be earned.
    """

    __slots__ = ("_balance", "_capacity")

    def __init__(self, capacity: float = 500.0) -> None:
        _require_amount("RetryBudget.capacity", capacity)
        self._capacity = float(capacity)
        self._balance = self._capacity

    def __repr__(self) -> str:
        return f"<RetryBudget {self._balance:g} of {self._capacity:g}>"

    @property
    def balance(self) -> float:
        """Retries that may be made now if nothing succeeds any more."""
        return self._balance

    def try_spend(self) -> bool:
        """Take one retry out; False, and nothing taken, when less than one is left."""
        if self._balance < _RETRY_COST:
            return False
        self._balance -= _RETRY_COST
        return True

    def record_success(self, retries_taken: int) -> None:
        """Pay in for a call that succeeded after so many retries."""
        credit = _RETRY_COST if retries_taken else _SUCCESS_CREDIT
        self._balance = min(self._capacity, self._balance + credit)


class RetryPolicy(msgspec.Struct, frozen=True):
    """Which errors are worth another attempt, and how long to wait before it.

    Attributes:
        max_retries: Attempts after the first one; 0 turns retrying off.
        base: Seconds; the longest wait before the first retry. It doubles with each.
        cap: Seconds that the backoff never exceeds.
        longest_wait: Seconds. When the API asks for a longer wait than this, the error
            is raised at once and carries the wait in ``retry_after``.

    Raises:
        ConfigurationError: ``max_retries`` is not a whole number of 0 or more, or
            another field not a finite number of 0 or more.
    """

    max_retries: int = 2
    base: float = 0.5
    cap: float = 8.0
    longest_wait: float = 60.0

    def __post_init__(self) -> None:
        _require_count("max_retries", self.max_retries)
        for name in ("base", "cap", "longest_wait"):
            _require_amount(f"RetryPolicy.{name}", getattr(self, name))

    def decide(
        self, error: FireworksError, *, retries_taken: int, random: float
    ) -> float | None:
        """Seconds to wait before the next attempt, or None to raise the error.

        The backoff has full jitter: anything between nothing and the doubled base, so
        that calls which failed together do not come back together. What the API asked
        for in ``retry_after`` is a floor: the jitter comes on top of it.

        Args:
            error: What the attempt failed with.
            retries_taken: Retries made so far for this call.
            random: A number from 0 to 1, drawn anew for each question.
        """
        if retries_taken >= self.max_retries or not is_retryable(error):
            return None
        floor = 0.0
        if isinstance(error, APIStatusError) and error.retry_after is not None:
            floor = error.retry_after
        if floor > self.longest_wait:
            return None
        doublings = min(retries_taken, _MOST_DOUBLINGS)
        return floor + random * min(self.cap, self.base * 2.0**doublings)


def is_retryable(error: FireworksError) -> bool:
    """Whether the same request, sent again, may fare better.

    - Connections that failed or were lost: yes, but for a certificate that does not
      verify (``code == CERTIFICATE_FAILURE``, set where TLS errors are translated).
    - Timeouts: only of connecting. A call that was silent for the receive timeout may
      still be generating, and billed; pool and total timeouts are the caller's limits.
    - Statuses: as ``x-should-retry`` says, else by the list; not a used-up quota.
    - Streams: cut short, yes; not a stream at all, no; an error reported inside one
      (which maps to no status), when its code or type speaks of a server fault.
    """
    match error:
        case APITimeoutError():
            return error.phase == "connect"
        case APIConnectionError():
            return error.code != CERTIFICATE_FAILURE
        case APIStatusError():
            return _status_is_retryable(error)
        case StreamServerError():
            names = f"{error.code} {error.type}".lower()
            return any(fault in names for fault in _SERVER_FAULTS)
        case _:
            return isinstance(error, StreamTruncatedError)


def _status_is_retryable(error: APIStatusError) -> bool:
    wish = error.headers.get("x-should-retry", "").strip().lower()
    if wish in {"true", "false"}:
        return wish == "true"
    if _EXHAUSTED_QUOTA in {error.code, error.type}:
        return False
    return error.status_code in RETRYABLE_STATUSES


def _require_count(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        given = type(value).__name__
    elif value < 0:
        given = repr(value)
    else:
        return
    raise ConfigurationError(f"{name} must be a whole number of 0 or more, not {given}")


def _require_amount(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        given = type(value).__name__
    elif not 0 <= value < float("inf"):
        given = repr(value)
    else:
        return
    raise ConfigurationError(
        f"{name} must be a finite number of 0 or more, not {given}"
    )

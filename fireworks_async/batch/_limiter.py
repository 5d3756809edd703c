"""Lets rows through one after another, as fast as the account and the server allow.

The decisions are ``AdmissionControl``'s; here they are waited for. Rows stand in one
line, so that a large one is not passed by small ones for ever, and one timer in all
wakes the line.
"""

import math
import random
from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Final

import msgspec

from fireworks_async._net.clock import SystemClock
from fireworks_async._net.interfaces import Clock, Timer
from fireworks_async._net.line import Line
from fireworks_async._policy.admission import AdmissionControl
from fireworks_async._policy.budgets import Budget
from fireworks_async._policy.calls import (
    NOTHING,
    Admission,
    Dimension,
    Estimate,
    Levels,
    Result,
    Verdict,
    Wait,
)
from fireworks_async._policy.concurrency import AdaptiveConcurrency, LimitChange
from fireworks_async._policy.estimates import Estimator, Need
from fireworks_async.batch._interfaces import (
    Cause,
    Demand,
    LimiterStatistics,
    Outcome,
)
from fireworks_async.errors import APIStatusError

__all__ = ("RowLimiter", "row_limiter")

_INITIAL: Final = 16
_CEILING: Final = 1000
_TICK: Final = 0.005
"""Seconds between two looks at the line at least: many small rows share a timer."""
_VERDICTS: Final[dict[Cause, Verdict]] = {
    "connection": "failed",
    "overloaded": "overloaded",
    "rate_limit": "rate_limited",
    "scaling_up": "scaling_up",
    "server": "failed",
    "stall": "failed",
    "truncated": "failed",
}
_QUEUE_NAMES: Final = {
    "fireworks-prefill-queue-duration",
    "prefill-queue-duration",
}
_NAMES: Final[Mapping[Dimension, str]] = {
    "requests": "requests",
    "prompt": "tokens-prompt",
    "uncached": "tokens-cache-adjusted-prompt",
    "generated": "tokens-generated",
}
_LEFT: Final[Mapping[str, tuple[Dimension, str]]] = {
    f"x-ratelimit-remaining-{name}": (dimension, f"x-ratelimit-limit-{name}")
    for dimension, name in _NAMES.items()
}

_NO_LEVELS: Final[Levels] = MappingProxyType({})


class _RowPermit(msgspec.Struct):
    """The right to make one attempt, and what was taken for it."""

    limiter: "RowLimiter | None"
    demand: Demand
    admission: Admission

    def settle(self, outcome: Outcome) -> None:
        """Give it back, and say how the attempt ended. Called exactly once."""
        limiter, self.limiter = self.limiter, None
        assert limiter is not None, "settled twice"
        limiter.settle(self, outcome)


class RowLimiter:
    """A ``Limiter`` of one job in one event loop.

    Args:
        control: Decides.
        clock: Time.
    """

    def __init__(self, control: AdmissionControl, clock: Clock) -> None:
        self._control = control
        self._clock = clock
        self._line: Line[Demand, _RowPermit] = Line()
        self._estimators: dict[tuple[str, str], Estimator] = {}
        self._timer: Timer | None = None
        self._timer_at = math.inf

    def __repr__(self) -> str:
        return (
            f"<RowLimiter {self._control.in_flight}/{self._control.limit} in flight, "
            f"{len(self._line)} waiting>"
        )

    @property
    def history(self) -> tuple[LimitChange, ...]:
        """How the limit of rows in flight has moved, for the report."""
        return tuple(self._control.concurrency.history)

    async def admit(self, demand: Demand) -> _RowPermit:
        """Wait until the row may be sent; first come, first served."""
        if (permit := self.admit_now(demand)) is not None:
            return permit
        try:
            return await self._line.wait(demand, self._take_back)
        finally:
            if self._line.first() is None:
                self._disarm()

    def admit_now(self, demand: Demand) -> _RowPermit | None:
        """Admit the row if it may be sent at once, and nobody waits before it."""
        return None if self._line.first() is not None else self._try(demand)

    def settle(self, permit: _RowPermit, outcome: Outcome) -> None:
        """Hear how an attempt ended, and see who may go now."""
        control, used = self._control, _used(outcome)
        result = Result(
            "answered" if outcome.cause is None else _verdict(outcome),
            used=used,
            levels=_levels(outcome),
            queued=_queued(outcome),
            ttft=outcome.ttft,
            total=outcome.e2e,
            retry_after=outcome.retry_after,
        )
        control.settle(permit.admission, result, self._clock.now())
        demand = permit.demand
        # Behind it: rows that were sent before a budget was known are taken for as
        # large as they may be, for the first to be answered are the short ones.
        teaches = outcome.cause is None and control.counts_tokens(demand.model)
        if teaches and used is not None:
            self._estimator(demand).learn(
                used, demand.prompt_bytes, demand.max_tokens, demand.choices
            )
        self._let_through()

    def allow(self, share: float, places: int | None = None) -> None:
        """Use only a share of every budget; see ``AdmissionControl.allow``."""
        self._control.allow(share, places, self._clock.now())
        self._let_through()

    def statistics(self) -> LimiterStatistics:
        """Where it stands now."""
        demand = self._line.first()
        wait: Wait | None = None
        if demand is not None:
            wait = self._control.wait(
                demand.model, self._estimate(demand), self._clock.now()
            )
        return LimiterStatistics(
            in_flight=self._control.in_flight,
            limit=self._control.limit,
            waiting_for=None if wait is None else _in_words(wait),
        )

    def _try(self, demand: Demand) -> _RowPermit | None:
        """Admit the row, or see to it that the line is looked at again."""
        now = self._clock.now()
        admitted = self._control.admit(demand.model, self._estimate(demand), now)
        if isinstance(admitted, Admission):
            return _RowPermit(self, demand, admitted)
        # Without an end: the next row that is settled opens the way.
        if admitted.seconds < math.inf:
            self._arm(now + max(_TICK, admitted.seconds))
        return None

    def _let_through(self) -> None:
        while (demand := self._line.first()) is not None:
            permit = self._try(demand)
            if permit is None:
                return
            self._line.hand(permit)

    def _take_back(self, permit: _RowPermit) -> None:
        """A permit came in the step in which its row was cancelled."""
        self._control.reprieve(permit.admission, self._clock.now())
        self._let_through()

    def _arm(self, at: float) -> None:
        if at < self._timer_at:
            self._disarm()
            self._timer_at = at
            self._timer = self._clock.call_at(at, self._on_timer)

    def _disarm(self) -> None:
        timer, self._timer = self._timer, None
        self._timer_at = math.inf
        if timer is not None:
            timer.cancel()

    def _on_timer(self) -> None:
        self._timer = None
        self._timer_at = math.inf
        self._let_through()

    def _estimate(self, demand: Demand) -> Estimate:
        return partial(
            self._estimator(demand).need,
            demand.prompt_bytes,
            demand.max_tokens,
            demand.choices,
        )

    def _estimator(self, demand: Demand) -> Estimator:
        kind = demand.endpoint, demand.model
        found = self._estimators.get(kind)
        if found is None:
            found = self._estimators[kind] = Estimator()
        return found


def row_limiter(
    *,
    concurrency: int | None = None,
    rpm: float | None = None,
    tpm: float | None = None,
    ceiling: int = _CEILING,
    clock: Clock | None = None,
) -> RowLimiter:
    """Make the limiter of a job.

    Args:
        concurrency: Rows in flight, exactly; None to find out how many are best.
        rpm: Requests a minute at most.
        tpm: Tokens a minute at most, prompt and generated together.
        ceiling: Rows in flight at most, when that is found out.
        clock: Time; None for the system's.
    """
    clock = clock or SystemClock()
    now = clock.now()
    return RowLimiter(
        AdmissionControl(
            AdaptiveConcurrency(
                initial=concurrency or _INITIAL,
                floor=concurrency or 1,
                ceiling=concurrency or ceiling,
                now=now,
            ),
            requests=None if rpm is None else Budget.per_minute(rpm, now=now),
            tokens=None if tpm is None else Budget.per_minute(tpm, now=now),
            random=random.random,
        ),
        clock,
    )


def _used(outcome: Outcome) -> Need | None:
    """What the server charged; None when that is not known."""
    if outcome.cause == "invalid" or isinstance(outcome.error, APIStatusError):
        return NOTHING
    usage = outcome.usage
    if usage is None:
        return None
    prompt, details = usage.prompt_tokens, usage.prompt_tokens_details
    cached = 0 if details is None else details.cached_tokens or 0
    return Need(prompt, max(0, prompt - cached), usage.completion_tokens)


def _verdict(outcome: Outcome) -> Verdict:
    """What a failure says of the server."""
    cause = outcome.cause
    if cause is None or outcome.of_the_row:
        return "neutral"
    return _VERDICTS.get(cause, "neutral")


def _levels(outcome: Outcome) -> Levels:
    """The account's limits, where both what is allowed and what is left are reported."""
    headers = outcome.headers
    if not any(map(headers.get, _LEFT)):
        return _NO_LEVELS
    levels: dict[Dimension, tuple[float, float]] = {}
    for name, (dimension, limit) in _LEFT.items():
        left, allowed = headers.get(name), headers.get(limit)
        if left is None or allowed is None:
            continue
        try:
            level = float(allowed), float(left)
        except ValueError:
            continue
        if level[0] > 0 and all(map(math.isfinite, level)):
            levels[dimension] = level
    return levels


def _queued(outcome: Outcome) -> float | None:
    """Seconds in a deployment's queue; looked for before all metrics are read."""
    said = outcome.perf_metrics or outcome.headers
    if not any(map(said.__contains__, _QUEUE_NAMES)):
        return None
    perf = outcome.perf
    return None if perf is None else perf.prefill_queue_duration


def _in_words(wait: Wait) -> str | None:
    if not wait.reason:
        return None
    reason = "the next try" if wait.reason == "failures" else wait.reason
    if wait.seconds < 1 or wait.seconds == math.inf:
        return reason
    return f"{reason}, {wait.seconds:.0f} s"

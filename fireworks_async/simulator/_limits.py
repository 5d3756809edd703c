"""Budgets by the minute: what an account may ask of a model, and what is left of it.

Time is handed in; nothing here knows of HTTP beyond the names of headers.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fireworks_async.simulator._rejections import Rejection
from fireworks_async.simulator._replies import ErrorReply

__all__ = ("Limits", "RateLimits")

_MINUTE = 60.0
_NEAR, _FAR = 0.8, 0.5
_HEADERS = {
    "requests": "requests",
    "prompt_tokens": "tokens-prompt",
    "uncached_prompt_tokens": "tokens-cache-adjusted-prompt",
    "generated_tokens": "tokens-generated",
}

# What a serverless answer tells where nothing is limited: clients that go by these
# headers find them, and never come near such numbers.
_PLENTY = {
    "x-ratelimit-limit-requests": "1000000",
    "x-ratelimit-limit-tokens-prompt": "1000000000",
    "x-ratelimit-limit-tokens-generated": "1000000000",
    "x-ratelimit-remaining-requests": "1000000",
    "x-ratelimit-remaining-tokens-prompt": "1000000000",
    "x-ratelimit-remaining-tokens-generated": "1000000000",
    "x-ratelimit-over-limit": "no",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an account may ask of one model in a minute; None is no limit.

    A budget is full at first, is refilled all the time, and never holds more than a
    minute's worth. Requests and prompts are charged when a request is let in, and what
    is generated when its answer has ended; so a budget can be overdrawn, and then
    requests are refused until it is in credit again. A request that is refused costs
    nothing. Deployments of one's own (`#` or `/deployments/` in the name) have no
    limits.

    Attributes:
        requests: Requests.
        prompt_tokens: Prompt tokens, in the prompt cache or not.
        uncached_prompt_tokens: Prompt tokens that were not in the prompt cache.
        generated_tokens: Output tokens.
        tolerance: How many times a budget is served: what exceeds the budget itself is
            answered with `x-ratelimit-over-limit: yes`, and only what exceeds this is
            refused.
        retry_after: Whether a refusal says how long to wait. The API was not seen to.
        doubles_in: Seconds in which a limit doubles while at least 80 % of it is used,
            and halves, but not below where it started, while less than 50 % is. The
            API's documentation says about an hour. None: limits stay as they are.
        most: How many times its start a limit can grow to.
    """

    requests: float | None = None
    prompt_tokens: float | None = None
    uncached_prompt_tokens: float | None = None
    generated_tokens: float | None = None
    tolerance: float = 1.0
    retry_after: bool = False
    doubles_in: float | None = None
    most: float = 100.0

    def budgets(self) -> Iterator[tuple[str, float]]:
        """Give the limits that there are, by name."""
        for name in _HEADERS:
            if (limit := getattr(self, name)) is not None:
                yield name, limit


class _Budget:
    """One budget: how much of it there is now, and how much was used of late."""

    __slots__ = ("_at", "_used", "level", "limit", "start")

    def __init__(self, limit: float, now: float) -> None:
        self.start = self.limit = self.level = limit
        self._used = 0.0
        self._at = now

    def restart(self, limit: float) -> None:
        """Begin at another limit, with no more than that."""
        self.start = self.limit = limit
        self.level = min(self.level, limit)

    def advance(self, now: float, limits: Limits) -> None:
        """Refill it, and let the limit follow its use."""
        passed, self._at = max(0.0, now - self._at), now
        share = self._used / self.limit if self.limit else 0.0
        self._used *= math.exp(-passed / _MINUTE)
        if limits.doubles_in is not None and not _FAR <= share < _NEAR:
            growth = 2 ** (min(passed / limits.doubles_in, 64.0))
            grown = self.limit * growth if share >= _NEAR else self.limit / growth
            self.limit = min(max(grown, self.start), self.start * limits.most)
        self.level = min(self.limit, self.level + passed * self.limit / _MINUTE)

    def charge(self, amount: float) -> None:
        """Take something out."""
        self.level -= amount
        self._used += amount

    def shortage(self, tolerance: float) -> float:
        """How much is missing until it serves again."""
        return max(0.0, 1.0 - (tolerance - 1.0) * self.limit - self.level)


class RateLimits:
    """The budgets of all accounts.

    Args:
        limits: What each account may ask of each model; None: no limits.
        clock: Tells the time, in seconds.
    """

    def __init__(self, limits: Limits | None, clock: Callable[[], float]) -> None:
        self._limits = limits
        self._clock = clock
        self._meters: dict[tuple[str, str], dict[str, _Budget]] = {}

    @property
    def limits(self) -> Limits | None:
        """What each account may ask of each model; it can be changed at any time."""
        return self._limits

    @limits.setter
    def limits(self, limits: Limits | None) -> None:
        if limits is None:
            self._meters.clear()
        else:
            now = self._clock()
            for meter in self._meters.values():
                _advance(meter, now, self._limits or limits)
                _follow(meter, limits, now)
        self._limits = limits

    def admit(
        self, account: str, model: str, *, prompt_tokens: int, cached_tokens: int
    ) -> dict[str, str] | ErrorReply:
        """Charge a request that begins, or refuse it.

        Returns:
            The headers that its answer has; a deployment's has none.
        """
        limits = self._limits
        meter = self._meter(account, model)
        if limits is None or meter is None:
            return {} if _is_dedicated(model) else dict(_PLENTY)
        waits = [
            short * _MINUTE / budget.limit if budget.limit else math.inf
            for budget in meter.values()
            if (short := budget.shortage(limits.tolerance))
        ]
        if waits:
            return _refusal(limits, meter, max(waits))
        is_over = any(budget.level < 1 for budget in meter.values())
        spent = {
            "requests": 1,
            "prompt_tokens": prompt_tokens,
            "uncached_prompt_tokens": prompt_tokens - cached_tokens,
        }
        for name, amount in spent.items():
            if name in meter:
                meter[name].charge(amount)
        return _headers(meter, is_over=is_over)

    def settle(self, account: str, model: str, generated_tokens: int) -> None:
        """Charge what a request that was let in has generated."""
        meter = self._meter(account, model)
        if meter is not None and "generated_tokens" in meter:
            meter["generated_tokens"].charge(generated_tokens)

    def _meter(self, account: str, model: str) -> dict[str, _Budget] | None:
        limits = self._limits
        if limits is None or _is_dedicated(model):
            return None
        now = self._clock()
        meter = self._meters.get((account, model))
        if meter is None:
            meter = self._meters[account, model] = {}
            _follow(meter, limits, now)
        else:
            _advance(meter, now, limits)
        return meter


def _is_dedicated(model: str) -> bool:
    return "#" in model or "/deployments/" in model


def _advance(meter: dict[str, _Budget], now: float, limits: Limits) -> None:
    for budget in meter.values():
        budget.advance(now, limits)


def _follow(meter: dict[str, _Budget], limits: Limits, now: float) -> None:
    """Have the budgets that the limits name, and no others."""
    wanted = dict(limits.budgets())
    for name in meter.keys() - wanted.keys():
        del meter[name]
    for name, limit in wanted.items():
        if name in meter:
            meter[name].restart(limit)
        else:
            meter[name] = _Budget(limit, now)


def _headers(meter: dict[str, _Budget], *, is_over: bool) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, budget in meter.items():
        headers[f"x-ratelimit-limit-{_HEADERS[name]}"] = str(round(budget.limit))
    for name, budget in meter.items():
        left = str(max(0, math.floor(budget.level)))
        headers[f"x-ratelimit-remaining-{_HEADERS[name]}"] = left
    headers["x-ratelimit-over-limit"] = "yes" if is_over else "no"
    return headers


def _refusal(limits: Limits, meter: dict[str, _Budget], wait: float) -> ErrorReply:
    seconds = None
    if limits.retry_after and math.isfinite(wait):
        seconds = max(1, math.ceil(wait))
    refused = Rejection.rate_limited(seconds)
    headers = {**refused.headers, **_headers(meter, is_over=True)}
    return ErrorReply(refused.status, refused.body, headers)

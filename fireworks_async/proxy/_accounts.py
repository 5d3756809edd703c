"""What every call amounts to, written down once: for its key, the ledger, the numbers."""

from typing import Final

from fireworks_async._client.pricing import cost_of
from fireworks_async._measure.cost import cost_of_tokens
from fireworks_async._net.interfaces import Clock
from fireworks_async._protocol.completions import Usage
from fireworks_async.errors import APIError, APIStatusError
from fireworks_async.proxy._callers import Caller
from fireworks_async.proxy._calls import Call
from fireworks_async.proxy._ledger import Entry, Ledger
from fireworks_async.proxy._metrics import Metrics

__all__ = ("LEFT", "Accounts", "status_of")

LEFT: Final = 499
"""The status, in numbers only, of a call whose caller has left."""


class Accounts:
    """Settles calls.

    Args:
        clock: Time.

    Attributes:
        ledger: Where spend is written down; None for nowhere.
        metrics: What was counted.
        recorded: US dollars that each key spent here, in this process.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.ledger: Ledger | None = None
        self.metrics = Metrics()
        self.recorded: dict[str, float] = {}

    def settle(
        self, caller: Caller, call: Call, usage: Usage | None, tier: object = None
    ) -> None:
        """Write down what one answer took; before its caller can see its end.

        Args:
            caller: Who asked.
            call: For what; its deployment is the one that answered.
            usage: As reported; None when it was not.
            tier: The service tier that was asked for.
        """
        deployment = call.deployment
        numbers = self.metrics.of(call.asked)
        if usage is None or deployment is None:
            numbers.unreported += 1
            return
        now = self._clock.now()
        usd = _cost(call, usage, tier)
        details = usage.prompt_tokens_details
        cached = (details.cached_tokens or 0) if details is not None else 0
        tokens = usage.prompt_tokens + usage.completion_tokens
        numbers.prompt_tokens += usage.prompt_tokens
        numbers.cached_tokens += cached
        numbers.completion_tokens += usage.completion_tokens
        if usd is None:
            numbers.unpriced += 1
        else:
            numbers.usd += usd
            self.recorded[caller.id] = self.recorded.get(caller.id, 0.0) + usd
        deployment.used(tokens, now=now)
        caller.used(tokens, usd, now=now)
        if self.ledger is not None:
            self.ledger.record(
                Entry(
                    caller.id,
                    call.asked,
                    usage.prompt_tokens,
                    cached,
                    usage.completion_tokens,
                    usd,
                )
            )

    def finish(self, call: Call, status: int, *, began: float) -> None:
        """Count a call that is over, however it ended."""
        numbers = self.metrics.of(call.asked)
        numbers.statuses[status] = numbers.statuses.get(status, 0) + 1
        numbers.retries += call.retries
        numbers.fallbacks += call.fallbacks
        numbers.seconds.add(self._clock.now() - began)
        first_at = call.timings.first_delta_at
        if first_at is not None:
            numbers.first.add(first_at - began)


def status_of(error: BaseException) -> int:
    """The status that an error counts as."""
    if isinstance(error, APIStatusError):
        return error.status_code
    if isinstance(error, APIError):
        return 502
    if isinstance(error, ConnectionError) or not isinstance(error, Exception):
        return LEFT
    return 500


def _cost(call: Call, usage: Usage, tier: object) -> float | None:
    assert call.deployment is not None
    prices = call.deployment.settings.prices
    if prices is None:
        word = tier if isinstance(tier, str) else None
        return cost_of(call.model, usage, word).usd
    details = usage.prompt_tokens_details
    return cost_of_tokens(
        prices,
        prompt_tokens=usage.prompt_tokens,
        cached_tokens=(details.cached_tokens or 0) if details is not None else 0,
        completion_tokens=usage.completion_tokens,
    ).usd

"""What every call amounts to, written down once: for its key, the ledger, the numbers."""

from typing import Final

from fireworks_async._client.pricing import cost_of
from fireworks_async._measure.cost import cost_of_tokens
from fireworks_async._net.interfaces import Clock
from fireworks_async._protocol.completions import Usage
from fireworks_async.errors import APIError, APIStatusError
from fireworks_async.proxy._callers import Caller
from fireworks_async.proxy._calls import Call
from fireworks_async.proxy._deployments import Deployment
from fireworks_async.proxy._estimates import NOTHING, Expected
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
        guessed: Those of answers whose usage never came, since their callers left, say;
            they count for budgets, and are in no ledger.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.ledger: Ledger | None = None
        self.metrics = Metrics()
        self.recorded: dict[str, float] = {}
        self.guessed: dict[str, float] = {}

    def reserve(self, caller: Caller, call: Call, *, now: float) -> None:
        """Let a call in, and set aside what it will probably take.

        Raises:
            APIStatusError: It may not.
        """
        expected = NOTHING
        if caller.is_weighed:
            need = call.need()
            usage = _usage(need.prompt, need.generated)
            usd = _cost(*call.likely(), usage, call.tier) or 0.0
            expected = Expected(need.prompt + need.generated, usd)
        caller.enter(expected, now=now)
        call.reserved = expected

    def release(self, caller: Caller, call: Call) -> None:
        """Set nothing aside any longer; idempotent."""
        if call.reserved is not NOTHING:
            caller.release(call.reserved)
            call.reserved = NOTHING

    def settle(
        self, caller: Caller, call: Call, usage: Usage | None, *, made: int = 0
    ) -> None:
        """Write down what one answer took; before its caller can see its end.

        Args:
            caller: Who asked.
            call: For what; its deployment is the one that answered.
            usage: As reported; None when it was not.
            made: Chunks that came, which stand for the tokens then.
        """
        deployment = call.deployment
        numbers = self.metrics.of(call.asked)
        self.release(caller, call)
        if usage is None or deployment is None:
            numbers.unreported += 1
            self._guess(caller, call, made)
            return
        now = self._clock.now()
        call.took(usage)
        usd = _cost(deployment, call.model, usage, call.tier)
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

    def _guess(self, caller: Caller, call: Call, made: int) -> None:
        """Hold a caller to what it probably took: leaving early is not for free."""
        deployment = call.deployment
        if deployment is None:
            return
        if not caller.is_weighed and deployment.settings.tpm is None:
            return
        now = self._clock.now()
        usage = _usage(call.need().prompt, made)
        usd = _cost(deployment, call.model, usage, call.tier)
        if usd is not None:
            self.guessed[caller.id] = self.guessed.get(caller.id, 0.0) + usd
        tokens = usage.prompt_tokens + usage.completion_tokens
        deployment.used(tokens, now=now)
        caller.used(tokens, usd, now=now)

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


def _usage(prompt: float, completion: float) -> Usage:
    given, made = round(prompt), round(completion)
    return Usage(prompt_tokens=given, completion_tokens=made, total_tokens=given + made)


def _cost(
    deployment: Deployment, model: str, usage: Usage, tier: object
) -> float | None:
    prices = deployment.settings.prices
    if prices is None:
        return cost_of(model, usage, tier if isinstance(tier, str) else None).usd
    details = usage.prompt_tokens_details
    return cost_of_tokens(
        prices,
        prompt_tokens=usage.prompt_tokens,
        cached_tokens=(details.cached_tokens or 0) if details is not None else 0,
        completion_tokens=usage.completion_tokens,
    ).usd

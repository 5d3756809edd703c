"""Who is let in, when, and on which terms: nothing here knows what an answer says."""

import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from fireworks_async.simulator._cache import BLOCK, PromptCache, affinity, isolation
from fireworks_async.simulator._deployments import Deployments
from fireworks_async.simulator._limits import Limits, RateLimits
from fireworks_async.simulator._plans import Plan, Terms
from fireworks_async.simulator._replies import ErrorReply
from fireworks_async.simulator._script import RecordedRequest
from fireworks_async.simulator._slots import Slots

__all__ = ("Admission", "Capacity", "Stay")


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """How much is served at a time; see `Simulator` for what each means."""

    slots: int | None
    queue: int | None
    patience: float | None
    cold_start: float | None
    prompt_cache: bool
    replicas: int
    ttft: float


@dataclass(frozen=True, slots=True)
class Stay:
    """A request that was let in.

    Attributes:
        plan: What it will cost.
        account: Who pays.
        terms: How it was let in.
    """

    plan: Plan
    account: str
    terms: Terms


class Admission:
    """Lets requests in, each by the account that sent it.

    Args:
        capacity: How much is served at a time.
        limits: What each account may ask of each model; None: no limits.
        clock: Tells the time to limits and deployments, in seconds.
    """

    def __init__(
        self,
        capacity: Capacity,
        *,
        limits: Limits | None,
        clock: Callable[[], float],
    ) -> None:
        self._capacity = capacity
        self._cache = PromptCache()
        self.deployments = Deployments(capacity.cold_start, clock)
        self.rates = RateLimits(limits, clock)
        self.slots = Slots(
            capacity.slots, queue=capacity.queue, patience=capacity.patience
        )

    async def enter(
        self, plan: Plan, account: str, record: RecordedRequest
    ) -> Stay | ErrorReply:
        """Let a request in when it is its turn, or refuse it."""
        if refused := self.deployments.refusal(plan.model):
            return refused
        place, prompts = self._remembered(plan, account, record)
        headers = self.rates.admit(
            account,
            plan.model,
            prompt_tokens=plan.prompt_tokens,
            cached_tokens=self._cached(place, prompts, record),
        )
        if isinstance(headers, ErrorReply):
            return headers
        began = time.monotonic()
        if refused := await self.slots.take():
            return refused
        record.started_at = now = time.monotonic()
        record.prompt_tokens = plan.prompt_tokens
        record.queued = now - began
        # What waited before it may have left something in the cache meanwhile.
        record.cached_tokens = self._cached(place, prompts, record)
        if prompts:
            self._cache.store(place, prompts, ready_at=now + self._capacity.ttft)
        are_counted = self.slots.count is not None
        terms = Terms(
            headers,
            record.cached_tokens,
            record.queued if are_counted else None,
            self.slots.taken,
        )
        return Stay(plan, account, terms)

    def leave(self, stay: Stay, record: RecordedRequest) -> None:
        """Let go of a request that has been answered, or whose client has left."""
        self.slots.give_back()
        self.rates.settle(stay.account, stay.plan.model, record.generated_tokens)

    def _remembered(
        self, plan: Plan, account: str, record: RecordedRequest
    ) -> tuple[Hashable, Sequence[bytes]]:
        """Give the prompts that are long enough for the cache, and their place in it."""
        if not self._capacity.prompt_cache or plan.prompt_tokens <= BLOCK:
            return None, ()
        replicas = self._capacity.replicas
        replica = affinity(record.body, record.headers, replicas)
        if replica < 0:
            replica = record.number % replicas
        apart = isolation(record.body, record.headers)
        return (account, plan.model, apart, replica), plan.prompts()

    def _cached(
        self, place: Hashable, prompts: Sequence[bytes], record: RecordedRequest
    ) -> int:
        if not prompts:
            return 0
        at_most: int | None = record.body.get("prompt_cache_max_len")
        now = time.monotonic()
        return self._cache.find(place, prompts, now=now, at_most=at_most)

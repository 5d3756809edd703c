"""A call as admission control sees it: what it needs, what was taken, how it ended."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, Literal, NamedTuple, TypeAlias

import msgspec

from fireworks_async._policy.budgets import Mark
from fireworks_async._policy.concurrency import Admitted
from fireworks_async._policy.estimates import Need

__all__ = (
    "NOTHING",
    "Admission",
    "Dimension",
    "Estimate",
    "Levels",
    "Result",
    "Verdict",
    "Wait",
)

Dimension: TypeAlias = Literal["requests", "prompt", "uncached", "generated"]
Levels: TypeAlias = Mapping[Dimension, tuple[float, float]]
"""What is allowed and what is left, as the server reports it."""

Estimate: TypeAlias = Callable[[], Need]
"""Tells what a call will use; asked only where that is counted."""

Verdict: TypeAlias = Literal[
    "answered", "rate_limited", "overloaded", "scaling_up", "failed", "neutral"
]
"""How a call ended. ``neutral`` says nothing of the server's state."""

NOTHING: Final = Need(0.0, 0.0, 0.0)


class Wait(NamedTuple):
    """What the next call waits for.

    Attributes:
        seconds: How long, or infinity when another call has to end first.
        reason: In a few words; empty when it waits for a place only.
    """

    seconds: float
    reason: str


class Admission(Admitted):
    """A call that was admitted, and what was taken for it.

    Attributes:
        model: Which it calls.
        estimate: Tells what it will use.
        taken: What was taken for it; None as long as nothing is counted.
        marks: Where the budgets stood.
    """

    model: str
    estimate: Estimate
    taken: Need | None
    marks: Mapping[Dimension, Mark]

    @property
    def need(self) -> Need:
        """What was taken, or would have been."""
        return self.estimate() if self.taken is None else self.taken


class Result(msgspec.Struct, frozen=True):
    """How a call ended.

    Attributes:
        verdict: In a word.
        used: Tokens that it was charged; None when that is not known.
        levels: The account's limits, as of the call's arrival; may be empty.
        queued: Seconds in the server's queue, where the server measures it.
        ttft: Seconds to the first token; None when none came.
        total: Seconds in all.
        retry_after: Seconds that the API asked to wait, or None.
    """

    verdict: Verdict
    used: Need | None = None
    levels: Levels = MappingProxyType({})
    queued: float | None = None
    ttft: float | None = None
    total: float = 0.0
    retry_after: float | None = None

"""What tokens cost: counts and prices handed in; no price is known here.

A cost is either right or unknown. Where a price or a count is missing, nothing takes
its place: an estimate that looks like a cost would be added up as one.
"""

from typing import Literal, Protocol

import msgspec

__all__ = ("Cost", "TokenPrices", "cost_of_tokens", "unknown_cost")

_PER = 1_000_000


class TokenPrices(Protocol):
    """US dollars per million tokens; None where there is no figure."""

    @property
    def input(self) -> float: ...
    @property
    def output(self) -> float: ...
    @property
    def cached_input(self) -> float | None: ...
    @property
    def priority_input(self) -> float | None: ...
    @property
    def priority_output(self) -> float | None: ...
    @property
    def priority_cached_input(self) -> float | None: ...


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What a call cost, by list prices.

    Attributes:
        status: ``priced``, or ``unknown`` when a price or a count is missing.
        usd: US dollars in all; None when unknown, never a 0 in its place.
        input_usd: For prompt tokens that were not in the cache.
        cached_input_usd: For those that were.
        output_usd: For the answer's tokens.
        reason: Why it is unknown; None when it is not.
    """

    status: Literal["priced", "unknown"]
    usd: float | None = None
    input_usd: float | None = None
    cached_input_usd: float | None = None
    output_usd: float | None = None
    reason: str | None = None


def unknown_cost(reason: str) -> Cost:
    """A cost that is not known, and why."""
    return Cost(status="unknown", reason=reason)


def cost_of_tokens(
    prices: TokenPrices,
    *,
    prompt_tokens: int,
    cached_tokens: int,
    completion_tokens: int,
    priority: bool = False,
) -> Cost:
    """Multiply tokens and prices.

    Args:
        prices: Of the model.
        prompt_tokens: All of the prompt, cached ones included.
        cached_tokens: Those of them that were in the cache.
        completion_tokens: All of the answer, reasoning included.
        priority: Whether the call was made on the priority tier.
    """
    tier = "priority " if priority else ""
    needed = (
        (
            "input",
            prompt_tokens - cached_tokens,
            prices.priority_input if priority else prices.input,
        ),
        (
            "cached input",
            cached_tokens,
            prices.priority_cached_input if priority else prices.cached_input,
        ),
        (
            "output",
            completion_tokens,
            prices.priority_output if priority else prices.output,
        ),
    )
    parts: list[float] = []
    for name, tokens, price in needed:
        if tokens < 0:
            return unknown_cost(f"the count of {name} tokens is negative")
        if price is None and tokens:
            return unknown_cost(f"no price of {tier}{name} tokens is known")
        parts.append(tokens * (price or 0.0) / _PER)
    return Cost(
        status="priced",
        usd=sum(parts),
        input_usd=parts[0],
        cached_input_usd=parts[1],
        output_usd=parts[2],
    )

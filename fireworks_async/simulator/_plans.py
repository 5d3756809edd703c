"""A request that is good, planned and not yet let in; and the terms it is let in on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from fireworks_async.simulator._answers import Answer

__all__ = ("Plan", "Terms")


@dataclass(frozen=True, slots=True)
class Terms:
    """How a request was let in, which its answer tells of.

    Attributes:
        headers: The account's limits, as headers.
    """

    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Plan:
    """What a request will cost, and its answer once the terms are known.

    Attributes:
        model: The model that was asked for.
        prompt_tokens: Tokens of the prompt.
        generated_tokens: Tokens of the whole answer.
        make: Makes the answer.
    """

    model: str
    prompt_tokens: int
    generated_tokens: int
    make: Callable[[Terms], Answer]

"""A request that is good, planned and not yet let in; and the terms it is let in on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from fireworks_async.simulator._answers import Answer

__all__ = ("Plan", "Terms")


@dataclass(frozen=True, slots=True)
class Terms:
    """How a request was let in, which its answer tells of.

    Attributes:
        headers: The account's limits, as headers.
        cached_tokens: How many tokens of the prompt were in the cache.
        queued: Seconds that it waited for a slot; None where slots are not counted.
        concurrent: How many requests are worked on, this one among them.
    """

    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    cached_tokens: int = 0
    queued: float | None = None
    concurrent: int = 1


@dataclass(frozen=True, slots=True)
class Plan:
    """What a request asks for, and its answer once the terms are known.

    Attributes:
        model: The model that was asked for.
        prompt_tokens: Tokens of the prompt.
        make: Makes the answer.
        prompts: Gives what the prompt cache can remember, four bytes a token.
    """

    model: str
    prompt_tokens: int
    make: Callable[[Terms], Answer]
    prompts: Callable[[], Sequence[bytes]] = tuple

"""What a call will use, learned from calls that are over.

An estimate is a mean, not a bound: what a call takes too much or too little is settled
when it ends, so that means keep a budget exactly used, and bounds would leave most of
it unused.
"""

from typing import Final

import msgspec

__all__ = ("Estimator", "Need")

_BYTES_PER_TOKEN: Final = 4.0
_FIRST_GUESS: Final = 256.0
"""Output tokens of a call without a limit, before any was seen."""
_MEMORY: Final = 50
"""How many of the latest calls a mean is mostly made of."""


class Need(msgspec.Struct, frozen=True, gc=False):
    """Tokens that a call takes from the budgets, or has used.

    Attributes:
        prompt: All of the prompt.
        uncached: Those of them that are not in the prompt cache.
        generated: Of all choices.
    """

    prompt: float
    uncached: float
    generated: float


class _Mean:
    """A mean of the latest values."""

    __slots__ = ("_count", "value")

    def __init__(self) -> None:
        self.value = 0.0
        self._count = 0

    def add(self, value: float) -> None:
        if self._count < _MEMORY:
            self._count += 1
        self.value += (value - self.value) / self._count


class Estimator:
    """Estimates for calls of one kind: one endpoint and model."""

    __slots__ = ("_bytes", "_generated", "_heard", "_prompt", "_uncached", "_usual")

    def __init__(self) -> None:
        # Of prompts: means of their sizes, not of the ratio of two, so that long ones
        # count for more, which is what they take from a budget.
        self._bytes = _BYTES_PER_TOKEN
        self._prompt = 1.0
        self._uncached = 1.0
        self._heard = 0
        # By the magnitude of the call's own limit: short answers are asked for with
        # small limits, and one job may hold both kinds.
        self._generated: dict[int, _Mean] = {}
        # That of the latest call, whatever its limit.
        self._usual: _Mean | None = None

    def need(self, prompt_bytes: int, max_tokens: int | None, choices: int = 1) -> Need:
        """What such a call will probably use.

        Args:
            prompt_bytes: Size of the request.
            max_tokens: Of one choice at most; None for no limit.
            choices: How many are asked for.
        """
        mean = self._generated.get(_magnitude(max_tokens), self._usual)
        if mean is not None:
            generated = mean.value
        else:
            generated = _FIRST_GUESS if max_tokens is None else float(max_tokens)
        if max_tokens is not None and max_tokens < generated:
            generated = max_tokens
        scale = prompt_bytes / self._bytes
        return Need(scale * self._prompt, scale * self._uncached, generated * choices)

    def learn(
        self, used: Need, prompt_bytes: int, max_tokens: int | None, choices: int = 1
    ) -> None:
        """Hear what a call used; the others as for ``need``."""
        if prompt_bytes and used.prompt:
            if self._heard < _MEMORY:
                self._heard += 1
            part = 1 / self._heard
            self._bytes += (prompt_bytes - self._bytes) * part
            self._prompt += (used.prompt - self._prompt) * part
            self._uncached += (used.uncached - self._uncached) * part
        kind = _magnitude(max_tokens)
        mean = self._generated.get(kind)
        if mean is None:
            mean = self._generated[kind] = _Mean()
        mean.add(used.generated / choices)
        self._usual = mean


def _magnitude(max_tokens: int | None) -> int:
    return -1 if max_tokens is None else max_tokens.bit_length()

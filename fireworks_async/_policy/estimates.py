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

    def __init__(self, value: float) -> None:
        self.value = value
        self._count = 0

    def add(self, value: float) -> None:
        if self._count < _MEMORY:
            self._count += 1
        self.value += (value - self.value) / self._count


class Estimator:
    """Estimates for calls of one kind: one endpoint and model."""

    __slots__ = ("_cached", "_generated", "_per_byte", "_usual")

    def __init__(self) -> None:
        self._per_byte = _Mean(1 / _BYTES_PER_TOKEN)
        self._cached = _Mean(0.0)
        # By the magnitude of the call's own limit: short answers are asked for with
        # small limits, and one job may hold both kinds.
        self._generated: dict[int, _Mean] = {}
        # That of the latest call, whatever its limit.
        self._usual: _Mean | None = None

    def need(
        self, *, prompt_bytes: int, max_tokens: int | None, choices: int = 1
    ) -> Need:
        """What such a call will probably use."""
        prompt = prompt_bytes * self._per_byte.value
        mean = self._generated.get(_magnitude(max_tokens), self._usual)
        if mean is not None:
            generated = mean.value
        else:
            generated = _FIRST_GUESS if max_tokens is None else float(max_tokens)
        if max_tokens is not None:
            generated = min(generated, max_tokens)
        return Need(prompt, prompt * (1 - self._cached.value), generated * choices)

    def learn(
        self,
        *,
        prompt_bytes: int,
        max_tokens: int | None,
        choices: int = 1,
        prompt_tokens: int | None,
        cached_tokens: int | None,
        completion_tokens: int | None,
    ) -> None:
        """Hear what a call used; None where it was not reported."""
        if prompt_tokens is not None:
            if prompt_bytes:
                self._per_byte.add(prompt_tokens / prompt_bytes)
            if prompt_tokens:
                self._cached.add(min(1.0, (cached_tokens or 0) / prompt_tokens))
        if completion_tokens is not None:
            each = completion_tokens / max(1, choices)
            kind = _magnitude(max_tokens)
            mean = self._generated.get(kind)
            if mean is None:
                mean = self._generated[kind] = _Mean(each)
            mean.add(each)
            self._usual = mean


def _magnitude(max_tokens: int | None) -> int:
    return -1 if max_tokens is None else max_tokens.bit_length()

"""What a call will probably take, by what calls of its model took; nothing is held here."""

from typing import Final, NamedTuple

from fireworks_async._policy.estimates import Estimator, Need
from fireworks_async._protocol.completions import Usage

__all__ = ("NOTHING", "Estimates", "Expected", "Extent")

_MOST_MODELS: Final = 500


class Extent(NamedTuple):
    """What a request shows of its size.

    Attributes:
        size: Bytes.
        max_tokens: The most that may be generated, or None.
        choices: How often.
    """

    size: int
    max_tokens: int | None = None
    choices: int = 1


class Expected(NamedTuple):
    """What is set aside for a call until it is known what it took.

    Attributes:
        tokens: Of prompt and answer.
        usd: What they cost.
    """

    tokens: float
    usd: float


NOTHING: Final = Expected(0.0, 0.0)


class Estimates:
    """What was learned of each model."""

    def __init__(self) -> None:
        self._models: dict[str, Estimator] = {}

    def need(self, model: str, extent: Extent) -> Need:
        """What such a call will probably take."""
        return self._of(model).need(*extent)

    def learn(self, model: str, extent: Extent, usage: Usage) -> None:
        """Hear what a call took."""
        prompt = usage.prompt_tokens
        used = Need(prompt, prompt, usage.completion_tokens)
        self._of(model).learn(used, *extent)

    def _of(self, model: str) -> Estimator:
        estimator = self._models.get(model)
        if estimator is None:
            # Callers choose names where any is taken: they must not fill the memory.
            estimator = Estimator()
            if len(self._models) < _MOST_MODELS:
                self._models[model] = estimator
        return estimator

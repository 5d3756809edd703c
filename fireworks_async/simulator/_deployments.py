"""Deployments that are scaled to zero, and what it takes to bring them up."""

from collections.abc import Callable

from fireworks_async.simulator._rejections import Rejection
from fireworks_async.simulator._replies import ErrorReply

__all__ = ("Deployments",)


class Deployments:
    """All models, each up or not.

    Args:
        cold_start: Seconds a model needs to come up; None: all are always up. The
            first request for a model sets it going. No request is kept waiting.
        clock: Tells the time, in seconds.
    """

    def __init__(self, cold_start: float | None, clock: Callable[[], float]) -> None:
        self._cold_start = cold_start
        self._clock = clock
        self._up_at: dict[str, float] = {}

    def refusal(self, model: str) -> ErrorReply | None:
        """Refuse a request for what is not up yet."""
        if self._cold_start is None:
            return None
        now = self._clock()
        if now < self._up_at.setdefault(model, now + self._cold_start):
            return Rejection.scaling_up()
        return None

    def scale_to_zero(self) -> None:
        """Have all models come up anew."""
        self._up_at.clear()

"""The simplest limiter: so many rows at once, first come, first served."""

from fireworks_async._net.gate import Gate
from fireworks_async.batch._interfaces import Demand, LimiterStatistics, Outcome

__all__ = ("FixedPlaces",)


class FixedPlaces:
    """A ``Limiter`` with a fixed number of places; it is its own permit.

    Args:
        count: Attempts at once.
    """

    def __init__(self, count: int) -> None:
        self._gate = Gate(count)
        self._in_flight = 0

    async def admit(
        self,
        demand: Demand,  # noqa: ARG002 - all rows are alike here
    ) -> "FixedPlaces":
        """Wait for a place."""
        if not self._gate.admit_nowait():
            await self._gate.admit()
        self._in_flight += 1
        return self

    def settle(
        self,
        outcome: Outcome,  # noqa: ARG002 - whatever it is
    ) -> None:
        """Give a place back."""
        self._in_flight -= 1
        self._gate.release()

    def statistics(self) -> LimiterStatistics:
        """Where it stands."""
        return LimiterStatistics(in_flight=self._in_flight, limit=self._gate.limit)

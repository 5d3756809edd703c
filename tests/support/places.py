"""The simplest limiter: so many rows at once, first come, first served."""

from fireworks_async._net.gate import Gate
from fireworks_async.batch._interfaces import LimiterStatistics

__all__ = ("FixedPlaces",)


class FixedPlaces:
    """A ``Limiter`` with a fixed number of places; it is its own permit.

    Attributes:
        failures: The outcomes that were no answer.
    """

    history = ()

    def __init__(self, count):
        self.failures = []
        self._gate = Gate(count)
        self._in_flight = 0

    async def admit(self, demand):
        if not self._gate.admit_nowait():
            await self._gate.admit()
        self._in_flight += 1
        return self

    def admit_now(self, demand):
        if not self._gate.admit_nowait():
            return None
        self._in_flight += 1
        return self

    def settle(self, outcome):
        if outcome.cause is not None:
            self.failures.append(outcome)
        self._in_flight -= 1
        self._gate.release()

    def statistics(self):
        return LimiterStatistics(in_flight=self._in_flight, limit=self._gate.limit)

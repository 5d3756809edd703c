"""Whether more is asked of a server than it answers, so that requests pile up for ever.

Such a run has no steady state: its latencies say how long it went on, and nothing of the
server. Decides and stops nothing: it is told how a run is doing, and says what it sees.
"""

from bisect import bisect_left
from itertools import pairwise
from operator import itemgetter

from fireworks_async.loadtest._progress import Tally

__all__ = ("Saturation",)

# Before that, requests have not yet ended as often as they begin.
_LEAST_SECONDS = 10.0
_LEAST_GROWTH = 10
# Of the arrivals; and in standard deviations of how many arrive by chance.
_SHARE = 0.05
_DEVIATIONS = 3.0
# Of the time that requests wait, in each quarter of the run.
_RISE = 1.1


class Saturation:
    """Judges an open loop of one rate by its second half.

    A backlog alone may be long answers on their way to their ends; time to first token
    alone may be a busy hour. Both growing, all the time, is a queue without an end.
    """

    def __init__(self) -> None:
        # Seconds, arrivals, arrived and not over, seconds until a first token.
        self._seen: list[tuple[float, int, int, float | None]] = []

    def tell(self, elapsed: float, tally: Tally) -> str | None:
        """How the run is doing.

        Returns:
            What is wrong, in words; None: nothing, so far.
        """
        backlog = tally.in_flight + tally.waiting
        arrived = tally.started + tally.waiting
        self._seen.append((elapsed, arrived, backlog, tally.recent_wait()))
        if elapsed < _LEAST_SECONDS:
            return None
        half, third = self._at(elapsed / 2), self._at(elapsed * 3 / 4)
        arrivals, growth = arrived - half[1], backlog - half[2]
        least = max(_LEAST_GROWTH, _DEVIATIONS * arrivals**0.5, _SHARE * arrivals)
        if growth < least or not _is_rising(half[3], third[3], self._seen[-1][3]):
            return None
        seconds = elapsed - half[0]
        return (
            f"requests piled up: of {arrivals / seconds:.3g}/s only "
            f"{(arrivals - growth) / seconds:.3g}/s were answered, and {backlog} were "
            f"waiting after {elapsed:.0f} s"
        )

    def _at(self, moment: float) -> tuple[float, int, int, float | None]:
        place = bisect_left(self._seen, moment, key=itemgetter(0))
        return self._seen[min(place, len(self._seen) - 1)]


def _is_rising(*waits: float | None) -> bool:
    known = [wait for wait in waits if wait is not None]
    rises = all(after >= _RISE * before for before, after in pairwise(known))
    return rises and len(known) == len(waits)

"""How a run is doing while it runs: counts, for whoever shows them."""

from typing import TYPE_CHECKING

import msgspec

from fireworks_async.loadtest._record import Record

if TYPE_CHECKING:
    from fireworks_async.loadtest._runner import Runner

__all__ = ("Progress", "Tally", "together")

_LAST = 200
_RECENT = 30


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """A run at one moment.

    Attributes:
        name: The run's name.
        phase: ``lengths``, ``calibration`` or ``run``.
        elapsed: Seconds since it began.
        planned: Requests that there will be; None: as many as the time holds.
        duration: Seconds that it will take; None: as long as the requests take.
        started: Requests started.
        completed: Answered whole.
        errors: Failed.
        in_flight: Being answered.
        waiting: Due, and not started for want of a place.
        output_tokens: That came.
        ttft: Of the last 200 requests, the median; None: there was none.
        tpot: Likewise.
    """

    name: str
    phase: str = "run"
    elapsed: float = 0.0
    planned: int | None = None
    duration: float | None = None
    started: int = 0
    completed: int = 0
    errors: int = 0
    in_flight: int = 0
    waiting: int = 0
    output_tokens: int = 0
    ttft: float | None = None
    tpot: float | None = None


class Tally(msgspec.Struct):
    """Counts of one process; those of several add up.

    Attributes:
        started: Requests started.
        completed: Answered whole.
        errors: Failed.
        in_flight: Being answered.
        waiting: Due, and not started for want of a place.
        output_tokens: Of answers that are over.
        tokens_under_way: Of the others.
        ttfts: Of the last requests, from their intended starts.
        tpots: Of the last requests.
    """

    started: int = 0
    completed: int = 0
    errors: int = 0
    in_flight: int = 0
    waiting: int = 0
    output_tokens: int = 0
    tokens_under_way: int = 0
    ttfts: list[float] = []
    tpots: list[float] = []

    def look_at(self, runner: "Runner") -> None:
        """Take over what a runner counts."""
        self.started, self.in_flight = runner.started, runner.in_flight
        self.waiting = runner.waiting
        self.tokens_under_way = runner.tokens_under_way

    def see(self, record: Record) -> None:
        """The first token of a request is in."""
        if record.first_token_at is not None:
            self._keep(self.ttfts, record.first_token_at - record.intended_at)

    def add(self, record: Record) -> None:
        """A request is over."""
        self.completed += record.is_good
        self.errors += record.error is not None
        self.output_tokens += record.completion_tokens or 0
        first, last = record.first_token_at, record.last_token_at
        tokens = record.completion_tokens or 0
        if first is not None and last is not None and tokens > 1:
            self._keep(self.tpots, (last - first) / (tokens - 1))

    def recent_wait(self) -> float | None:
        """The median time to first token of the very last; None: there are too few."""
        if len(self.ttfts) < _RECENT:
            return None
        return sorted(self.ttfts[-_RECENT:])[_RECENT // 2]

    def _keep(self, values: list[float], value: float) -> None:
        values.append(value)
        if len(values) > 2 * _LAST:
            del values[:_LAST]


def together(tallies: list[Tally]) -> Tally:
    """The counts of all processes."""
    return Tally(
        started=sum(each.started for each in tallies),
        completed=sum(each.completed for each in tallies),
        errors=sum(each.errors for each in tallies),
        in_flight=sum(each.in_flight for each in tallies),
        waiting=sum(each.waiting for each in tallies),
        output_tokens=sum(each.output_tokens for each in tallies),
        tokens_under_way=sum(each.tokens_under_way for each in tallies),
        ttfts=[value for each in tallies for value in each.ttfts[-_LAST:]],
        tpots=[value for each in tallies for value in each.tpots[-_LAST:]],
    )

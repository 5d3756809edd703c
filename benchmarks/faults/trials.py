"""A row of the table: a fault, its twin without the fault, and the words for what came."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from benchmarks.faults.outcome import WHOLE, Order, Report
from tests.support.raw_server import RawServer, ReceivedRequest, Script

__all__ = ("Ask", "Outcome", "Row", "Trial", "play", "trial")

Ask = Callable[[Order], Awaitable[Report]]


@dataclass(frozen=True)
class Outcome:
    """What one trial came to, seen from both ends.

    Attributes:
        report: The caller's end.
        requests: What the server was asked, in order.
        connections: How many connections it was asked on.
        closed_after: Seconds from the caller's leaving to the close of the first
            connection by the client; None when it was not closed.
    """

    report: Report
    requests: list[ReceivedRequest]
    connections: int
    closed_after: float | None = None

    @classmethod
    def of(cls, report: Report, server: RawServer) -> Self:
        """Look at the server as it is now."""
        closed_at = server.links[0].client_closed_at if server.links else None
        closed_after = None
        if report.left_at is not None and closed_at is not None:
            closed_after = closed_at - report.left_at
        return cls(report, list(server.log), server.connections, closed_after)

    @property
    def is_whole(self) -> bool:
        """Whether every call delivered the whole answer, and nothing was raised."""
        report = self.report
        failed = report.failure is not None or report.waited_in_vain
        return not failed and set(report.texts) == {WHOLE}

    def gap(self, number: int) -> float:
        """Seconds from the arrival of the request before to that of this one."""
        later, earlier = self.requests[number], self.requests[number - 1]
        return later.arrived_at - earlier.arrived_at


@dataclass(frozen=True)
class Trial:
    """What the server plays, and what the caller does.

    Attributes:
        scripts: Played in this order; the last for all requests that are left.
        options: Fields of ``Order``.
    """

    scripts: tuple[Script, ...]
    options: Mapping[str, Any] = field(default_factory=dict)


def trial(*scripts: Script, **options: Any) -> Trial:
    """A trial with these fields of ``Order``."""
    return Trial(scripts, options)


@dataclass(frozen=True)
class Row:
    """One row of the table.

    Attributes:
        title: What is wrong, or asked for.
        fault: The trial that the cells tell of.
        twin: The same without the fault, which must give the whole answer: else the
            rig, and not the fault, is what the cell tells of.
        words: What is said in a cell.
    """

    title: str
    fault: Trial
    twin: Trial
    words: Callable[[Outcome], str]


async def play(one: Trial, ask: Ask) -> Outcome:
    """Start a server for this trial alone, and have the client do its exercise."""
    *scripts, default = one.scripts
    async with RawServer(*scripts, default=default) as server:
        report = await ask(Order(server.base_url, **one.options))
        return Outcome.of(report, server)

"""Whether a run measured the server or its own client; pure judgement of numbers."""

from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from fireworks_async.loadtest._calibration import Calibration
from fireworks_async.loadtest._summary import Summary
from fireworks_async.loadtest._watch import ClientHealth

__all__ = ("GRADES", "Verdict", "judge")

Grade = Literal["clean", "strained", "client-limited"]

GRADES: tuple[Grade, ...] = ("clean", "strained", "client-limited")
"""From the best to the worst."""
# From where on a signal strains, and from where on it limits.
_LAG_MEDIAN = (0.002, 0.004)
_LAG_P99 = (0.015, 0.060)
_CPU = (0.70, 0.92)
# Of the time in which it wanted a processor: half of it makes what it does twice as
# late. Seldom wanted and seldom had is nobody's concern.
_STARVED = (0.25, 0.50)
_SELDOM = 0.05
_COLLECTING = (0.03, 0.15)
_CEILING = (0.50, 0.85)
_ADDED = (0.05, 0.25)
_SCHEDULE = (0.010, 0.100)
# An added time below this is no one's concern, whatever share it is.
_NOTHING = 0.001
_MOMENT = 0.1


class Verdict(msgspec.Struct, frozen=True):
    """The judgement.

    Attributes:
        grade: ``clean``: the numbers are the server's. ``strained``: the client was
            near a limit of its own, tails are in doubt. ``client-limited``: the
            numbers are the client's.
        reasons: What speaks against ``clean``, with its numbers.
    """

    grade: Grade
    reasons: tuple[str, ...] = ()

    @property
    def rank(self) -> int:
        """0 for the best."""
        return GRADES.index(self.grade)


class _Signal(msgspec.Struct, frozen=True):
    value: float
    limits: tuple[float, float]
    says: str

    @property
    def rank(self) -> int:
        return sum(self.value >= limit for limit in self.limits)


def judge(
    summary: Summary,
    clients: Sequence[ClientHealth],
    calibration: Calibration | None,
    *,
    is_open: bool,
) -> Verdict:
    """Judge one run.

    Args:
        summary: What was measured.
        clients: How each measuring process fared.
        calibration: What the client adds by itself; None: not known.
        is_open: Whether there was a schedule to be late for.
    """
    signals = [
        *_of_clients(clients),
        *(_of_schedule(summary) if is_open else ()),
        *(_of_calibration(summary, calibration, len(clients)) if calibration else ()),
    ]
    worst = max((signal.rank for signal in signals), default=0)
    speaking = sorted(
        (each for each in signals if each.rank), key=lambda each: -each.rank
    )
    return Verdict(GRADES[worst], tuple(each.says for each in speaking))


def _of_clients(clients: Sequence[ClientHealth]) -> Iterator[_Signal]:
    for number, client in enumerate(clients, start=1):
        if client.seconds < _MOMENT:
            # It measured nothing: what it did was to begin.
            continue
        who = f"process {number}: " if len(clients) > 1 else ""
        lag = client.loop_lag
        # The timer's own grain, which is a millisecond, is no lateness.
        grain = 0.0 if client.has_uvloop else _NOTHING
        yield _Signal(
            (lag.p50 or 0.0) - grain,
            _LAG_MEDIAN,
            f"{who}the event loop was {_ms(lag.p50)} late in the median",
        )
        yield _Signal(
            lag.p99 or 0.0,
            _LAG_P99,
            f"{who}the event loop was {_ms(lag.p99)} late at p99",
        )
        yield _Signal(
            client.cpu_share,
            _CPU,
            f"{who}the client used {client.cpu_share:.0%} of a processor",
        )
        waited = client.starved_share or 0.0
        if waited >= _SELDOM:
            share = waited / (waited + client.loop_cpu_share)
            yield _Signal(
                share,
                _STARVED,
                f"{who}the client waited for a processor {share:.0%} of the time that "
                "it wanted one",
            )
        yield _Signal(
            client.gc_seconds / client.seconds,
            _COLLECTING,
            f"{who}collecting garbage took {client.gc_seconds / client.seconds:.0%} of "
            "the time",
        )


def _of_schedule(summary: Summary) -> Iterator[_Signal]:
    lag = summary.schedule_lag
    yield _Signal(
        lag.p99 or 0.0, _SCHEDULE, f"requests started {_ms(lag.p99)} late at p99"
    )


def _of_calibration(
    summary: Summary, calibration: Calibration, processes: int
) -> Iterator[_Signal]:
    ceiling = calibration.ceiling * processes
    if ceiling:
        share = summary.rates.chunks_per_second / ceiling
        yield _Signal(
            share,
            _CEILING,
            f"{summary.rates.chunks_per_second:,.0f} chunks a second are {share:.0%} of "
            f"the {ceiling:,.0f} that this client can take",
        )
    for name, added, measured in (
        ("time to first token", calibration.added_ttft, summary.ttft.p50),
        ("inter-token latency", calibration.added_itl, summary.itl.p50),
    ):
        if measured and added is not None and added > _NOTHING:
            yield _Signal(
                added / measured,
                _ADDED,
                f"the client adds {_ms(added)} to a {name} of {_ms(measured)}",
            )


def _ms(seconds: float | None) -> str:
    return f"{(seconds or 0.0) * 1000:.1f} ms"

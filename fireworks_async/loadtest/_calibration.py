"""What the client itself adds: the same client against a server whose times are known."""

from collections.abc import Awaitable, Callable

import msgspec

from fireworks_async.loadtest._arrivals import Load, Segment
from fireworks_async.loadtest._engine import Job, Outcome, Target
from fireworks_async.loadtest._lengths import Lengths
from fireworks_async.loadtest._measures import PER_REQUEST, Distribution, gaps_of
from fireworks_async.loadtest._record import Record
from fireworks_async.loadtest._runner import Limits
from fireworks_async.loadtest._stand_in import Pace, stand_ins
from fireworks_async.loadtest._workload import Part, Workload

__all__ = ("Calibration", "calibrate")

_PACED = Pace(ttft=0.05, gap=0.02)
_DENSE = Pace(ttft=0.0, gap=0.004)
_TOKENS = 25
_DENSE_TOKENS = 100
_SECONDS = 1.5
_STREAMS = 48
_DENSE_SECONDS = 0.8
_MOST = 1_000
_MODEL = "accounts/fireworks/models/calibration"


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """How the client does against the simulator, in another process on this machine.

    What the simulator is late by is in these numbers too: they are upper bounds.

    Attributes:
        load: The load it was done with, in words.
        ttft: The simulator's time to first token.
        gap: The simulator's time between two tokens.
        added_ttft: The median of what was measured beyond the former.
        added_ttft_p99: The same at p99.
        added_itl: The median of what was measured beyond the latter, up or down.
        added_itl_p99: The same at p99.
        ceiling: Chunks a second that one process can take when each comes alone: what
            its loop's processor time allows.
        cpu_per_chunk: Seconds of processor time for one, its share of requests
            included.
        coalesced_share: Chunks that came in one read with another, though sent apart.
    """

    load: str
    ttft: float
    gap: float
    added_ttft: float | None
    added_ttft_p99: float | None
    added_itl: float | None
    added_itl_p99: float | None
    ceiling: float
    cpu_per_chunk: float | None
    coalesced_share: float


async def calibrate(
    load: Load, run: Callable[[Job], Awaitable[list[Outcome]]]
) -> Calibration:
    """Measure the client.

    Args:
        load: The greatest that is to come.
        run: Runs a job as the jobs to come are run, in as many processes.
    """
    same = _same(load)
    async with stand_ins(_PACED, _DENSE) as (paced, dense):
        outcomes = await run(_job(paced, same, _SECONDS, _TOKENS))
        crowd = await run(
            _job(dense, Load(concurrency=_STREAMS), _DENSE_SECONDS, _DENSE_TOKENS)
        )
    records = [each for outcome in outcomes for each in outcome.records]
    good = _without_first_round([record for record in records if record.is_good])
    ttft = Distribution.of(map(PER_REQUEST["ttft"], good))
    gaps = gaps_of(good)
    cpu = _cpu_per_chunk(crowd)
    return Calibration(
        load=str(same),
        ttft=_PACED.ttft,
        gap=_PACED.gap,
        added_ttft=_beyond(ttft.p50, _PACED.ttft),
        added_ttft_p99=_beyond(ttft.p99, _PACED.ttft),
        added_itl=_beyond(gaps.itl.p50, _PACED.gap),
        added_itl_p99=_beyond(gaps.itl.p99, _PACED.gap),
        ceiling=1 / cpu if cpu else 0.0,
        cpu_per_chunk=cpu,
        coalesced_share=gaps.coalesced_share,
    )


def _same(load: Load) -> Load:
    """The load that is to come, as far as a second of it shows it."""
    if load.is_closed:
        return Load(concurrency=min(load.concurrency or 1, _MOST))
    rate = max((s.end for s in load.segments), default=0.0)
    rate = max([rate, *(s.start for s in load.segments)])
    if load.times is not None:
        rate = len(load.times) / max(1.0, load.times[-1])
    return Load(segments=(Segment(rate, rate),), arrival=load.arrival)


def _job(url: str, load: Load, seconds: float, tokens: int) -> Job:
    # Answers of one length would end together, and requests then start together.
    lengths = Lengths("uniform", tokens // 2, tokens + tokens // 2)
    part = Part(input=Lengths("fixed", 64), output=lengths)
    return Job(
        target=Target(model=_MODEL, base_url=url, api_key="fw_calibration"),
        load=load,
        workload=Workload(parts=(part,)),
        limits=Limits(duration=seconds, drain=2.0),
    )


def _without_first_round(records: list[Record]) -> list[Record]:
    """Those that began when others had ended: with connections, and not all at once."""
    first = min((r.ended_at for r in records if r.ended_at is not None), default=0.0)
    later = [r for r in records if r.started_at is not None and r.started_at >= first]
    return later or records


def _cpu_per_chunk(outcomes: list[Outcome]) -> float | None:
    cpu = sum(each.health.loop_cpu_share * each.health.seconds for each in outcomes)
    chunks = sum(
        # Packed unsigned shorts: one for each read that held a chunk.
        len(record.read_events) // 2
        for outcome in outcomes
        for record in outcome.records
    )
    return cpu / chunks if chunks else None


def _beyond(measured: float | None, known: float) -> float | None:
    return None if measured is None else measured - known

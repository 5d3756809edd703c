"""One run of a load test: from a load to its figures and its verdict.

Which loads there are, and what comes before the first, is not decided here.
"""

import asyncio
import secrets
from collections.abc import Callable, Sequence

import msgspec

from fireworks_async.loadtest._arrivals import Load
from fireworks_async.loadtest._calibration import Calibration
from fireworks_async.loadtest._engine import Job, Outcome, Target
from fireworks_async.loadtest._options import Options
from fireworks_async.loadtest._overseer import Overseer
from fireworks_async.loadtest._processes import run_everywhere
from fireworks_async.loadtest._progress import Progress
from fireworks_async.loadtest._record import Record
from fireworks_async.loadtest._report import Run
from fireworks_async.loadtest._saturation import Saturation
from fireworks_async.loadtest._spend import Account
from fireworks_async.loadtest._summary import Sentinels, Summary
from fireworks_async.loadtest._targets import Target as Aim
from fireworks_async.loadtest._timeline import Timeline
from fireworks_async.loadtest._verdict import judge
from fireworks_async.loadtest._workload import Workload

__all__ = ("Measuring",)

_APART = 1_000_003


class Measuring:
    """Makes the runs of one load test.

    Args:
        options: What was asked for.
        target: What is measured.
        workload: What is asked, prompts fitted.
        aims: What a request has to meet to be a good one.
        account: What it may cost; what each run costs is paid from it.
        calibration: What the client itself adds, if that was measured.
        stop: When set, nothing more is started.
        on_progress: Told how a run is doing.
    """

    def __init__(
        self,
        options: Options,
        *,
        target: Target,
        workload: Workload,
        aims: Sequence[Aim],
        account: Account,
        calibration: Calibration | None,
        stop: asyncio.Event,
        on_progress: Callable[[Progress], None],
    ) -> None:
        self._options = options
        self._target = target
        self._workload = workload
        self._account = account
        self._calibration = calibration
        self._stop = stop
        self._on_progress = on_progress
        self._limits = options.limits()
        self._aims = aims
        # Each test asks anew, unless it is to be the same as another.
        self._salt = secrets.randbits(32) if options.seed is None else options.seed
        self._count = 0

    async def run(self, name: str, load: Load) -> Run:
        """Put one load on the target."""
        job = self._job(load)
        may_pile_up = load.rate is None or self._options.past_saturation
        overseer = Overseer(
            name,
            self._limits,
            self._stop,
            on_progress=self._on_progress,
            saturation=None if may_pile_up else Saturation(),
        )
        async with overseer.watching():
            outcomes = await run_everywhere(
                job,
                self._options.processes,
                stop=overseer.stop,
                on_tally=overseer.look,
            )
        for outcome in outcomes:
            for each in (*outcome.records, *outcome.sentinels):
                self._account.pay(each.prompt_tokens or 0, each.completion_tokens or 0)
        return self._judged(name, load, outcomes, saturated=overseer.reason)

    def _job(self, load: Load) -> Job:
        self._count += 1
        # Each run asks anew: what the one before asked, a prompt cache knows.
        seed = self._salt + _APART * self._count
        return Job(
            target=self._target,
            load=load,
            workload=msgspec.structs.replace(self._workload, seed=seed),
            limits=self._limits,
            seed=self._options.seed or 0,
            budget=self._account.left,
            prices=self._account.prices,
            sentinels=self._options.sentinels,
        )

    def _judged(
        self, name: str, load: Load, outcomes: list[Outcome], *, saturated: str | None
    ) -> Run:
        records = sorted(
            (record for outcome in outcomes for record in outcome.records),
            key=lambda record: (record.index, record.turn),
        )
        sentinels = [each for outcome in outcomes for each in outcome.sentinels]
        summary = Summary.of(records, load, self._aims, warmup=self._options.warmup)
        clients = [outcome.health for outcome in outcomes]
        return Run(
            name=name,
            load=str(load),
            is_closed=load.is_closed,
            concurrency=load.concurrency,
            rate=load.rate,
            summary=summary,
            # A cap makes requests late on purpose.
            verdict=judge(
                summary,
                clients,
                self._calibration,
                is_open=not load.is_closed and load.concurrency is None,
            ),
            clients=clients,
            timeline=Timeline.of(records),
            stopped=saturated or self._why_stopped(records),
            is_saturated=saturated is not None,
            sentinels=Sentinels.of(sentinels),
            records=records,
        )

    def _why_stopped(self, records: list[Record]) -> str | None:
        if self._stop.is_set():
            return "it was stopped"
        planned, limit = self._limits.requests, self._account.limit
        if limit is not None and planned is not None and len(records) < planned:
            return f"${limit:g} were all that might be spent"
        return None

"""``run_loadtest``: from options to a report; each step is another module's."""

import asyncio
import math
import os
import time
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Unpack

import msgspec

from fireworks_async._client.config import ClientConfig
from fireworks_async.errors import FireworksError, LoadTestError
from fireworks_async.loadtest._arrivals import Load
from fireworks_async.loadtest._calibration import Calibration, calibrate
from fireworks_async.loadtest._caller import ClientCaller
from fireworks_async.loadtest._engine import Job, Outcome, Target, open_client
from fireworks_async.loadtest._facts import HostFacts
from fireworks_async.loadtest._measuring import Measuring
from fireworks_async.loadtest._options import LoadTestOptions, Options
from fireworks_async.loadtest._processes import run_everywhere
from fireworks_async.loadtest._progress import Progress
from fireworks_async.loadtest._prompts import fit_lengths
from fireworks_async.loadtest._report import LoadTestReport, Run
from fireworks_async.loadtest._run_targets import run_targets, value_of
from fireworks_async.loadtest._spend import (
    Account,
    Estimate,
    Prices,
    estimate,
    prices_of,
)
from fireworks_async.loadtest._stand_in import Pace, stand_ins
from fireworks_async.loadtest._sweep import Bisection, Search
from fireworks_async.loadtest._targets import request_targets

__all__ = ("run_loadtest",)

_SIMULATED = Pace(ttft=0.05, gap=0.005)
_FIREWORKS = "fireworks.ai"
# Of the rate that was asked for.
_DELIVERED = 0.9
_RETRIES = 4
# Tokens that a server may add to a prompt.
_TEMPLATE = 32


async def run_loadtest(
    *,
    model: str,
    on_progress: Callable[[Progress], None] = lambda _: None,
    confirm: Callable[[Estimate], bool] = lambda _: True,
    stop: asyncio.Event | None = None,
    **options: Unpack[LoadTestOptions],
) -> LoadTestReport:
    """Measure a server.

    Args:
        model: What to ask.
        on_progress: Told how it is doing, four times a second.
        confirm: Asked before the first request to another machine; False ends it.
        stop: Set it, and nothing more is started; the report is of what came.
        options: See ``LoadTestOptions``.

    Raises:
        LoadTestError: What was asked for cannot be run, or was not confirmed.
        ConfigurationError: There is no key, or the URL cannot be used.
        APIError: The server refuses the first request, on which nothing else rests.
        TypeError: A keyword is unknown.
    """
    chosen = Options(model=model, **options)
    # It may read files.
    test = await asyncio.to_thread(_LoadTest, chosen, on_progress, stop)
    async with test.server():
        return await test.run(confirm)


class _LoadTest:
    """One load test on its way."""

    def __init__(
        self,
        options: Options,
        on_progress: Callable[[Progress], None],
        stop: asyncio.Event | None,
    ) -> None:
        self._options = options
        self._on_progress = on_progress
        self._stop = stop or asyncio.Event()
        self._loads = options.loads()
        self._workload = options.workload()
        self._aims = request_targets(options.goodput or "")
        self._search_aims = run_targets(options.find_max or "")
        if options.find_max is not None and not self._search_aims:
            raise LoadTestError("a search needs targets, such as ttft.p95<500ms")
        self._target = Target(
            model=options.model,
            endpoint=options.endpoint,
            base_url=options.base_url,
            api_key=options.api_key,
            timeout=options.timeout,
        )
        self._account = Account(_prices(options), options.max_cost)
        self._notes: list[str] = []

    @asynccontextmanager
    async def server(self) -> AsyncGenerator[None]:
        """The server to measure, where it has to be started first."""
        if not self._options.simulate:
            # A missing key is told before anything else is begun.
            await open_client(self._target).aclose()
            yield
            return
        if self._options.base_url is not None:
            raise LoadTestError("a simulator and a base_url exclude each other")
        async with stand_ins(_SIMULATED) as [url]:
            self._target = msgspec.structs.replace(
                self._target, base_url=url, api_key="fw_simulated"
            )
            yield

    async def run(self, confirm: Callable[[Estimate], bool]) -> LoadTestReport:
        """Go through all of it."""
        options = self._options
        url = _base_url(self._target)
        self._ask_for_metrics(url)
        guess = estimate(
            base_url=url,
            requests=_planned(options, self._loads),
            prices=self._account.prices,
            workload=self._workload,
        )
        if not guess.is_local:
            self._agree(guess, confirm)
        await self._fit()
        calibration = await self._calibrate() if options.calibrate else None
        measuring = Measuring(
            options,
            target=self._target,
            workload=self._workload,
            aims=self._aims,
            account=self._account,
            calibration=calibration,
            stop=self._stop,
            on_progress=self._on_progress,
        )
        if options.find_max is None:
            search = None
            runs = [
                await measuring.run(name, load)
                for name, load in self._loads
                if not self._stop.is_set() or load is self._loads[0][1]
            ]
        else:
            runs, search = await self._search(options.find_max, measuring)
        return LoadTestReport(
            model=options.model,
            base_url=url,
            config=options.config(),
            runs=runs,
            host=await asyncio.to_thread(HostFacts.gather),
            calibration=calibration,
            search=search,
            notes=self._notes,
            # By the list, what is on this machine costs nothing.
            cost=None
            if self._account.prices is None
            or (guess.is_local and options.prices is None)
            else self._account.paid,
        )

    def _agree(self, guess: Estimate, confirm: Callable[[Estimate], bool]) -> None:
        if self._account.limit is not None and self._account.prices is None:
            raise LoadTestError(
                f"no price of {self._options.model} is known to hold a limit of cost "
                "with: give prices (--prices IN,OUT)"
            )
        if not confirm(guess):
            raise LoadTestError("not confirmed; nothing was sent but what was asked")

    def _ask_for_metrics(self, url: str) -> None:
        """The server's own times; others than Fireworks may refuse the field."""
        generating = self._options.endpoint in ("chat", "completions")
        if generating and (self._options.simulate or _FIREWORKS in url):
            params = {"perf_metrics_in_response": True, **self._workload.params}
            self._workload = msgspec.structs.replace(self._workload, params=params)

    async def _fit(self) -> None:
        """Find out how prompts of the wanted lengths are made."""
        if self._options.dataset is not None or self._options.images:
            return
        self._on_progress(Progress(name="prompts of exact length", phase="lengths"))
        params = {k: v for k, v in self._workload.params.items() if k != "ignore_eos"}
        async with open_client(self._target) as client:
            caller = ClientCaller(
                # Nothing is measured yet: a busy server is asked again.
                client.with_options(max_retries=_RETRIES),
                model=self._target.model,
                endpoint=self._target.endpoint,
                now=time.monotonic,
            )

            async def count_tokens(text: str) -> int | None:
                guess = len(text.split()) + _TEMPLATE
                if not self._account.can_pay(guess, 1):
                    raise LoadTestError(
                        f"${self._account.limit:g} are too few even to find prompts of "
                        "the asked length"
                    )
                tokens = await caller.count_tokens(text, params)
                self._account.pay(guess if tokens is None else tokens, 1)
                return tokens

            fit = await fit_lengths(count_tokens, self._workload.lengths())
        self._workload = msgspec.structs.replace(self._workload, fit=fit)
        self._notes += [
            f"prompts of {wanted} tokens could not be made: the server counts "
            f"{counted or 'none, so they have as many words'}"
            for wanted, counted in fit.missed.items()
        ]

    async def _calibrate(self) -> Calibration | None:
        """Measure the client; None: it was cut short, and would say nothing."""
        self._on_progress(Progress(name="the client itself", phase="calibration"))
        _, greatest = max(
            self._loads, key=lambda pair: pair[1].rate or pair[1].concurrency or 0
        )

        async def run(job: Job) -> list[Outcome]:
            return await run_everywhere(job, self._options.processes, stop=self._stop)

        found = await calibrate(greatest, run)
        return None if self._stop.is_set() else found

    async def _search(
        self, aims: str, measuring: Measuring
    ) -> tuple[list[Run], Search]:
        targets = self._search_aims
        by = "concurrency" if self._options.rate is None else "rate"
        _, first = self._loads[0]
        bisection = Bisection(
            first.rate or first.concurrency or 1, is_whole=by == "concurrency"
        )
        runs: list[Run] = []
        while (level := bisection.following()) is not None:
            name, load = self._options.level(level)
            run = await measuring.run(name, load)
            runs.append(run)
            if run.stopped is not None and not run.is_saturated:
                # A level that did not have its time says nothing.
                break
            passed = not run.is_saturated and _was_delivered(run, load)
            met = all(target.holds(value_of(target, run)) for target in targets)
            bisection.tell(level, passed=passed and met)
        return runs, Search(
            targets=aims,
            by=by,
            greatest=bisection.passed,
            least_failed=bisection.failed,
            steps=bisection.steps,
        )


def _base_url(target: Target) -> str:
    return ClientConfig.resolve(
        environ=os.environ, api_key=target.api_key, base_url=target.base_url
    ).base_url


def _prices(options: Options) -> Prices | None:
    if options.prices is not None:
        return Prices(*options.prices)
    try:
        return prices_of(options.model, options.endpoint)
    except FireworksError:
        return None


def _planned(options: Options, loads: list[tuple[str, Load]]) -> int | None:
    """How many requests there are going to be; None: as many as the time holds."""
    limits = options.limits()
    if options.find_max is not None:
        return None
    planned = 0.0
    for _, load in loads:
        most = math.inf if limits.requests is None else limits.requests
        if load.times is not None:
            most = min(most, len(load.times))
        elif not load.is_closed:
            most = min(most, load.requests_within(limits.duration))
        planned += most
    return round(planned) if math.isfinite(planned) else None


def _was_delivered(run: Run, load: Load) -> bool:
    """Whether a level was reached at all: else it says nothing about the server."""
    if load.is_closed:
        return run.summary.max_in_flight >= (load.concurrency or 1)
    begun = [r for r in run.records if r.started_at is not None]
    asked = _length(record.intended_at for record in begun)
    took = _length(r.started_at for r in begun if r.started_at is not None)
    return took * _DELIVERED <= asked


def _length(moments: Iterable[float]) -> float:
    kept = list(moments)
    return max(kept) - min(kept) if kept else 0.0

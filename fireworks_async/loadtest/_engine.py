"""One process's part of one run: a client, a runner and a watch, put together."""

import asyncio
import sys
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from fireworks_async._client.client import AsyncFireworks
from fireworks_async._net.clock import SystemClock
from fireworks_async.loadtest._arrivals import Load, Segment
from fireworks_async.loadtest._caller import ClientCaller
from fireworks_async.loadtest._lengths import Lengths
from fireworks_async.loadtest._probe import chat_output, text_output
from fireworks_async.loadtest._record import Record
from fireworks_async.loadtest._runner import Limits, Runner
from fireworks_async.loadtest._spend import Prices, Purse
from fireworks_async.loadtest._watch import ClientHealth, Watch
from fireworks_async.loadtest._workload import Endpoint, Part, Workload

__all__ = ("Job", "Outcome", "Target", "open_client", "run_job")

# Files that a process has open beside its connections.
_OTHER_FILES = 64
_MANY_FILES = 65_536
_SHORT = Lengths("fixed", 8)


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What is measured.

    Attributes:
        model: What is asked.
        endpoint: How.
        base_url: Where; None: as the environment says.
        api_key: By what right; None: likewise.
        timeout: The longest silence, in seconds.
    """

    model: str
    endpoint: Endpoint = "chat"
    base_url: str | None = None
    api_key: str | None = None
    timeout: float = 300.0

    def __repr__(self) -> str:
        return f"Target({self.model!r}, {self.endpoint!r}, {self.base_url!r})"


class Job(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """One process's part of a run.

    Attributes:
        target: What is measured.
        load: Of all processes together.
        workload: What is asked.
        limits: When it is over; its stripe says which part this is.
        seed: Of the schedule.
        budget: US dollars that may be spent; None: as many as it takes.
        prices: Of tokens, where there is a budget.
        sentinels: A second, beside the load: the same short question for one token.
    """

    target: Target
    load: Load
    workload: Workload
    limits: Limits
    seed: int = 0
    budget: float | None = None
    prices: Prices | None = None
    sentinels: float = 0.0


class Outcome(msgspec.Struct, frozen=True):
    """What one process brought back.

    Attributes:
        records: Its requests.
        health: How it fared.
        sentinels: What was asked beside the load, if it was this process's to ask.
    """

    records: list[Record]
    health: ClientHealth
    sentinels: list[Record] = []


def open_client(target: Target) -> AsyncFireworks:
    """A client that repeats nothing and lets as much in flight as files allow.

    Raises:
        ConfigurationError: There is no key, or the URL cannot be used.
    """
    return AsyncFireworks(
        api_key=target.api_key,
        base_url=target.base_url,
        timeout=target.timeout,
        max_retries=0,
        max_connections=max(1, _most_files() - _OTHER_FILES),
        # The prompt goes out as it was made.
        document_inlining=False,
    )


def _most_files() -> int:
    """How many files, and so connections, this process may have open."""
    if sys.platform == "win32":
        return _MANY_FILES
    import resource  # noqa: PLC0415 - not everywhere

    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MANY_FILES if files == resource.RLIM_INFINITY else files


async def run_job(
    job: Job,
    *,
    origin: float | None = None,
    on_first: Callable[[Record], object] = lambda _: None,
    on_record: Callable[[Record], None] = lambda _: None,
    on_runner: Callable[[Runner], Any] = lambda _: None,
) -> Outcome:
    """Run it.

    Args:
        job: What to do.
        origin: The monotonic moment at which to begin; None: now.
        on_first: Told of each record when its first token is in.
        on_record: Given each record when it is whole.
        on_runner: Given the runner, so that it can be asked and stopped.

    Raises:
        TypeError: A parameter of the requests is unknown.
        ValueError: A parameter has a value that cannot be sent.
    """
    watch = Watch()
    purse = None
    if job.budget is not None and job.prices is not None:
        purse = Purse(job.budget, job.prices, job.workload)
    async with open_client(job.target) as client:
        caller = ClientCaller(
            client,
            model=job.target.model,
            endpoint=job.target.endpoint,
            now=time.monotonic,
        )
        runner = _runner(job, caller, purse, on_record, on_first)
        on_runner(runner)
        with watch.watching():
            begun = time.monotonic() if origin is None else origin
            async with _sentinels(job, caller, purse, begun) as sentinels:
                records = await runner.run(begun, job.seed)
                health = watch.health()
    return Outcome(records, health, sentinels)


@asynccontextmanager
async def _sentinels(
    job: Job, caller: ClientCaller, purse: Purse | None, origin: float
) -> AsyncGenerator[list[Record]]:
    """Ask beside the load while the block runs; the list has the records after it."""
    if not job.sentinels or job.limits.stripe[0]:
        yield []
        return
    part = Part(input=_SHORT, output=Lengths("fixed", 1))
    beside = msgspec.structs.replace(
        job,
        load=Load(
            segments=(Segment(job.sentinels, job.sentinels),), arrival="constant"
        ),
        workload=Workload(
            parts=(part,), documents=1, is_unique=False, params=job.workload.params
        ),
        limits=Limits(drain=job.limits.drain),
    )
    runner = _runner(beside, caller, purse, lambda _: None)
    running = asyncio.create_task(runner.run(origin, job.seed))
    try:
        yield runner.records
    finally:
        runner.stop()
        await running


def _runner(
    job: Job,
    caller: ClientCaller,
    purse: Purse | None,
    on_record: Callable[[Record], None],
    on_first: Callable[[Record], object] = lambda _: None,
) -> Runner:
    def reserve() -> None:
        if purse is not None:
            purse.start()

    def settle(record: Record) -> None:
        if purse is not None:
            purse.settle(record)
        on_record(record)

    return Runner(
        caller,
        load=job.load,
        workload=job.workload,
        limits=job.limits,
        clock=SystemClock(),
        output_of=text_output if job.target.endpoint == "completions" else chat_output,
        may_start=lambda: purse is None or purse.may_start(),
        on_start=reserve,
        on_first=on_first,
        on_record=settle,
    )

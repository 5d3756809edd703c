"""Runs a job in this process, or in several that begin at the same moment."""

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from fireworks_async.errors import LoadTestError
from fireworks_async.loadtest._engine import Job, Outcome, run_job
from fireworks_async.loadtest._messages import (
    Done,
    Failed,
    Ready,
    Start,
    Stop,
    Tick,
    read_message,
    write_message,
)
from fireworks_async.loadtest._progress import Tally, together

if TYPE_CHECKING:
    from fireworks_async.loadtest._runner import Runner

__all__ = ("run_everywhere",)

_WORKER = "fireworks_async.loadtest._worker"
# From the last worker's being ready to the start, so that all get the message in time.
_HEAD_START = 0.05
_EVERY = 0.25


async def run_everywhere(
    job: Job,
    processes: int,
    *,
    stop: asyncio.Event,
    on_tally: Callable[[Tally], None] = lambda _: None,
) -> list[Outcome]:
    """Run a job.

    Args:
        job: Of all processes together.
        processes: How many share it; 1 is this one.
        stop: Set it, and nothing more is started.
        on_tally: Told how it is doing, four times a second.

    Raises:
        LoadTestError: A worker failed.
        TypeError: A parameter of the requests is unknown.
        ValueError: A parameter has a value that cannot be sent.
    """
    if processes == 1:
        return [await _run_here(job, stop, on_tally)]
    shares = [
        msgspec.structs.replace(
            job,
            budget=None if job.budget is None else job.budget / processes,
            limits=msgspec.structs.replace(job.limits, stripe=(number, processes)),
        )
        for number in range(processes)
    ]
    workers = [_Worker(share) for share in shares]
    try:
        await _all(worker.prepare() for worker in workers)
        origin = time.monotonic() + _HEAD_START
        for worker in workers:
            # Before anything else is said: they wait for nothing else.
            worker.send(Start(origin))
        ticking = asyncio.create_task(_tick(workers, on_tally))
        stopping = asyncio.create_task(_pass_on(stop, workers))
        try:
            return await _all(worker.run() for worker in workers)
        finally:
            ticking.cancel()
            stopping.cancel()
    finally:
        await _all(worker.end() for worker in workers)


async def _run_here(
    job: Job, stop: asyncio.Event, on_tally: Callable[[Tally], None]
) -> Outcome:
    tally = Tally()
    runners: list[Runner] = []

    async def look() -> None:
        while True:
            await asyncio.sleep(_EVERY)
            for runner in runners:
                tally.look_at(runner)
            on_tally(tally)

    async def wait_for_stop() -> None:
        await stop.wait()
        for runner in runners:
            runner.stop()

    looking = asyncio.create_task(look())
    stopping = asyncio.create_task(wait_for_stop())
    try:
        return await run_job(
            job, on_first=tally.see, on_record=tally.add, on_runner=runners.append
        )
    finally:
        looking.cancel()
        stopping.cancel()


class _Worker:
    """One worker process."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._process: asyncio.subprocess.Process | None = None
        self.tally = Tally()

    async def prepare(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", _WORKER),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            # Ctrl-C is for this process, which then tells them.
            start_new_session=True,
        )
        self.send(self._job)
        if not isinstance(await self._next(), Ready):
            raise LoadTestError("a worker process did not start")

    async def run(self) -> Outcome:
        while True:
            match await self._next():
                case Tick(tally):
                    self.tally = tally
                case Done(outcome):
                    return outcome
                case Failed(message):
                    raise LoadTestError(message)
                case _:
                    raise LoadTestError("a worker process ended before its run did")

    def send(self, message: Job | Start | Stop) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        write_message(self._process.stdin, message)

    async def end(self) -> None:
        if self._process is not None:
            if self._process.returncode is None:
                self._process.kill()
            await self._process.wait()

    async def _next(self) -> Any:
        assert self._process is not None
        assert self._process.stdout is not None
        return await read_message(self._process.stdout)


async def _all(calls: Any) -> list[Any]:
    """The results of several calls; the first failure ends the others."""
    tasks: Sequence[asyncio.Task[Any]] = [asyncio.ensure_future(c) for c in calls]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


async def _tick(workers: list[_Worker], on_tally: Callable[[Tally], None]) -> None:
    while True:
        await asyncio.sleep(_EVERY)
        on_tally(together([worker.tally for worker in workers]))


async def _pass_on(stop: asyncio.Event, workers: list[_Worker]) -> None:
    await stop.wait()
    for worker in workers:
        worker.send(Stop())

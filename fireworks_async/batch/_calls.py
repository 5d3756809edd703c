"""``client.batch``: requests in, results out, as they come; no file, no ledger."""

import asyncio
import random
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Mapping
from typing import TYPE_CHECKING

from fireworks_async.batch._cost import Bill, Budget, PriceBook
from fireworks_async.batch._engine import Engine
from fireworks_async.batch._health import StopReason
from fireworks_async.batch._intake import REMEMBERED, CallerIntake
from fireworks_async.batch._interfaces import Limiter
from fireworks_async.batch._ledger import Copy
from fireworks_async.batch._limiter import row_limiter
from fireworks_async.batch._options import Job
from fireworks_async.batch._records import BatchResult
from fireworks_async.batch._retries import Breaker, Retries
from fireworks_async.batch._rows import Problem
from fireworks_async.batch._senders import ClientSender, Sender
from fireworks_async.batch._tally import Tally
from fireworks_async.errors import BatchError

if TYPE_CHECKING:
    from fireworks_async._client.client import AsyncFireworks

__all__ = ("StoppedError", "batch_through", "results_of")


class StoppedError(BatchError):
    """The engine stopped before all rows were answered.

    Args:
        reason: Why.
        said: Likewise, in the API's words.
    """

    def __init__(self, reason: StopReason, said: str) -> None:
        super().__init__(f"stopped ({reason}): {said}")
        self.reason = reason


class _Hatch:
    """Where results wait for the caller; one row's place is kept until it is fetched."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[BatchResult, asyncio.Future[None]]] = deque()
        self._filled = asyncio.Event()

    async def put(self, item: BatchResult | Problem | Copy) -> None:
        assert isinstance(item, BatchResult)
        fetched: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, fetched))
        self._filled.set()
        await fetched

    async def fill(self, running: "asyncio.Task[None]") -> bool:
        """Wait for results; False when the run is over and there are none."""
        filling = asyncio.ensure_future(self._filled.wait())
        try:
            await asyncio.wait([filling, running], return_when=asyncio.FIRST_COMPLETED)
        finally:
            filling.cancel()
        return bool(self._waiting)

    def fetch(self) -> BatchResult | None:
        """A result, if there is one: its row's place is free."""
        while self._waiting:
            result, fetched = self._waiting.popleft()
            if not fetched.done():
                fetched.set_result(None)
                return result
        self._filled.clear()
        return None


def batch_through(
    client: "AsyncFireworks",
    requests: Iterable[Mapping[str, object]] | AsyncIterable[Mapping[str, object]],
    options: Mapping[str, object],
) -> AsyncGenerator[BatchResult, None]:
    """See ``AsyncFireworks.batch``."""
    kind = type(requests)
    if isinstance(requests, str | bytes | Mapping):
        raise TypeError(
            f"requests: expected mappings, one a request, not {kind.__name__}"
            "; for a file there is fireworks_async.batch.run_batch"
        )
    job = Job.of(options, function="batch")
    return results_of(requests, job, ClientSender(client))


async def results_of(
    requests: Iterable[Mapping[str, object]] | AsyncIterable[Mapping[str, object]],
    job: Job,
    sender: Sender,
    *,
    limiter: Limiter | None = None,
    names: int = REMEMBERED,
) -> AsyncGenerator[BatchResult, None]:
    """Send all, and give what becomes of each.

    Args:
        requests: As for ``AsyncFireworks.batch``.
        job: How.
        sender: Makes attempts.
        limiter: One that several runs share; by default one of its own.
        names: How many are remembered, so that none stands for two requests.
    """
    hatch = _Hatch()
    tally = Tally(now=asyncio.get_running_loop().time())
    reader = job.reader()
    intake = CallerIntake(requests, reader, sink=hatch, tally=tally, names=names)
    engine = Engine(
        intake=intake,
        sender=sender,
        limiter=limiter
        or row_limiter(concurrency=job.concurrency, rpm=job.rpm, tpm=job.tpm),
        sink=hatch,
        tally=tally,
        retries=Retries(most=job.max_retries, no_rate_limits=job.no_retry_429),
        breaker=Breaker(),
        bill=Bill(PriceBook(job.prices), Budget(job.max_cost)),
        random=random.random,
    )
    running = asyncio.ensure_future(engine.run())
    try:
        while await hatch.fill(running):
            while (result := hatch.fetch()) is not None:
                yield result
        await running
    finally:
        running.cancel()
        await asyncio.wait([running])
    if intake.problem is not None:
        raise intake.problem
    if engine.stopped is not None:
        raise StoppedError(engine.stopped, engine.stopped_by)

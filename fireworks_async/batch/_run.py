"""``run_batch``: a file in, a file of answers and one of failures out."""

import asyncio
import os
import random
from collections.abc import Awaitable, Iterable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

import msgspec

from fireworks_async._policy.catalogue import Prices
from fireworks_async.batch._causes import Selector
from fireworks_async.batch._cost import Budget, PriceBook
from fireworks_async.batch._engine import Engine
from fireworks_async.batch._intake import FileIntake
from fireworks_async.batch._interfaces import Limiter
from fireworks_async.batch._ledger import Ledger
from fireworks_async.batch._places import FixedPlaces
from fireworks_async.batch._retries import Breaker, Retries
from fireworks_async.batch._rows import RowReader
from fireworks_async.batch._selection import Selection, Shard
from fireworks_async.batch._senders import ClientSender, Sender
from fireworks_async.batch._shares import Shares
from fireworks_async.batch._sources import STDIN, chunks_of, count_rows, is_table
from fireworks_async.batch._summary import BatchSummary, summary_of
from fireworks_async.batch._tally import BatchProgress, Tally
from fireworks_async.batch._templates import Template
from fireworks_async.batch._writer import Writer

if TYPE_CHECKING:
    from fireworks_async._client.client import AsyncFireworks

__all__ = ("BatchControl", "run_batch")

StrPath: TypeAlias = str | os.PathLike[str]
T = TypeVar("T")

_PLACES: Final = 256
_CONNECTIONS: Final = 1000


class BatchControl:
    """A hand on a run: make one, give it to ``run_batch``, and use it meanwhile."""

    def __init__(self) -> None:
        self._engine: Engine | None = None
        self._is_stopped = False

    def stop(self) -> None:
        """Send no more rows; those in flight are waited for, within a bound."""
        self._is_stopped = True
        if self._engine is not None:
            self._engine.stop("interrupted")

    def abort(self) -> None:
        """Give up what is in flight, too; it may have been billed."""
        self.stop()
        if self._engine is not None:
            self._engine.abort()

    def progress(self) -> BatchProgress | None:
        """Where the run stands; None before it has begun."""
        return None if self._engine is None else self._engine.progress()

    def attach(self, engine: Engine) -> None:
        """Take hold of a run."""
        self._engine = engine
        if self._is_stopped:
            engine.stop("interrupted")


class Job(msgspec.Struct, kw_only=True, frozen=True):
    """All that a run was told, beside where from, where to and through what."""

    model: str | None
    params: Mapping[str, object] | None
    prompt: str | None
    system: str | None
    endpoint: str | None
    id_column: str
    max_cost: float | None
    prices: Prices | None
    ordered: bool
    only_failed: bool
    retry: Selector
    strict: bool
    dedupe: bool
    shard: Shard | None
    max_retries: int | None
    drain: float | None

    def reader(self) -> RowReader:
        """What makes requests of rows."""
        template = None
        if self.prompt is not None:
            template = Template(self.prompt, system=self.system)
        return RowReader(
            model=self.model,
            params=self.params,
            template=template,
            endpoint=self.endpoint,
            id_column=self.id_column,
        )


async def run_batch(
    input: StrPath,  # noqa: A002 - what it is
    output: StrPath,
    *,
    errors: StrPath | None = None,
    client: "AsyncFireworks | None" = None,
    model: str | None = None,
    params: Mapping[str, object] | None = None,
    prompt: str | None = None,
    system: str | None = None,
    endpoint: str | None = None,
    id_column: str = "custom_id",
    concurrency: int | None = None,
    max_cost: float | None = None,
    prices: Prices | None = None,
    ordered: bool = False,
    only_failed: bool = False,
    retry: Iterable[str] = (),
    strict: bool = False,
    dedupe: bool = False,
    shard: tuple[int, int] | None = None,
    max_retries: int | None = None,
    drain: float | None = 60.0,
    control: BatchControl | None = None,
) -> BatchSummary:
    """Answer every row of a file, once.

    What earlier runs with the same ``output`` recorded is not sent again, unless the
    row's request has changed. May be killed at any moment, and run again.

    Args:
        input: JSONL, ``.gz``, ``.zst``, CSV, Parquet, or ``-`` for standard input.
        output: Where answers go, one line each, in the order of their arrival.
        errors: Where failures go; by default ``<output>.errors.jsonl``, the suffix of
            ``output`` left out.
        client: What to send through; by default one of its own.
        model: In the place of every row's model.
        params: Fields for every row; the row's own win.
        prompt: Makes a chat request of the columns of a row: text with ``{column}``.
        system: The same, for a system message before it.
        endpoint: Where rows go that do not say, such as ``/v1/embeddings``; by default
            their fields tell.
        id_column: The field that is a row's name.
        concurrency: Rows in flight at most.
        max_cost: US dollars that all runs together must not exceed. A row is sent only
            if what it may cost at most is left.
        prices: US dollars per million tokens, in the place of the list's.
        ordered: In the end, put the files in the order of the input.
        only_failed: Send nothing but rows recorded as failed.
        retry: Which of them are sent again: causes (``stall``), statuses (``429``,
            ``5xx``), or ``all``.
        strict: Refuse to begin when a row makes no request, a name is used twice, or a
            recorded row's request has changed.
        dedupe: Send one of the rows that ask for the same, and record all.
        shard: ``(k, n)``: send only the k-th of n parts of the rows; parts are made by
            name.
        max_retries: Attempts beyond the first of one row at most, rate limits and
            starting deployments apart; by default it depends on the cause.
        drain: Seconds that rows in flight have after a stop; None for as long as the
            timeouts allow.
        control: To watch and to stop the run.

    Raises:
        BatchError: It cannot begin, or not go on; the text says why. What was recorded
            stays recorded.
        ConfigurationError: A client cannot be made.
        ValueError: An option cannot be used.
    """
    job = Job(
        model=model,
        params=params,
        prompt=prompt,
        system=system,
        endpoint=endpoint,
        id_column=id_column,
        max_cost=max_cost,
        prices=prices,
        ordered=ordered,
        only_failed=only_failed,
        retry=Selector(retry),
        strict=strict,
        dedupe=dedupe,
        shard=None if shard is None else Shard(*shard),
        max_retries=max_retries,
        drain=drain,
    )
    source, results, failures = await asyncio.to_thread(_paths, input, output, errors)
    if is_table(source) and not source.endswith(".parquet") and prompt is None:
        raise ValueError("prompt: the columns of a table make no request without one")
    job.reader()
    limiter = FixedPlaces(concurrency or _PLACES)
    async with AsyncExitStack() as stack:
        if client is None:
            from fireworks_async._client.client import AsyncFireworks  # noqa: PLC0415 - loads the network

            connections = max(_CONNECTIONS, concurrency or 0)
            client = AsyncFireworks(max_connections=connections)
            await stack.enter_async_context(client)
        return await run_job(
            job,
            source,
            results,
            failures,
            sender=ClientSender(client),
            limiter=limiter,
            control=control or BatchControl(),
        )


async def run_job(
    job: Job,
    source: str,
    results: Path,
    failures: Path,
    *,
    sender: Sender,
    limiter: Limiter,
    control: BatchControl,
) -> BatchSummary:
    """Run a job whose parts are made."""
    reader = job.reader()
    loop = asyncio.get_running_loop()
    ledger = await asyncio.to_thread(
        Ledger.open, results, failures, by_digest=job.dedupe
    )
    try:
        tally = Tally(now=loop.time())
        totals = await asyncio.to_thread(ledger.index.totals)
        writer = Writer(ledger)
        engine = Engine(
            intake=FileIntake(
                chunks_of(source),
                reader,
                Selection(
                    ledger,
                    retry=job.retry,
                    only_failed=job.only_failed,
                    strict=job.strict,
                    shard=job.shard,
                    shares=job.dedupe,
                ),
                sink=writer,
                tally=tally,
            ),
            sender=sender,
            limiter=limiter,
            sink=writer,
            tally=tally,
            retries=Retries(most=job.max_retries),
            breaker=Breaker(),
            prices=PriceBook(job.prices),
            budget=Budget(job.max_cost, spent=totals[2]),
            shares=Shares(writer, tally) if job.dedupe else None,
            random=random.random,
        )
        control.attach(engine)
        counting = asyncio.ensure_future(_count(source, tally))
        try:
            await engine.run(drain=job.drain)
        finally:
            counting.cancel()
            await _in_any_case(writer.aclose())
        is_whole = engine.stopped is None
        await asyncio.to_thread(ledger.finish, ordered=job.ordered and is_whole)
        return summary_of(
            tally,
            results=results,
            errors=failures,
            totals=await asyncio.to_thread(ledger.index.totals),
            now=loop.time(),
            stopped=engine.stopped,
            stopped_by=engine.stopped_by,
            notes=ledger.notes,
        )
    finally:
        await _in_any_case(asyncio.to_thread(ledger.close))


async def _count(source: str, tally: Tally) -> None:
    tally.total = await asyncio.to_thread(count_rows, source)


async def _in_any_case(closing: Awaitable[T]) -> T:
    """Wait for it also while this task is being cancelled."""
    task = asyncio.ensure_future(closing)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


def _paths(
    source: StrPath, output: StrPath, errors: StrPath | None
) -> tuple[str, Path, Path]:
    results = Path(output)
    failures = Path(errors) if errors is not None else default_errors(results)
    name = os.fspath(source)
    files = [results.resolve(), failures.resolve()]
    if name != STDIN:
        files.append(Path(name).resolve())
    if len(set(files)) < len(files):
        raise ValueError("input, output and errors: expected different files")
    return name, results, failures


def default_errors(results: Path) -> Path:
    """Where failures go by default: ``out.jsonl`` has ``out.errors.jsonl`` beside it."""
    return results.with_name(f"{results.stem}.errors{results.suffix or '.jsonl'}")

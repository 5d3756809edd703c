"""``run_batch``: a file in, a file of answers and one of failures out."""

import asyncio
import os
import random
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar, Unpack

from fireworks_async.batch._check import require_clean
from fireworks_async.batch._compressed import is_compressed
from fireworks_async.batch._cost import Bill, Budget, PriceBook
from fireworks_async.batch._engine import Engine
from fireworks_async.batch._intake import FileIntake, Intake
from fireworks_async.batch._interfaces import Limiter
from fireworks_async.batch._ledger import Ledger
from fireworks_async.batch._limiter import row_limiter
from fireworks_async.batch._options import BatchOptions, Job, StrPath
from fireworks_async.batch._prefixes import PrefixIntake
from fireworks_async.batch._retries import Breaker, Retries
from fireworks_async.batch._selection import Selection
from fireworks_async.batch._senders import ClientSender, Sender
from fireworks_async.batch._shares import Shares
from fireworks_async.batch._sources import (
    STDIN,
    chunks_of,
    count_rows,
    is_table,
    require_readable,
)
from fireworks_async.batch._summary import BatchSummary, summary_of
from fireworks_async.batch._tally import BatchProgress, Tally
from fireworks_async.batch._writer import Writer
from fireworks_async.errors import BatchError

if TYPE_CHECKING:
    from fireworks_async._client.client import AsyncFireworks

__all__ = ("BatchControl", "default_errors", "run_batch", "run_job")

T = TypeVar("T")

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


async def run_batch(
    input: StrPath,  # noqa: A002 - what it is
    output: StrPath,
    *,
    errors: StrPath | None = None,
    client: "AsyncFireworks | None" = None,
    control: BatchControl | None = None,
    **options: Unpack[BatchOptions],
) -> BatchSummary:
    """Answer every row of a file, once.

    What earlier runs with the same ``output`` recorded is not sent again, unless the
    row's request has changed. May be killed at any moment, and run again.

    Args:
        input: JSONL, ``.gz``, ``.zst``, CSV, Parquet, or ``-`` for standard input.
        output: Where answers go, one line each, in the order of their arrival. With the
            ending ``.gz`` or ``.zst`` they lie in ``<output>.part`` until the run ends.
        errors: Where failures go; by default ``<output>.errors.jsonl``, the suffix of
            ``output`` left out.
        client: What to send through; by default one of its own.
        control: To watch and to stop the run.
        options: The fields of ``BatchOptions``.

    Raises:
        BatchError: It cannot begin, or not go on; the text says why. What was recorded
            stays recorded.
        ConfigurationError: A client cannot be made.
        TypeError: An option is unknown, or of the wrong type.
        ValueError: An option cannot be used.
    """
    job = Job.of(options, function="run_batch")
    source, results, failures = await asyncio.to_thread(_paths, input, output, errors)
    if is_table(source) and not source.endswith(".parquet") and job.prompt is None:
        raise ValueError(
            f"{source}: the columns of a table make no request: give a "
            "prompt with {column} in it"
        )
    await asyncio.to_thread(require_readable, source)
    async with AsyncExitStack() as stack:
        if client is None:
            from fireworks_async._client.client import AsyncFireworks  # noqa: PLC0415 - loads the network

            connections = max(_CONNECTIONS, job.concurrency or 0)
            client = AsyncFireworks(max_connections=connections)
            await stack.enter_async_context(client)
        return await run_job(
            job,
            source,
            results,
            failures,
            sender=ClientSender(client),
            limiter=row_limiter(concurrency=job.concurrency, rpm=job.rpm, tpm=job.tpm),
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
    """Run a job through parts that are made."""
    now = asyncio.get_running_loop().time
    ledger = await asyncio.to_thread(
        Ledger.open, results, failures, by_digest=job.dedupe
    )
    try:
        if job.strict:
            await asyncio.to_thread(require_clean, source, job, ledger.index)
        tally = Tally(now=now())
        _, _, spent = await asyncio.to_thread(ledger.index.totals)
        bill = Bill(PriceBook(job.prices), Budget(job.max_cost, spent=spent))
        writer = Writer(ledger)
        engine = Engine(
            intake=_intake(job, source, ledger, writer, tally),
            sender=sender,
            limiter=limiter,
            sink=writer,
            tally=tally,
            retries=Retries(most=job.max_retries, no_rate_limits=job.no_retry_429),
            breaker=Breaker(),
            bill=bill,
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
            cost=bill.run,
            totals=await asyncio.to_thread(ledger.index.totals),
            now=now(),
            stopped=engine.stopped,
            stopped_by=engine.stopped_by,
            notes=ledger.notes,
            history=limiter.history,
        )
    finally:
        await _in_any_case(asyncio.to_thread(ledger.close))


def default_errors(results: Path) -> Path:
    """Where failures go by default: ``out.jsonl`` has ``out.errors.jsonl`` beside it."""
    packed = results.suffix if is_compressed(results) else ""
    plain = results.with_name(results.name.removesuffix(packed))
    ending = plain.suffix or ".jsonl"
    return results.with_name(f"{plain.stem}.errors{ending}{packed}")


def _intake(
    job: Job, source: str, ledger: Ledger, writer: Writer, tally: Tally
) -> Intake:
    selection = Selection(
        ledger,
        retry=job.retry,
        only_failed=job.only_failed,
        strict=job.strict,
        shard=job.shard,
        shares=job.dedupe,
    )
    intake = FileIntake(
        chunks_of(source), job.reader(), selection, sink=writer, tally=tally
    )
    return PrefixIntake(intake) if job.prefix_order else intake


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
    if not results.name:
        raise BatchError(f"{results}: is a directory")
    failures = Path(errors) if errors is not None else default_errors(results)
    # Files are put in the place of others, which must not be that of a link.
    results, failures = (
        path.resolve() if path.is_symlink() else path for path in (results, failures)
    )
    name = os.fspath(source)
    for path in (results, failures):
        if is_table(path.name):
            raise ValueError(f"{path}: answers are lines of JSON; call it .jsonl")
        if path.is_dir():
            raise BatchError(f"{path}: is a directory")
        if not path.parent.is_dir():
            raise BatchError(f"{path}: cannot be written: no such directory")
    files = [results.resolve(), failures.resolve()]
    if name != STDIN:
        files.append(Path(name).resolve())
    if len(set(files)) < len(files):
        raise ValueError("input, output and errors: expected different files")
    return name, results, failures

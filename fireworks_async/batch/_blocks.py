"""Answers a block of rows, again and again, for an engine that repeats lost blocks.

No row raises: each comes back as its record, answered or failed. A row that was
recorded before, by this process or by one that has died, is not sent.
"""

import asyncio
import os
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from typing import Self

import msgspec

from fireworks_async.batch._calls import StoppedError, results_of
from fireworks_async.batch._interfaces import Cause
from fireworks_async.batch._limiter import RowLimiter, row_limiter
from fireworks_async.batch._options import Job
from fireworks_async.batch._records import BatchResult, encode, encode_problem
from fireworks_async.batch._rows import Problem, Row, Source
from fireworks_async.batch._senders import ClientSender
from fireworks_async.batch._shared_ledger import SharedLedger, key_of_request
from fireworks_async.errors import BatchError, ConfigurationError, FireworksError

__all__ = ("Answered", "BlockRunner", "BlockSettings", "nameless")

_CONNECTIONS = 1000


class BlockSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a runner is made of; holds no key, and may be stored anywhere.

    Attributes:
        options: Of the job, by the names of ``BatchOptions``.
        base_url: Of the API; None for what the environment says.
        api_key_env: The variable that holds the key; None for the usual ones.
        ledger: The directory of the shared ledger; None for none.
    """

    options: dict[str, object] = {}
    base_url: str | None = None
    api_key_env: str | None = None
    ledger: str | None = None


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one row.

    Attributes:
        record: The line of the file of answers, or of that of failures.
        has_failed: Which of the two.
        was_recorded: Whether it was found in the ledger, and so not sent.
        result: What the engine said; None when it was not sent.
    """

    record: bytes
    has_failed: bool
    was_recorded: bool = False
    result: BatchResult | None = None


class BlockRunner:
    """Answers blocks, several of them at once if they come so. Make it in its loop.

    A key or an account that is refused stops it: what comes later is not sent.

    Args:
        settings: How.

    Raises:
        ConfigurationError: There is no key, or an option cannot be used.
    """

    def __init__(self, settings: BlockSettings) -> None:
        job = Job.of(settings.options, function="RayBatch")
        self._reader = job.reader()
        # The engine gets requests that are made; of the job it wants the rest.
        self._rest = msgspec.structs.replace(
            job, prompt=None, system=None, params=None, id_column="custom_id"
        )
        self._ledger: SharedLedger | None = None
        if settings.ledger is not None:
            self._ledger = SharedLedger(settings.ledger)
        from fireworks_async._client.client import AsyncFireworks  # noqa: PLC0415 - loads the network

        self._client = AsyncFireworks(
            api_key=_key_in(settings.api_key_env),
            base_url=settings.base_url,
            max_connections=max(_CONNECTIONS, job.concurrency or 0),
        )
        self.limiter: RowLimiter = row_limiter(
            concurrency=job.concurrency, rpm=job.rpm, tpm=job.tpm
        )
        # Answers on their way to the ledger, and the task that takes them there.
        self._unsaved: list[tuple[bytes, bytes]] = []
        self._saving: asyncio.Task[None] | None = None
        # What the API said when it refused the account.
        self._refused = ""
        self.blocks = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close connections and files."""
        await self._client.aclose()
        if self._saving is not None:
            await asyncio.wait([self._saving])
        if self._ledger is not None:
            await asyncio.to_thread(self._ledger.close)

    async def run(
        self, sources: Sequence[Source], numbers: Sequence[int] | None = None
    ) -> list[Answered]:
        """Answer the rows of a block, in their order.

        Args:
            sources: The rows.
            numbers: Those of their lines in the input; by default those in the block.

        Raises:
            BatchError: The ledger cannot be read or written; what it does not hold
                would be paid for twice.
        """
        self.blocks += 1
        try:
            rows = [self._read(number, each) for number, each in enumerate(sources)]
            lines = numbers or range(1, len(rows) + 1)
            answers = await asyncio.to_thread(self._recorded, rows, lines)
            wanted = [
                row
                for number, row in enumerate(rows)
                if isinstance(row, Row) and number not in answers
            ]
            if wanted:
                await self._send(wanted, answers, lines)
            return [answers[number] for number in range(len(rows))]
        finally:
            self.blocks -= 1

    def _read(self, number: int, source: Source) -> Row | Problem:
        row = self._reader.read(number, source)
        if isinstance(row, Row) and not row.custom_id:
            # Told by its request, so that it has the same name when it comes again.
            row.custom_id = nameless(row.digest.hex())
        return row

    def _recorded(
        self, rows: Sequence[Row | Problem], lines: Sequence[int]
    ) -> dict[int, Answered]:
        """What is known without sending."""
        answers: dict[int, Answered] = {}
        ledger = self._ledger
        if ledger is not None:
            ledger.refresh()
        for number, row in enumerate(rows):
            if isinstance(row, Problem):
                problem = msgspec.structs.replace(row, line=lines[number])
                record = encode_problem(problem, run=0)
                answers[number] = Answered(record=record, has_failed=True)
            elif ledger is not None and (line := ledger.find(_key_of(row))) is not None:
                answers[number] = Answered(
                    record=line + b"\n", has_failed=False, was_recorded=True
                )
        return answers

    async def _send(
        self,
        rows: Sequence[Row],
        answers: dict[int, Answered],
        lines: Sequence[int],
    ) -> None:
        problem = self._refused
        cause: Cause = "account"
        if not problem:
            problem, cause = await self._answer(rows, answers, lines)
        for row in rows:
            if row.line not in answers:
                answers[row.line] = _unanswered(row, problem, cause, lines[row.line])

    async def _answer(
        self,
        rows: Sequence[Row],
        answers: dict[int, Answered],
        lines: Sequence[int],
    ) -> tuple[str, Cause]:
        """Send; gives why rows are left, if some are, in words and in one word."""
        results = results_of(
            [_request_of(row) for row in rows],
            self._rest,
            ClientSender(self._client),
            limiter=self.limiter,
            # Told apart by their requests too; and other blocks are not seen here.
            names=0,
        )
        problem = "the block was stopped before the row was answered"
        cause: Cause = "cancelled"
        try:
            async with aclosing(results):
                async for result in results:
                    row = rows[result.line - 1]
                    own = msgspec.structs.replace(result, line=lines[row.line])
                    record = encode(own, run=0)
                    answers[row.line] = Answered(
                        record=record,
                        has_failed=own.error is not None,
                        result=own,
                    )
                    if result.error is None and self._ledger is not None:
                        self._unsaved.append((_key_of(row), record))
                        self._save()
        except BatchError as error:
            problem = error.message
            if isinstance(error, StoppedError) and error.reason == "account":
                self._refused, cause = problem, "account"
        if self._saving is not None:
            await asyncio.shield(self._saving)
        return problem, cause

    def _save(self) -> None:
        """See to it that answers are recorded, as many at once as came meanwhile."""
        if self._saving is None or self._saving.done():
            self._saving = asyncio.ensure_future(self._save_all())

    async def _save_all(self) -> None:
        assert self._ledger is not None
        while self._unsaved:
            records, self._unsaved = self._unsaved, []
            await asyncio.to_thread(self._ledger.append, records)


def nameless(digest: str) -> str:
    """The name of a row that has none: told by its request."""
    return f"row-{digest[:24]}"


def _key_in(variable: str | None) -> str | None:
    if variable is None:
        return None
    try:
        return os.environ[variable]
    except KeyError:
        raise ConfigurationError(f"{variable}: no such environment variable") from None


def _key_of(row: Row) -> bytes:
    return key_of_request(row.custom_id, row.digest)


def _request_of(row: Row) -> Mapping[str, object]:
    return {"custom_id": row.custom_id, "url": row.endpoint, "body": row.body}


def _unanswered(row: Row, problem: str, cause: Cause, line: int) -> Answered:
    result = BatchResult(
        custom_id=row.custom_id,
        line=line,
        endpoint=row.endpoint,
        request=row.body,
        error=FireworksError(problem),
        cause=cause,
        attempts=0,
        digest=row.digest.hex(),
    )
    return Answered(record=encode(result, run=0), has_failed=True, result=result)

"""Rows on their way to the engine: taken when it asks, a few ahead, never all."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Sequence
from typing import Final, Protocol

from fireworks_async.batch._ledger import Copy
from fireworks_async.batch._records import BatchResult
from fireworks_async.batch._rows import Problem, Row, RowReader, Source
from fireworks_async.batch._selection import Selected, Selection
from fireworks_async.batch._tally import Tally
from fireworks_async.errors import FireworksError

__all__ = ("REMEMBERED", "CallerIntake", "FileIntake", "Intake", "Sink")

REMEMBERED: Final = 64 * 1024
"""Names that requests of a caller are compared with."""
_AHEAD: Final = 256


class Sink(Protocol):
    """Where what became of a row goes."""

    async def put(self, item: BatchResult | Problem | Copy, /) -> object:
        """Take it; returns when it is safe, or its reader is ready for more."""
        ...


class Intake(Protocol):
    """Where rows come from."""

    @property
    def wants_more(self) -> bool:
        """Whether ``more`` should be called."""
        ...

    @property
    def is_empty(self) -> bool:
        """Whether ``take`` has nothing, and will have nothing without ``more``."""
        ...

    async def more(self) -> bool:
        """Get rows ready; False when there are no more."""
        ...

    def take(self) -> Row | None:
        """The next row, if one is ready and may go."""
        ...

    def settled(self, row: Row) -> None:
        """A row that was taken has been answered, or has failed."""

    def affinity(self, row: Row) -> str | None:
        """A word for rows that are best served by one replica."""
        ...


class FileIntake:
    """Reads chunks of a file in a thread, and leaves out what need not be sent.

    Args:
        chunks: Of rows with their numbers; blocks.
        reader: Makes requests of them.
        selection: Leaves out.
        sink: Takes what is over without being sent.
        tally: Counts.
    """

    def __init__(
        self,
        chunks: Iterator[Sequence[tuple[int, Source]]],
        reader: RowReader,
        selection: Selection,
        *,
        sink: Sink,
        tally: Tally,
    ) -> None:
        self._chunks = chunks
        self._reader = reader
        self._selection = selection
        self._sink = sink
        self._tally = tally
        self._ready: deque[Row] = deque()
        self._has_ended = False

    @property
    def wants_more(self) -> bool:
        """See ``Intake``; likewise the methods."""
        return not self._has_ended and len(self._ready) < _AHEAD

    @property
    def is_empty(self) -> bool:
        return not self._ready

    async def more(self) -> bool:
        read = await asyncio.to_thread(self._next)
        if read is None:
            self._has_ended = True
            return False
        count, selected = read
        tally = self._tally
        tally.selected(count, selected)
        self._ready.extend(selected.rows)
        for problem in selected.problems:
            tally.problem("invalid", problem.custom_id, problem.line, problem.text)
        over: list[Problem | Copy] = [*selected.problems, *selected.copies]
        await asyncio.gather(*map(self._sink.put, over))
        tally.shared += len(selected.copies)
        return True

    def take(self) -> Row | None:
        return self._ready.popleft() if self._ready else None

    def settled(self, row: Row) -> None:
        pass

    def affinity(self, row: Row) -> str | None:  # noqa: ARG002 - none for any
        return None

    def _next(self) -> tuple[int, Selected] | None:
        chunk = next(self._chunks, None)
        if chunk is None:
            return None
        rows = [self._reader.read(number, source) for number, source in chunk]
        return len(rows), self._selection.select(rows)


class CallerIntake:
    """Takes rows from a caller's iterable, one when there is a place for it.

    Rows without a name are named by their number. A name that stood for another request
    among the latest is refused; all would take memory for each.

    Args:
        requests: The rows.
        reader: Makes requests of them.
        sink: Takes those that make none.
        tally: Counts.
        names: How many names are remembered.

    Attributes:
        problem: What the iterable raised, which was its end; to be raised when the rows
            before it are over, for they are paid for.
    """

    def __init__(
        self,
        requests: Iterable[Source] | AsyncIterable[Source],
        reader: RowReader,
        *,
        sink: Sink,
        tally: Tally,
        names: int = REMEMBERED,
    ) -> None:
        # One of the two: what is there at once, and what is waited for.
        self._at_once: Iterator[Source] = iter(())
        self._later: AsyncIterator[Source] | None = None
        if isinstance(requests, AsyncIterable):
            self._later = aiter(requests)
        else:
            self._at_once = iter(requests)
        self._reader = reader
        self._sink = sink
        self._tally = tally
        self._ready: Row | None = None
        self._bad: Problem | None = None
        self._names = names
        self._named: OrderedDict[str, tuple[int, bytes]] = OrderedDict()
        self._has_ended = False
        self.problem: Exception | None = None

    @property
    def wants_more(self) -> bool:
        if self._later is None:
            return self._bad is not None or self._has_ended
        return not self._has_ended and self._ready is None

    @property
    def is_empty(self) -> bool:
        return self._ready is None and self._bad is None

    async def more(self) -> bool:
        if self._later is not None:
            try:
                self._accept(await anext(self._later))
            except StopAsyncIteration:
                self._has_ended = True
            except Exception as error:  # noqa: BLE001 - whatever the caller's raises
                self._has_ended, self.problem = True, error
        if (bad := self._bad) is not None:
            self._bad = None
            self._tally.problem("invalid", bad.custom_id, bad.line, bad.text)
            await self._sink.put(_refused(bad))
            return True
        return not self._has_ended

    def take(self) -> Row | None:
        if self._later is None and self.is_empty and not self._has_ended:
            try:
                self._accept(next(self._at_once))
            except StopIteration:
                self._has_ended = True
            except Exception as error:  # noqa: BLE001 - whatever the caller's raises
                self._has_ended, self.problem = True, error
        row, self._ready = self._ready, None
        return row

    def settled(self, row: Row) -> None:
        pass

    def affinity(self, row: Row) -> str | None:  # noqa: ARG002 - none for any
        return None

    def _accept(self, source: Source) -> None:
        self._tally.read += 1
        row = self._reader.read(self._tally.read, source)
        if isinstance(row, Row):
            row = self._checked(row)
        if isinstance(row, Problem):
            self._bad = row
        else:
            self._ready = row

    def _checked(self, row: Row) -> Row | Problem:
        """The row with a name, if that name is not another request's."""
        if not row.custom_id:
            row.custom_id = f"row-{row.line}"
            return row
        line, digest = self._named.setdefault(row.custom_id, (row.line, row.digest))
        if digest != row.digest:
            said = f"custom_id {row.custom_id!r} is that of request {line} too"
            return Problem(line=row.line, digest=row.digest, text=said)
        if len(self._named) > self._names:
            self._named.popitem(last=False)
        return row


def _refused(problem: Problem) -> BatchResult:
    return BatchResult(
        custom_id=problem.custom_id or f"row-{problem.line}",
        line=problem.line,
        endpoint="",
        request={},
        error=FireworksError(problem.text),
        cause="invalid",
        attempts=0,
        digest=problem.digest.hex(),
    )

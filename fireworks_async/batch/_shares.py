"""Rows that ask for the same are asked once, and each is recorded (``--dedupe``)."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, cast

import msgspec

from fireworks_async.batch._intake import Sink
from fireworks_async.batch._ledger import Copy
from fireworks_async.batch._records import BatchResult
from fireworks_async.batch._rows import Row
from fireworks_async.batch._tally import Tally

if TYPE_CHECKING:
    from fireworks_async.batch._index import Place

__all__ = ("Shares",)

# Answers given since a row was looked up in the ledger: more than can be read ahead.
_RECENT: Final = 16 * 1024


class Shares:
    """Who is asked for whom.

    Args:
        sink: Takes what became of the rows that were not sent.
        tally: Counts them.

    Attributes:
        waiting: Rows that wait for the answer to another.
        late: Rows that were answered before they joined.
    """

    def __init__(self, sink: Sink, tally: Tally) -> None:
        self.waiting = 0
        self.late: list[Copy] = []
        self._sink = sink
        self._tally = tally
        self._asked: dict[bytes, list[Row]] = {}
        # Rows are looked up in the ledger a little before they are taken.
        self._recent: OrderedDict[bytes, Place] = OrderedDict()

    def joins(self, row: Row) -> bool:
        """Whether the row need not be sent; if it must, others can join it now."""
        place = self._recent.get(row.digest)
        if place is not None:
            self.late.append(Copy(row, place))
            return True
        others = self._asked.get(row.digest)
        if others is None:
            self._asked[row.digest] = []
            return False
        others.append(row)
        self.waiting += 1
        return True

    async def flush(self) -> None:
        """Answer those that were late."""
        late, self.late = self.late, []
        await self._put(late)

    async def settle(self, row: Row, result: BatchResult, place: object) -> None:
        """Give the rows that joined what became of the one that was sent.

        Args:
            row: That one.
            result: What became of it.
            place: Where that is recorded.
        """
        others = self._asked.pop(row.digest, [])
        self.waiting -= len(others)
        if result.error is None:
            where = cast("Place", place)
            self._recent[row.digest] = where
            if len(self._recent) > _RECENT:
                self._recent.popitem(last=False)
            await self._put([Copy(other, where) for other in others])
            return
        for other in others:
            own = msgspec.structs.replace(
                result, custom_id=other.custom_id, line=other.line, attempts=0, cost=0.0
            )
            await self._sink.put(own)
            self._tally.recorded(own, cost=0.0)

    async def _put(self, copies: Sequence[Copy]) -> None:
        await asyncio.gather(*map(self._sink.put, copies))
        self._tally.shared += len(copies)

"""Writes records, and says when each is written.

A row keeps its place in flight until its record is written, so that no more than those
in flight are lost when the process is killed. A wait for the disk comes later, for
groups of rows, and holds nobody up.

An answer is written on the spot: the system's cache takes it in microseconds, where a
thread asks for the interpreter for up to 5 ms after each write, and the garbage
collector goes through all that was made for the rows that wait for it. A thread writes
what may have to wait: for a file to be made or read; and everything, for a while, when
the system was slow to take a record.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Final

from fireworks_async.batch._index import Place
from fireworks_async.batch._ledger import Ledger, Writing
from fireworks_async.batch._records import BatchResult

__all__ = ("Writer",)

# At most so many records, and so many seconds, are lost when the machine crashes.
_SYNC_ROWS: Final = 256
_SYNC_SECONDS: Final = 1.0
# Seconds that are long for a record; for so many times as long the thread writes, so
# that the event loop stands still for a twentieth of the time at most.
_SLOW: Final = 0.1
_REST: Final = 20


class Writer:
    """Writes to a ledger from the event loop.

    Args:
        ledger: Stays the caller's.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._loop = asyncio.get_running_loop()
        self._writing = ThreadPoolExecutor(1, "batch-write")
        self._syncing = ThreadPoolExecutor(1, "batch-sync")
        self._waiting: list[tuple[Writing, asyncio.Future[Place]]] = []
        self._is_writing = False
        self._rests_until = 0.0
        self._idle = asyncio.Event()
        self._idle.set()
        self._sync: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._is_closing = False
        self._failure: Exception | None = None

    async def put(self, item: Writing) -> Place:
        """Write a record; returns when it is in the file.

        Raises:
            BatchError: It could not be written.
        """
        if self._failure is not None:
            raise self._failure
        if isinstance(item, BatchResult) and item.error is None:
            began = monotonic()
            if began >= self._rests_until and not self._is_writing:
                place = self._ledger.append(item)
                if (seconds := monotonic() - began) > _SLOW:
                    self._rests_until = began + seconds + _REST * seconds
                self._plan_sync()
                return place
        written: asyncio.Future[Place] = self._loop.create_future()
        self._waiting.append((item, written))
        if not self._is_writing:
            self._idle.clear()
            self._write_group()
        return await written

    async def aclose(self) -> None:
        """Wait until all is written and on the disk.

        Raises:
            BatchError: It may not be.
        """
        try:
            await self._idle.wait()
            # One that is over plans the next, which would find nobody to do it.
            self._is_closing = True
            if self._timer is not None:
                self._timer.cancel()
            if self._sync is not None:
                await asyncio.wait([self._sync])
            await self._loop.run_in_executor(self._syncing, self._ledger.sync)
        finally:
            self._writing.shutdown(wait=False)
            self._syncing.shutdown(wait=False)
        if self._failure is not None:
            raise self._failure

    def _write_group(self) -> None:
        group, self._waiting = self._waiting, []
        self._is_writing = True
        items = [item for item, _ in group]
        done = self._loop.run_in_executor(self._writing, self._ledger.write, items)
        done.add_done_callback(lambda done: self._written(group, done))

    def _written(
        self,
        group: Sequence[tuple[Writing, asyncio.Future[Place]]],
        done: asyncio.Future[list[Place]],
    ) -> None:
        self._is_writing = False
        error = done.exception()
        places = [] if error is not None else done.result()
        for number, (_, written) in enumerate(group):
            if written.done():
                continue
            if error is not None:
                written.set_exception(error)
            else:
                written.set_result(places[number])
        if self._waiting:
            self._write_group()
        else:
            self._idle.set()
        self._plan_sync()

    def _plan_sync(self) -> None:
        if self._sync is not None or self._is_closing:
            return
        unsynced = self._ledger.unsynced
        if unsynced >= _SYNC_ROWS:
            self._start_sync()
        elif self._timer is None and unsynced:
            self._timer = self._loop.call_later(_SYNC_SECONDS, self._start_sync)

    def _start_sync(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._sync = self._loop.run_in_executor(self._syncing, self._ledger.sync)
        self._sync.add_done_callback(self._synced)

    def _synced(self, done: asyncio.Future[None]) -> None:
        self._sync = None
        error = done.exception()
        if isinstance(error, Exception):
            self._failure = error
        self._plan_sync()

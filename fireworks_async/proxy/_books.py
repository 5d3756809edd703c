"""Keeps the gateway's books in step with the database: keys, spend, what is left of both.

The database is read and written in the ledger's thread; what it says is brought to the
event loop here.
"""

import asyncio
import sqlite3
import sys

from fireworks_async._net.interfaces import Clock
from fireworks_async.errors import ProxyConfigError
from fireworks_async.proxy._accounts import Accounts
from fireworks_async.proxy._callers import Caller, Doorkeeper
from fireworks_async.proxy._keys import known_callers
from fireworks_async.proxy._ledger import Ledger, Totals, read_totals
from fireworks_async.proxy._settings import GatewaySettings

__all__ = ("Books",)


class Books:
    """The books of one process.

    Args:
        settings: Where the database is.
        doorkeeper: Who is to know the keys.
        clock: Time.
        share: Among how many processes limits of pace are divided.

    Raises:
        ProxyConfigError: The database cannot be used.

    Attributes:
        accounts: Where calls are settled.
        parallel: Requests in flight of a key that has no limit of its own.
        totals: What keys spent on models, of all processes, half a second ago.
    """

    def __init__(
        self,
        settings: GatewaySettings,
        doorkeeper: Doorkeeper,
        clock: Clock,
        *,
        share: int,
    ) -> None:
        if settings.database is not None and sys.platform == "win32":
            raise ProxyConfigError("keys and spend are kept on POSIX systems only")
        self._path = settings.database
        self.parallel = settings.max_parallel_requests
        self._doorkeeper = doorkeeper
        self._share = share
        self._ledger: Ledger | None = None
        self._version = (-1, -1)
        self._recorded_before: dict[str, float] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self.accounts = Accounts(clock)
        self.totals: list[Totals] = []

    @property
    def state(self) -> str:
        """Whether keys and spend are kept, in LiteLLM's words."""
        return "Not connected" if self._path is None else "connected"

    async def open(self) -> None:
        """Read what is known, and begin to write.

        Raises:
            ProxyConfigError: The database cannot be used.
        """
        if self._path is None:
            return
        self._loop = asyncio.get_running_loop()
        self._ledger = await asyncio.to_thread(Ledger, self._path)
        self.accounts.ledger = self._ledger
        read = asyncio.Event()
        self._ledger.start(self._before, lambda found: self._after(found, read))
        await read.wait()

    async def close(self) -> None:
        """Write all that is left."""
        ledger, self._ledger = self._ledger, None
        if ledger is not None:
            self.accounts.ledger = None
            await asyncio.to_thread(ledger.stop)

    def _before(self) -> None:
        self._recorded_before = dict(self.accounts.recorded)

    def _after(self, connection: sqlite3.Connection, read: asyncio.Event) -> None:
        """In the thread: look whether anything is new."""
        assert self._loop is not None
        (version,) = connection.execute("PRAGMA data_version").fetchone()
        changes = connection.total_changes
        if (version, changes) == self._version and read.is_set():
            return
        self._version = (version, changes)
        callers = known_callers(connection, self._share, self.parallel)
        totals = read_totals(connection)
        before = self._recorded_before
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._take, callers, totals, before)
            self._loop.call_soon_threadsafe(read.set)

    def _take(
        self,
        callers: dict[str, Caller],
        totals: list[Totals],
        before: dict[str, float],
    ) -> None:
        """In the loop: know the keys, and what they have spent by now."""
        self.totals = totals
        self._doorkeeper.replace(callers)
        spent: dict[str, float] = {}
        for each in totals:
            spent[each.key] = spent.get(each.key, 0.0) + each.usd
        recorded, guessed = self.accounts.recorded, self.accounts.guessed
        for caller in (self._doorkeeper.master, *self._doorkeeper.callers.values()):
            since = recorded.get(caller.id, 0.0) - before.get(caller.id, 0.0)
            whole = spent.get(caller.id, 0.0) + since
            caller.spent = whole + guessed.get(caller.id, 0.0)

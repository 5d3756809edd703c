"""What keys have spent on models: written down at once, added up in a thread.

A record goes into the journal before its caller can see the end of the answer. Once in
a while all new records go into the database, in one transaction with the place up to
which they were read, so that each counts once, whatever is killed when.
"""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from fireworks_async.proxy._database import open_database
from fireworks_async.proxy._journal import Journal, abandoned, records_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ("Entry", "Ledger", "Totals", "read_totals")

_INTERVAL: Final = 0.5
_UPSERT: Final = """
INSERT INTO spend VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (key, model) DO UPDATE SET
    requests = requests + excluded.requests,
    unpriced = unpriced + excluded.unpriced,
    prompt_tokens = prompt_tokens + excluded.prompt_tokens,
    cached_tokens = cached_tokens + excluded.cached_tokens,
    completion_tokens = completion_tokens + excluded.completion_tokens,
    usd = usd + excluded.usd
"""


class Entry(msgspec.Struct, array_like=True, gc=False):
    """What one answer took.

    Attributes:
        key: The id of the key.
        model: The caller's name for the model.
        prompt: Tokens of the prompt, cached ones included.
        cached: Those that were in the cache.
        completion: Tokens of the answer.
        usd: What they cost; None when that is unknown.
    """

    key: str
    model: str
    prompt: int
    cached: int
    completion: int
    usd: float | None


class Totals(msgspec.Struct, gc=False):
    """What one key spent on one model."""

    key: str
    model: str
    requests: int = 0
    unpriced: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    usd: float = 0.0

    def add(self, entry: Entry) -> None:
        """Count one more answer."""
        self.requests += 1
        self.unpriced += entry.usd is None
        self.prompt_tokens += entry.prompt
        self.cached_tokens += entry.cached
        self.completion_tokens += entry.completion
        self.usd += entry.usd or 0.0


_ENCODE: Final = msgspec.json.Encoder().encode
_DECODE: Final = msgspec.json.Decoder(Entry).decode
_TotalsBy = dict[tuple[str, str], Totals]


class Ledger:
    """The ledger of one process.

    Args:
        path: The database.

    Raises:
        ProxyConfigError: It cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with closing(open_database(path)):
            # Whether it can be used is known before anything is written.
            pass
        self._directory = path.with_name(path.name + ".spend")
        self._journal = Journal(self._directory)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._has_news = True

    def record(self, entry: Entry) -> None:
        """Write one answer down."""
        self._journal.append(_ENCODE(entry))
        self._has_news = True

    def start(
        self,
        before: "Callable[[], None]",
        after: "Callable[[sqlite3.Connection], None]",
    ) -> None:
        """Begin to add up, in a thread, where both functions are called each time.

        Args:
            before: Called before new records are looked for.
            after: Called when the database is up to date.
        """
        self._thread = threading.Thread(
            target=self._run, args=(before, after), name="ledger", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Add up all that is left, and end; blocks."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        self._journal.close()
        with closing(open_database(self._path)) as connection:
            _fold(connection, self._journal.full)
            _forget(connection, self._journal.full)

    def _run(
        self,
        before: "Callable[[], None]",
        after: "Callable[[sqlite3.Connection], None]",
    ) -> None:
        with closing(open_database(self._path)) as connection:
            while True:
                before()
                self._fold_all(connection)
                after(connection)
                if self._stopping.wait(_INTERVAL):
                    return

    def _fold_all(self, connection: sqlite3.Connection) -> None:
        """Own segments, and those that the dead have left."""
        journal = self._journal
        full = journal.full[:]
        left = [path for path in abandoned(self._directory) if path not in full]
        if not (left or full or self._has_news):
            return
        self._has_news = False
        _fold(connection, [*left, *full, journal.path])
        _forget(connection, [*left, *full])
        del journal.full[: len(full)]


def read_totals(connection: sqlite3.Connection) -> list[Totals]:
    """All that was spent, by key and model."""
    rows = connection.execute("SELECT * FROM spend ORDER BY key, model")
    return [Totals(*row) for row in rows]


def _fold(connection: sqlite3.Connection, segments: list[Path]) -> None:
    """Bring what is new in these segments into the database, once."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        known: Mapping[str, int] = dict(
            connection.execute("SELECT name, folded FROM journals").fetchall()
        )
        totals: _TotalsBy = {}
        for path in segments:
            start = known.get(path.name, 0)
            try:
                records, end = records_in(path, start)
            except FileNotFoundError:
                # Another process was quicker with what a dead one left.
                continue
            for entry in map(_DECODE, records):
                place = (entry.key, entry.model)
                if place not in totals:
                    totals[place] = Totals(*place)
                totals[place].add(entry)
            if end > start:
                connection.execute(
                    "INSERT OR REPLACE INTO journals VALUES (?, ?)", (path.name, end)
                )
        rows = [msgspec.structs.astuple(each) for each in totals.values()]
        connection.executemany(_UPSERT, rows)
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _forget(connection: sqlite3.Connection, segments: list[Path]) -> None:
    """Remove segments that are in the database whole.

    The file goes first: with its row gone and the file still there, it would count
    twice.
    """
    for path in segments:
        path.unlink(missing_ok=True)
        connection.execute("DELETE FROM journals WHERE name = ?", (path.name,))

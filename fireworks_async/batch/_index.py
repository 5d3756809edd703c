"""Which rows are there and what is recorded of each, on disk, whatever their number.

An SQLite table that is made anew by every run from the files of records, and is never
written to be kept: no journal, no sync, and its file has no name, so that it is gone
with the process. It holds nothing that the files do not say.
"""

import hashlib
import sqlite3
import threading
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum
from itertools import chain
from pathlib import Path
from typing import Any, Final, TypeAlias

import msgspec

from fireworks_async.errors import BatchError

__all__ = ("Entry", "Index", "Place", "State", "key_of")

# Pages kept in memory, in KiB: all of a job of 100,000 rows. The pages of a larger one
# are in the system's cache, which is not this process's memory.
_CACHE: Final = 16 * 1024
_MOST_PARAMETERS: Final = 500
_ROWS_AT_ONCE: Final = 40

_SCHEMA: Final = """
CREATE TABLE rows (
    key BLOB PRIMARY KEY, digest BLOB, state INTEGER, line INTEGER, copies INTEGER,
    file INTEGER, start INTEGER, length INTEGER, run INTEGER,
    cause TEXT, status INTEGER, spent REAL
) WITHOUT ROWID
"""
_COLUMNS: Final = (
    "key, digest, state, line, copies, file, start, length, run, cause, status, spent"
)
_ROW: Final = "(?,?,?,?,?,?,?,?,?,?,?,?)"
_INTO: Final = f"INTO rows ({_COLUMNS}) VALUES "
_RECORDED: Final = """
ON CONFLICT (key) DO UPDATE SET
    digest = excluded.digest, state = excluded.state, file = excluded.file,
    start = excluded.start, length = excluded.length, run = excluded.run,
    cause = excluded.cause, status = excluded.status, spent = excluded.spent
"""


class State(IntEnum):
    """What is recorded of a row."""

    SEEN = 0
    DONE = 1
    FAILED = 2


Place: TypeAlias = tuple[int, int, int]
"""Where a record is: 0 for the results and 1 for the errors, offset, length."""


class Entry(msgspec.Struct, kw_only=True, gc=False):
    """One row.

    Attributes:
        key: Of its name.
        digest: Of its request as recorded, or as last seen; empty when not known.
        state: What is recorded.
        line: Where this run has seen it; 0 when it has not.
        copies: Rows without a name that this run has seen with this request.
        file: Which file its record is in.
        start: Where in it.
        length: Of the record.
        run: Which run recorded it.
        cause: Why it failed.
        status: With which HTTP status.
        spent: US dollars, by all that was recorded of it.
    """

    key: bytes
    digest: bytes = b""
    state: int = State.SEEN
    line: int = 0
    copies: int = 0
    file: int = 0
    start: int = 0
    length: int = 0
    run: int = 0
    cause: str = ""
    status: int | None = None
    spent: float = 0.0


def key_of(custom_id: str) -> bytes:
    """The name in 16 bytes: among 10 million, two are alike with a chance of 1e-25."""
    return hashlib.blake2b(
        custom_id.encode("utf-8", "replace"), digest_size=16
    ).digest()


class Index:
    """All rows by name. May be used from several threads.

    Args:
        path: Where to put it; the name is free again at once.
        by_digest: Also find rows by their request.

    Attributes:
        lock: Held by each method; to be held around several that belong together.
    """

    def __init__(self, path: Path, *, by_digest: bool = False) -> None:
        path.unlink(missing_ok=True)
        self._name = str(path)
        self.lock = threading.RLock()
        # Seen, and to be recorded soon: to set them twice would cost twice as much.
        self._expected: dict[bytes, Entry] = {}
        # One transaction, never committed: what fits the cache is never written.
        self._base = sqlite3.connect(
            path, check_same_thread=False, isolation_level=None
        )
        for pragma in (
            "locking_mode=EXCLUSIVE",
            "journal_mode=OFF",
            "synchronous=OFF",
            "temp_store=FILE",
            f"cache_size=-{_CACHE}",
        ):
            self._base.execute(f"PRAGMA {pragma}")
        self._base.execute("BEGIN")
        self._base.execute(_SCHEMA)
        if by_digest:
            self._base.execute("CREATE INDEX by_digest ON rows (digest)")
        path.unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of it; idempotent."""
        self._base.close()

    @contextmanager
    def _used(self) -> Generator[sqlite3.Connection]:
        """The base, for one thread at a time.

        Raises:
            BatchError: It cannot be gone on with, for instance because the disk is full.
        """
        with self.lock:
            try:
                yield self._base
            except sqlite3.Error as error:
                raise BatchError(f"{self._name}: {error}") from None

    def _insert(self, verb: str, entries: Iterable[Entry], clash: str = "") -> None:
        """Insert many rows by a statement: each lets go of the interpreter once.

        A thread that lets go of it while another computes gets it back 5 ms later.
        """
        rows = list(map(_values_of, entries))
        with self._used() as base:
            for begin in range(0, len(rows), _ROWS_AT_ONCE):
                some = rows[begin : begin + _ROWS_AT_ONCE]
                marks = ",".join([_ROW] * len(some))
                base.execute(verb + marks + clash, [*chain.from_iterable(some)])

    def forget_seen(self) -> None:
        """Let the input be read from its beginning."""
        with self._used() as base:
            self._expected.clear()
            base.execute("DELETE FROM rows WHERE state = ?", (State.SEEN,))
            base.execute("UPDATE rows SET line = 0, copies = 0")

    def find(self, keys: Iterable[bytes]) -> dict[bytes, Entry]:
        """The entries of those keys that have one."""
        wanted = list(dict.fromkeys(keys))
        found: dict[bytes, Entry] = {}
        with self.lock:
            expected = self._expected
            if not expected.keys().isdisjoint(wanted):
                found = {key: expected[key] for key in wanted if key in expected}
                wanted = [key for key in wanted if key not in expected]
            self._look_up(wanted, found)
        return found

    def _look_up(self, wanted: Sequence[bytes], found: dict[bytes, Entry]) -> None:
        for begin in range(0, len(wanted), _MOST_PARAMETERS):
            some = wanted[begin : begin + _MOST_PARAMETERS]
            marks = ",".join("?" * len(some))
            query = f"SELECT {_COLUMNS} FROM rows WHERE key IN ({marks})"  # noqa: S608 - marks only
            with self._used() as base:
                rows = base.execute(query, [*map(bytearray, some)]).fetchall()
            for row in rows:
                entry = _entry(row)
                found[entry.key] = entry

    def put(self, entries: Iterable[Entry]) -> None:
        """Set entries, in the place of those that are there."""
        self._insert(f"INSERT OR REPLACE {_INTO}", entries)

    def expect(self, entries: Iterable[Entry]) -> None:
        """Hold entries of new rows in memory until something is recorded of them."""
        with self.lock:
            self._expected.update((entry.key, entry) for entry in entries)

    def record(self, entries: Iterable[Entry]) -> None:
        """Set what is recorded of rows; where they were seen stays as it is."""
        with self.lock:
            seen = [(entry, self._expected.pop(entry.key, None)) for entry in entries]
            for entry, expected in seen:
                if expected is not None:
                    entry.line, entry.copies = expected.line, expected.copies
            self._insert(f"INSERT {_INTO}", (entry for entry, _ in seen), _RECORDED)

    def answered(self, digests: Iterable[bytes]) -> dict[bytes, Place]:
        """Where an answer to each of these requests is recorded, if one is."""
        found: dict[bytes, Place] = {}
        query = "SELECT file, start, length FROM rows WHERE digest = ? AND state = ? LIMIT 1"
        for digest in dict.fromkeys(digests):
            with self._used() as base:
                row = base.execute(query, (digest, State.DONE)).fetchone()
            if row is not None:
                found[digest] = row
        return found

    def places(self, state: State) -> Iterator[Place]:
        """The records of one state: in the order of the input, others behind.

        Nothing else may be asked or set in the meantime.
        """
        with self._used() as base:
            yield from base.execute(
                "SELECT file, start, length FROM rows WHERE state = ? "
                "ORDER BY line = 0, line, run, start",
                (state,),
            )

    def totals(self) -> tuple[int, int, float]:
        """How many rows are done and have failed, and what all, and others, cost."""
        with self._used() as base:
            counts = dict(
                base.execute(
                    "SELECT state, count(*) FROM rows "
                    "WHERE cause != 'cancelled' GROUP BY state"
                ).fetchall()
            )
            (spent,) = base.execute("SELECT total(spent) FROM rows").fetchone()
        return counts.get(State.DONE, 0), counts.get(State.FAILED, 0), spent


def _values_of(entry: Entry) -> tuple[object, ...]:
    """The columns, in types that the module sqlite3 takes as they are.

    For bytes, None and enums it looks for an adapter, which takes longer than SQLite.
    """
    _, _, state, *others, status, spent = msgspec.structs.astuple(entry)
    key, digest = bytearray(entry.key), bytearray(entry.digest)
    return key, digest, int(state), *others, status or 0, spent


def _entry(row: tuple[Any, ...]) -> Entry:
    entry = Entry(**dict(zip(Entry.__struct_fields__, row, strict=True)))
    entry.status = entry.status or None
    return entry

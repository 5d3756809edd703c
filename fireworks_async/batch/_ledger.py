"""What is recorded of a job: read when a run begins, appended to, and put in order.

Everything here blocks, and is called in threads; but an answer may be written wherever
the system takes it at once. The two files are the truth; see ``_records`` for why, and
``_index`` for what is looked up in the meantime.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Final, Self, TypeAlias

import msgspec

from fireworks_async.batch._compressed import is_compressed
from fireworks_async.batch._files import RecordFile, lines_of, replaced
from fireworks_async.batch._index import Entry, Index, Place, State, key_of
from fireworks_async.batch._records import (
    BatchResult,
    Recorded,
    encode,
    encode_copy,
    encode_problem,
    read,
)
from fireworks_async.batch._rows import Problem, Row
from fireworks_async.errors import BatchError

__all__ = ("Copy", "Ledger", "Writing")

RESULTS: Final = 0
ERRORS: Final = 1
_AT_ONCE: Final = 512
_HELD: Final = {False: "answers", True: "failures"}


class Copy(msgspec.Struct):
    """A row whose answer is that of another of the same body.

    Attributes:
        row: The row.
        place: Where the other's record is.
    """

    row: Row
    place: Place


Writing: TypeAlias = BatchResult | Problem | Copy


class Ledger:
    """The records of one job, held by one run.

    Use ``open`` to make one.

    Attributes:
        run: The number of this run.
        notes: What was found and done when it was opened, in words.
        unsynced: Records written since the last ``sync`` began.
    """

    def __init__(self, results: Path, errors: Path, index: Index) -> None:
        self.run = 1
        self.notes: list[str] = []
        self._index = index
        # Written, and not in the index yet: there, many at once cost less.
        self._unnoted: deque[Entry] = deque()
        self._names = (results, errors)
        self._files: list[RecordFile | None] = [None, None]
        # Whether a file holds records that no longer count, or that cannot be read.
        self._is_stale = [False, False]
        self.unsynced = 0

    @classmethod
    def open(cls, results: Path, errors: Path, *, by_digest: bool = False) -> Self:
        """Lock, repair and read what earlier runs recorded.

        Args:
            results: The file of answers.
            errors: The file of failures; made when there is one.
            by_digest: Let rows be found by their request too.

        Raises:
            BatchError: A file cannot be used, or another run holds it.
        """
        first = _opened(results)
        ledger: Self | None = None
        try:
            index = Index(
                results.with_name(f"{results.name}.index"), by_digest=by_digest
            )
            ledger = cls(results, errors, index)
            ledger._files[RESULTS] = first
            for path in {results, errors, *map(_open_name, (results, errors))}:
                path.with_name(f"{path.name}.new").unlink(missing_ok=True)
            if errors.exists() or _open_name(errors).exists():
                ledger._files[ERRORS] = _opened(errors)
            ledger._load()
        except BaseException:
            first.close()
            if ledger is not None:
                ledger.close()
            raise
        return ledger

    @property
    def index(self) -> Index:
        """What is recorded, by name: all that was written until now."""
        self._note()
        return self._index

    def write(self, items: Sequence[Writing]) -> list[Place]:
        """Append records, each with one write, and give their places.

        Raises:
            BatchError: A record could not be written; those before it are.
        """
        return [self.append(item) for item in items]

    def append(self, item: Writing) -> Place:
        """Append a record with one write, and give its place.

        Raises:
            BatchError: It could not be written.
        """
        which, line, entry = self._prepared(item)
        file = self._files[which] or self._file(which)
        place = (which, file.append(line), len(line))
        entry.file, entry.start, entry.length = place
        self.unsynced += 1
        self._unnoted.append(entry)
        return place

    def adopt(self, path: Path) -> int:
        """Take over the records of another job's file; of a row, an answer wins.

        Args:
            path: A file of answers or of failures.

        Returns:
            How many records were of rows that were there already.

        Raises:
            BatchError: It cannot be read, or a record cannot be written.
        """
        repeated = 0
        lines = lines_of(path)
        while some := list(islice(lines, _AT_ONCE)):
            for _, line in some:
                recorded = read(line)
                if recorded is None:
                    continue
                entry = _entry_of(recorded)
                (old,) = self.index.find([entry.key]).values() or (None,)
                if old is not None:
                    repeated += 1
                    if entry.state != State.DONE or old.state == State.DONE:
                        continue
                    self.supersede(old)
                entry.line = recorded.batch.line
                whole = line if line.endswith(b"\n") else line + b"\n"
                which = RESULTS if entry.state == State.DONE else ERRORS
                entry.file, entry.length = which, len(whole)
                entry.start = self._file(which).append(whole)
                self.index.put([entry])
        return repeated

    def sync(self) -> None:
        """Wait until all that is written is on the disk, and in the index.

        Raises:
            BatchError: It may not be there.
        """
        self.unsynced = 0
        self._note()
        for file in self._files:
            if file is not None:
                file.sync()

    def supersede(self, entry: Entry) -> None:
        """Note that what is recorded of a row may soon not count any more."""
        if entry.state != State.SEEN:
            self._is_stale[entry.file] = True

    def expect(self, entries: Sequence[Entry]) -> None:
        """Note new rows, of which something will soon be written."""
        self._index.expect(entries)

    def finish(self, *, ordered: bool = False) -> None:
        """Leave each row recorded once; if asked, in the order of the input.

        Raises:
            BatchError: A file could not be rewritten; it is as it was.
        """
        for which, state in ((ERRORS, State.FAILED), (RESULTS, State.DONE)):
            file, name = self._files[which], self._names[which]
            if file is None:
                continue
            is_packed = file.path != name
            if not (ordered or is_packed or self._is_stale[which]):
                continue
            places = self.index.places(state)
            lines = self._in_order(places) if ordered else self._current(which)
            kept = replaced(name, lines)
            self._is_stale[which] = False
            if is_packed:
                file.path.unlink()
            if which == ERRORS and not kept:
                name.unlink()

    def close(self) -> None:
        """Close all, and let go of the lock; idempotent."""
        with ExitStack() as stack:
            # Each of them, also when one cannot be put back.
            stack.callback(self._index.close)
            for file in self._files:
                if file is not None:
                    stack.callback(file.close)

    def _note(self) -> None:
        """Enter into the index what was written; from any thread."""
        if self._unnoted:
            with self._index.lock:
                entries: list[Entry] = []
                while self._unnoted:
                    entries.append(self._unnoted.popleft())
                self._index.record(entries)

    def _file(self, which: int) -> RecordFile:
        file = self._files[which]
        if file is None:
            file = self._files[which] = _opened(self._names[which])
        return file

    def _prepared(self, item: Writing) -> tuple[int, bytes, Entry]:
        """The file and the line of a record, and its entry."""
        if isinstance(item, BatchResult):
            line = encode(item, run=self.run)
            entry = Entry(
                key=key_of(item.custom_id),
                digest=bytes.fromhex(item.digest),
                state=State.DONE,
                spent=item.cost or 0.0,
            )
            if item.error is not None:
                entry.state, entry.cause = State.FAILED, item.cause or ""
                entry.status = getattr(item.error, "status_code", None)
        elif isinstance(item, Problem):
            line = encode_problem(item, run=self.run)
            name = item.custom_id or _nameless(item.line)
            entry = Entry(key=key_of(name), digest=item.digest, line=item.line)
            entry.state, entry.cause = State.FAILED, "invalid"
        else:
            row = item.row
            line = encode_copy(
                self.read_at(item.place),
                custom_id=row.custom_id,
                number=row.line,
                run=self.run,
            )
            entry = Entry(key=key_of(row.custom_id), digest=row.digest, spent=row.spent)
            entry.state = State.DONE
        entry.run = self.run
        return (RESULTS if entry.state == State.DONE else ERRORS), line, entry

    def read_at(self, place: Place) -> bytes:
        """The record at a place."""
        which, offset, length = place
        return self._file(which).read_at(offset, length)

    def _load(self) -> None:
        latest = 0
        for which, file in enumerate(self._files):
            if file is None:
                continue
            if file.repaired is not None:
                self.notes.append(f"{file.path}: {file.repaired}")
            damaged = 0
            lines = lines_of(file.path)
            while some := list(islice(lines, _AT_ONCE)):
                seen = [(offset, line, read(line)) for offset, line in some]
                damaged += sum(recorded is None for _, _, recorded in seen)
                latest = max(latest, self._take(which, seen))
            if damaged:
                self._is_stale[which] = True
                self.notes.append(f"{file.path}: {damaged} lines cannot be read")
        self.run = latest + 1

    def _take(
        self, which: int, seen: Sequence[tuple[int, bytes, Recorded | None]]
    ) -> int:
        """Enter records; of two of one row the later counts. Gives the latest run."""
        entries: dict[bytes, Entry] = {}
        for offset, line, recorded in seen:
            if recorded is None:
                continue
            if recorded.has_failed != (which == ERRORS):
                raise BatchError(
                    f"{self._names[which]}: holds {_HELD[recorded.has_failed]}, which "
                    "go to the other file; name another"
                )
            if recorded.custom_id is None:
                # Bad lines of the input, which are reported anew by each run.
                self._is_stale[which] = True
                continue
            entry = _entry_of(recorded)
            entry.file, entry.start, entry.length = which, offset, len(line)
            if entry.key in entries:
                self._is_stale[which] = True
            entries[entry.key] = entry
        for key, old in self.index.find(entries).items():
            loser = old
            if old.run > entries[key].run:
                loser = entries.pop(key)
            self._is_stale[loser.file] = True
        self.index.put(entries.values())
        runs = [entry.run for entry in entries.values()]
        return max(runs, default=0)

    def _current(self, which: int) -> Iterator[bytes]:
        """The lines of a file that still count."""
        file = self._file(which)
        lines = lines_of(file.path)
        while some := list(islice(lines, _AT_ONCE)):
            keys: dict[int, bytes] = {}
            for offset, line in some:
                recorded = read(line)
                if recorded is not None:
                    name = recorded.custom_id or _nameless(recorded.batch.line)
                    keys[offset] = key_of(name)
            entries = self.index.find(keys.values())
            for offset, line in some:
                entry = entries.get(keys.get(offset, b""))
                if entry and (entry.file, entry.start) == (which, offset):
                    yield line

    def _in_order(self, places: Iterator[Place]) -> Iterator[bytes]:
        for place in places:
            yield self.read_at(place)


def _open_name(path: Path) -> Path:
    """Where the records of a file are while a run has it: packed ones cannot grow."""
    return path.with_name(f"{path.name}.part") if is_compressed(path) else path


def _opened(path: Path) -> RecordFile:
    """Open a file of records; what is packed is unpacked beside it first.

    A ``.part`` that is not empty is newer than the file: its run did not end.
    """
    file = RecordFile.open(_open_name(path))
    if file.path == path or file.size or not path.exists():
        return file
    try:
        replaced(file.path, (line for _, line in lines_of(path)))
    finally:
        file.close()
    return RecordFile.open(file.path)


def _entry_of(recorded: Recorded) -> Entry:
    facts = recorded.batch
    has_failed = recorded.has_failed
    return Entry(
        key=key_of(recorded.custom_id or _nameless(facts.line)),
        digest=_bytes_of(facts.digest),
        state=State.FAILED if has_failed else State.DONE,
        run=facts.run,
        cause=recorded.cause if has_failed else "",
        status=recorded.status,
        spent=facts.cost or 0.0,
    )


def _bytes_of(digest: str) -> bytes:
    """The digest; nothing in lines that another program wrote."""
    try:
        return bytes.fromhex(digest)
    except ValueError:
        return b""


def _nameless(line: int) -> str:
    """A key for a row without a name, that is no row's name."""
    return f"\0{line}"

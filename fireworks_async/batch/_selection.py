"""Which rows of the input a run has to send; blocks, and is called in threads."""

from collections.abc import Sequence
from typing import Final, Protocol

import msgspec

from fireworks_async.batch._causes import Selector
from fireworks_async.batch._index import Entry, Index, State, key_of
from fireworks_async.batch._ledger import Copy
from fireworks_async.batch._rows import Problem, Row
from fireworks_async.errors import BatchError

__all__ = ("Selected", "Selection", "Shard")

_NAME_LENGTH: Final = 24


class Shard(msgspec.Struct, frozen=True):
    """One of several runs over the same input, on as many machines.

    Attributes:
        number: From 1.
        count: How many there are.
    """

    number: int
    count: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.count:
            raise ValueError(
                f"shard: expected K/N with 1 <= K <= N, not {self.number}/{self.count}"
            )

    def holds(self, key: bytes) -> bool:
        """Whether a row is this run's; told by its name, so that order does not matter."""
        return int.from_bytes(key[:8], "big") % self.count == self.number - 1


class Selected(msgspec.Struct, kw_only=True):
    """What becomes of some rows.

    Attributes:
        rows: To be sent.
        problems: To be recorded as failed.
        copies: To be answered as another row was.
        done: Answered before, by the same request.
        failed: Failed before, and not asked for again.
        repeated: The same row once more, which is answered once.
        elsewhere: Of another shard, or not failed when only those are wanted.
    """

    rows: list[Row] = []
    problems: list[Problem] = []
    copies: list[Copy] = []
    done: int = 0
    failed: int = 0
    repeated: int = 0
    elsewhere: int = 0


class Recording(Protocol):
    """What is recorded of a job: the ledger."""

    @property
    def index(self) -> Index:
        """By name."""
        ...

    def supersede(self, entry: Entry) -> None:
        """Note that what is recorded of a row may soon not count any more."""

    def expect(self, entries: Sequence[Entry]) -> None:
        """Note new rows, of which something will soon be recorded."""


class Selection:
    """Looks rows up in the ledger.

    Args:
        ledger: What is recorded.
        retry: Which recorded failures are sent again.
        only_failed: Send nothing but recorded failures: those that ``retry`` picks, or
            all if it picks none.
        strict: A recorded row whose request has changed ends the run.
        shard: Which rows are this run's; None for all.
        shares: Answer rows of the same request with one call.
    """

    def __init__(
        self,
        ledger: Recording,
        *,
        retry: Selector,
        only_failed: bool = False,
        strict: bool = False,
        shard: Shard | None = None,
        shares: bool = False,
    ) -> None:
        self._ledger = ledger
        self._index = ledger.index
        self._retry = Selector(["all"]) if only_failed and not retry else retry
        self._only_failed = only_failed
        self._strict = strict
        self._shard = shard
        self._shares = shares

    def select(self, rows: Sequence[Row | Problem]) -> Selected:
        """Decide, and note that the rows were seen.

        Raises:
            BatchError: A request has changed, and the run is strict.
        """
        selected = Selected()
        # With what was written until now. What is written in the meantime must not be
        # entered before the lock is let go: it would be undone.
        index = self._ledger.index
        with index.lock:
            keys = [key_of(_name_of(row)) for row in rows]
            entries = index.find(keys)
            new: list[Entry] = []
            for row, key in zip(rows, keys, strict=True):
                entry = self._decide(row, key, entries, selected)
                if entry is not None and entry.state == State.SEEN:
                    new.append(entry)
            self._ledger.expect(new)
            for entry in new:
                del entries[entry.key]
            index.put(entries.values())
        if self._shares:
            self._share(selected)
        return selected

    def _share(self, selected: Selected) -> None:
        answered = self._ledger.index.answered(row.digest for row in selected.rows)
        rows, selected.rows = selected.rows, []
        for row in rows:
            if row.digest in answered:
                selected.copies.append(Copy(row, answered[row.digest]))
            else:
                selected.rows.append(row)

    def _decide(
        self,
        row: Row | Problem,
        key: bytes,
        entries: dict[bytes, Entry],
        selected: Selected,
    ) -> Entry | None:
        """Sort a row in; gives its entry if something will be recorded of it."""
        if not row.custom_id and isinstance(row, Row):
            key = key_of(self._named(row, entries))
        if self._shard is not None and not self._shard.holds(key):
            selected.elsewhere += 1
            return None
        entry = entries.setdefault(key, Entry(key=key))
        if entry.line:
            _repeat(row, entry, selected)
            return None
        entry.line = row.line
        if not self._is_wanted(row, entry, selected):
            return None
        self._ledger.supersede(entry)
        if isinstance(row, Problem):
            selected.problems.append(row)
        else:
            row.spent = entry.spent
            selected.rows.append(row)
        return entry

    def _is_wanted(self, row: Row | Problem, entry: Entry, selected: Selected) -> bool:
        """Whether a row is sent, by what is recorded of it; counts those that are not."""
        if entry.state == State.SEEN:
            entry.digest = row.digest
            # A bad line has failed, and what an earlier run told of it does not count.
            is_wanted = not self._only_failed or isinstance(row, Problem)
            selected.elsewhere += not is_wanted
            return is_wanted
        if entry.digest not in (row.digest, b""):
            if self._strict:
                raise BatchError(
                    f"line {row.line}: {row.custom_id!r} is recorded with another "
                    "request"
                )
            return True
        if entry.state == State.DONE:
            selected.done += 1
            return False
        is_wanted = self._retry.picks(entry.cause, entry.status)
        if entry.cause == "cancelled" and not self._only_failed:
            # Not over, and recorded for what it cost only.
            is_wanted = True
        selected.failed += not is_wanted
        return is_wanted

    def _named(self, row: Row, entries: dict[bytes, Entry]) -> str:
        """Name a row after its request, and its copies by number; not after its line."""
        base = row.digest.hex()[:_NAME_LENGTH]
        first = entries.setdefault(key_of(base), Entry(key=key_of(base)))
        first.copies += 1
        row.custom_id = base if first.copies == 1 else f"{base}-{first.copies}"
        key = key_of(row.custom_id)
        if key not in entries:
            entries.update(self._index.find([key]))
        return row.custom_id


def _name_of(row: Row | Problem) -> str:
    if row.custom_id:
        return row.custom_id
    if isinstance(row, Problem):
        return f"\0{row.line}"
    return row.digest.hex()[:_NAME_LENGTH]


def _repeat(row: Row | Problem, entry: Entry, selected: Selected) -> None:
    if entry.digest == row.digest:
        selected.repeated += 1
        return
    said = f"custom_id {row.custom_id!r} is that of line {entry.line} too"
    selected.problems.append(Problem(line=row.line, digest=row.digest, text=said))

"""One file that only grows by whole lines, whatever happens to the process or the disk.

One ``write`` a record, so that a kill leaves at most the last line torn; what is torn is
repaired before anything is appended; one process at a time holds the file.
"""

import contextlib
import os
import shutil
import stat
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Final, Self

from fireworks_async.batch._compressed import compressing, decompressing
from fireworks_async.batch._records import read
from fireworks_async.errors import BatchError

__all__ = ("RecordFile", "lines_of", "replaced", "sync_directory")

try:
    import fcntl

    _locks: ModuleType | None = fcntl
except ModuleNotFoundError:  # Windows
    _locks = None

_BLOCK: Final = 256 * 1024
_LOOKED_AT: Final = 512
_BOM: Final = b"\xef\xbb\xbf"
_KEPT: Final = "what is recorded stays, and the same command goes on from it"


class RecordFile:
    """A file of records, open for appending and locked.

    Use ``open`` to make one.

    Attributes:
        path: Where it is.
        size: In bytes; also the offset of the next record.
        repaired: What had to be done to its end when it was opened, or None.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.size = 0
        self.repaired: str | None = None
        self._descriptor = descriptor
        self._is_gone = False

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open or create, lock, and repair the end.

        Raises:
            BatchError: It cannot be written, or another run holds it.
        """
        try:
            descriptor = _locked(path)
        except OSError as error:
            raise BatchError(f"{path}: cannot be written: {error.strerror}") from None
        file = cls(path, descriptor)
        try:
            file._repair()
        except OSError as error:
            file.close()
            raise BatchError(f"{path}: cannot be read: {error.strerror}") from None
        except BatchError:
            file.close()
            raise
        return file

    def append(self, record: bytes) -> int:
        """Write one line, and give the offset at which it begins.

        Raises:
            BatchError: It was not written, for instance because the disk is full; the
                file ends with the record before.
        """
        offset = self.size
        try:
            written = os.write(self._descriptor, record)
            while written < len(record):
                # A disk that is almost full takes a part, and says why the next time.
                written += os.write(self._descriptor, record[written:])
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, offset)
            raise BatchError(f"{self.path}: {error.strerror}; {_KEPT}") from None
        self.size += len(record)
        return offset

    def sync(self) -> None:
        """Wait until what was appended is on the disk.

        Raises:
            BatchError: It may not be there.
        """
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            raise BatchError(f"{self.path}: {error.strerror}; {_KEPT}") from None
        if not self.path.exists():
            self._is_gone = not os.fstat(self._descriptor).st_nlink
            said = f"was removed while it was written; {_KEPT}"
            if not self._is_gone:
                said = "was moved while it was written; put it back to go on from it"
            raise BatchError(f"{self.path}: {said}")

    def read_at(self, offset: int, length: int) -> bytes:
        """The record that begins there."""
        return os.pread(self._descriptor, length, offset)

    def close(self) -> None:
        """Close, and let go of the lock; idempotent.

        A file that somebody removed in the meantime is put back: it was paid for.

        Raises:
            BatchError: It could not be put back.
        """
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor < 0:
            return
        try:
            if self._is_gone:
                replaced(self.path, _blocks(descriptor))
        finally:
            os.close(descriptor)

    def _repair(self) -> None:
        """Let the file end with a whole line: keep a whole record, cut off a torn one."""
        before = os.fstat(self._descriptor).st_size
        end = self._without_zeros(before)
        begin = self._after_last_newline(end)
        tail = os.pread(self._descriptor, end - begin, begin)
        keeps_tail = bool(tail) and read(tail) is not None
        if end and not (begin == 0 and keeps_tail):
            _require_ours(self.path, tail if begin == 0 else None)
        self.size = end if keeps_tail else begin
        if self.size < before:
            os.ftruncate(self._descriptor, self.size)
            self.repaired = f"{before - self.size} bytes of a torn record cut off"
        if keeps_tail:
            self.append(b"\n")
            self.repaired = "a line break added to the last record"

    def _without_zeros(self, end: int) -> int:
        """Where the zeros begin that a crash of the machine leaves at the end."""
        while end:
            begin = max(0, end - _BLOCK)
            kept = os.pread(self._descriptor, end - begin, begin).rstrip(b"\0")
            if kept:
                return begin + len(kept)
            end = begin
        return 0

    def _after_last_newline(self, end: int) -> int:
        while end:
            begin = max(0, end - _BLOCK)
            found = os.pread(self._descriptor, end - begin, begin).rfind(b"\n")
            if found >= 0:
                return begin + found + 1
            end = begin
        return 0


def lines_of(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines of a file with the offsets at which they begin; unpacked by its name.

    Raises:
        BatchError: It cannot be read.
    """
    try:
        with path.open("rb", buffering=_BLOCK) as file, decompressing(file, path) as it:
            offset = 0
            for line in it:
                if not offset and line.startswith(_BOM):
                    # An editor's: what follows is as it was written.
                    offset, line = len(_BOM), line[len(_BOM) :]  # noqa: PLW2901 - one name
                yield offset, line
                offset += len(line)
    except OSError as error:
        raise BatchError(f"{path}: cannot be read: {error.strerror}") from None


def replaced(path: Path, lines: Iterator[bytes]) -> int:
    """Put a file of these lines in the place of ``path``, all or nothing.

    It is packed if its name says so.

    Returns:
        How many lines there are.

    Raises:
        BatchError: It could not be written; ``path`` is as it was.
    """
    other = path.with_name(f"{path.name}.new")
    count = 0
    try:
        with other.open("wb", buffering=_BLOCK) as file:
            if path.exists():
                # What its owner lets nobody else read stays so.
                shutil.copymode(path, other)
            with compressing(file, path) as plain:
                for line in lines:
                    plain.write(line)
                    count += 1
            file.flush()
            os.fsync(file.fileno())
        other.replace(path)
        sync_directory(path)
    except OSError as error:
        other.unlink(missing_ok=True)
        said = f"cannot be rewritten: {error.strerror}; {_KEPT}"
        raise BatchError(f"{path}: {said}") from None
    return count


def _blocks(descriptor: int) -> Iterator[bytes]:
    offset = 0
    while block := os.pread(descriptor, _BLOCK, offset):
        yield block
        offset += len(block)


def sync_directory(path: Path) -> None:
    """Let the name of a file outlive the machine's crash."""
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _locked(path: Path) -> int:
    while True:
        is_new = not path.exists()
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            _lock(path, descriptor)
            # Another run may have put a new file in its place before it let go.
            is_there = path.exists() and os.path.samestat(
                os.fstat(descriptor), path.stat()
            )
            if is_there and is_new:
                sync_directory(path)
        except BaseException:
            os.close(descriptor)
            raise
        if is_there:
            return descriptor
        os.close(descriptor)


def _lock(path: Path, descriptor: int) -> None:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise BatchError(f"{path}: is no file that can be gone on with")
    if _locks is None:
        return
    try:
        _locks.flock(descriptor, _locks.LOCK_EX | _locks.LOCK_NB)
    except BlockingIOError:
        raise BatchError(f"{path}: another run is writing it") from None


def _require_ours(path: Path, tail: bytes | None) -> None:
    """Do not repair, or add to, what another program has written.

    Args:
        path: The file.
        tail: All of it, when it has no line break.

    Raises:
        BatchError: It is such a file.
    """
    if tail is not None:
        is_ours = tail.startswith(b'{"id":"batch_req_'[: len(tail)])
    else:
        lines = islice(lines_of(path), _LOOKED_AT)
        is_ours = any(read(line) is not None for _, line in lines)
    if not is_ours:
        raise BatchError(f"{path}: exists, and holds no results of a batch")

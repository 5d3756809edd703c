"""Records that outlive the process that wrote them, at the price of a copy in memory.

A file mapped into memory: what is written there is the kernel's at once, and stays when
the process is killed in the next moment. No call into the system is made per record.
A record is its length and its bytes; the length is written last, so that one which was
torn by a kill is none. What records mean is not known here.
"""

import fcntl
import mmap
import os
import struct
import uuid
from pathlib import Path
from typing import Final

__all__ = ("Journal", "abandoned", "records_in")

_LENGTH: Final = struct.Struct("<I")
_SUFFIX: Final = ".journal"
SEGMENT: Final = 1 << 20


class Journal:
    """One process's journal; segments of a fixed size, one after the other.

    Args:
        directory: Where the segments are; made when it is missing.
        size: Bytes of a segment.

    Attributes:
        full: Segments that are no longer written, oldest first.
    """

    def __init__(self, directory: Path, size: int = SEGMENT) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory = directory
        self._size = size
        self.full: list[Path] = []
        self._begin()

    def append(self, record: bytes) -> None:
        """Write one record."""
        needed = _LENGTH.size + len(record)
        if self._end + needed + _LENGTH.size > self._size:
            self._close()
            self.full.append(self.path)
            self._begin()
        start = self._end + _LENGTH.size
        self._map[start : start + len(record)] = record
        _LENGTH.pack_into(self._map, self._end, len(record))
        self._end += needed

    def close(self) -> None:
        """Stop writing; the segments stay."""
        self._close()
        self.full.append(self.path)

    def _begin(self) -> None:
        self.path = self._directory / f"{uuid.uuid4().hex}{_SUFFIX}"
        self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        # Held until the process ends, however it ends.
        fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(self._descriptor, self._size)
        self._map = mmap.mmap(self._descriptor, self._size)
        self._end = 0

    def _close(self) -> None:
        self._map.close()
        os.close(self._descriptor)


def records_in(path: Path, start: int) -> tuple[list[bytes], int]:
    """The whole records of a segment from a position on, and where they end."""
    with path.open("rb") as file:
        file.seek(start)
        data = file.read()
    records: list[bytes] = []
    place = 0
    while place + _LENGTH.size <= len(data):
        (length,) = _LENGTH.unpack_from(data, place)
        end = place + _LENGTH.size + length
        if not length or end > len(data):
            break
        records.append(data[place + _LENGTH.size : end])
        place = end
    return records, start + place


def abandoned(directory: Path) -> list[Path]:
    """Segments whose process has ended."""
    found: list[Path] = []
    for path in sorted(directory.glob(f"*{_SUFFIX}")):
        try:
            descriptor = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        else:
            found.append(path)
        finally:
            os.close(descriptor)
    return found

"""A ledger for many writers: a directory, in which each writes files of its own.

What one of them has recorded the others find, also after it died: a row that is
computed once more is answered from here, and is not paid for twice. Each writer has two
files: the records, one line each, and their keys with the places of the lines. What is
torn at the end of either was not recorded, and nobody writes behind it.
"""

import hashlib
import os
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from fireworks_async.errors import BatchError

__all__ = ("SharedLedger", "key_of_request")

_KEY: Final = 16
_ENTRY: Final = _KEY + 8
_LINES: Final = ".jsonl"
_KEYS: Final = ".keys"


def key_of_request(custom_id: str, digest: bytes) -> bytes:
    """What a row is found by: its name and its request."""
    whole = hashlib.sha256(custom_id.encode(errors="surrogatepass") + b"\n" + digest)
    return whole.digest()[:_KEY]


class SharedLedger:
    """One writer's view of the directory. Its methods block.

    Memory grows with the number of recorded rows, by about 150 bytes each.

    Args:
        directory: On storage that all writers see; made when it is needed.
    """

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        self._directory = Path(directory)
        self._name = uuid.uuid4().hex
        self._lines = -1
        self._keys = -1
        self._end = 0
        # By key: the file's number, and the place of the line in it.
        self._found: dict[bytes, tuple[int, int]] = {}
        self._files: list[Path] = []
        self._read: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._found)

    def refresh(self) -> None:
        """Read which rows have been recorded since the last time, by whomever.

        Raises:
            BatchError: The directory cannot be read.
        """
        try:
            self._refresh()
        except FileNotFoundError:
            # Nothing has been recorded.
            return
        except OSError as error:
            raise self._problem(error) from None

    def find(self, key: bytes) -> bytes | None:
        """The line that was recorded, without its break; None when there is none."""
        place = self._found.get(key)
        if place is None:
            return None
        number, offset = place
        with self._files[number].open("rb") as file:
            file.seek(offset)
            line = file.readline()
        return line[:-1] if line.endswith(b"\n") else None

    def append(self, records: Iterable[tuple[bytes, bytes]]) -> None:
        """Record lines; when this returns they are on the disk.

        Args:
            records: Keys, and lines that end in a line break.

        Raises:
            BatchError: They cannot be written.
        """
        try:
            if self._lines < 0:
                self._open()
            lines, keys = bytearray(), bytearray()
            for key, line in records:
                keys += key + (self._end + len(lines)).to_bytes(_ENTRY - _KEY, "big")
                lines += line
            _write(self._lines, lines)
            os.fsync(self._lines)
            # Only now: a key without its line would be found, and be nothing.
            _write(self._keys, keys)
            os.fsync(self._keys)
            self._end += len(lines)
        except OSError as error:
            # Their ends may be torn: nothing that is written behind would be found.
            self._begin_anew()
            raise self._problem(error) from None

    def close(self) -> None:
        """Let go of the files; idempotent."""
        for file in (self._lines, self._keys):
            if file >= 0:
                os.close(file)
        self._lines = self._keys = -1

    def _begin_anew(self) -> None:
        self.close()
        self._name, self._end = uuid.uuid4().hex, 0

    def _refresh(self) -> None:
        with os.scandir(self._directory) as entries:
            grown = [
                (entry.name, entry.stat().st_size)
                for entry in entries
                if entry.name.endswith(_KEYS)
            ]
        for name, size in grown:
            begun = self._read.get(name)
            if begun is None:
                self._files.append(self._directory / (name[: -len(_KEYS)] + _LINES))
                begun = self._read[name] = 0
            if size - begun >= _ENTRY:
                self._read_keys(name, begun)

    def _problem(self, error: OSError) -> BatchError:
        return BatchError(f"ledger {self._directory}: {error.strerror or error}")

    def _open(self) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
        base = self._directory / self._name
        self._lines = os.open(f"{base}{_LINES}", flags, 0o600)
        self._keys = os.open(f"{base}{_KEYS}", flags, 0o600)

    def _read_keys(self, name: str, begun: int) -> None:
        with (self._directory / name).open("rb") as file:
            file.seek(begun)
            data = file.read()
        number = self._files.index(self._directory / (name[: -len(_KEYS)] + _LINES))
        whole = len(data) // _ENTRY * _ENTRY
        for start in range(0, whole, _ENTRY):
            key = data[start : start + _KEY]
            place = int.from_bytes(data[start + _KEY : start + _ENTRY], "big")
            self._found[key] = number, place
        self._read[name] = begun + whole


def _write(file: int, data: bytes | bytearray) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(file, left) :]

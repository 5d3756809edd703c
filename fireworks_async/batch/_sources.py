"""Where rows come from: files of lines, tables, standard input; a chunk at a time.

Everything here blocks, and is called in a thread. What a row means is decided elsewhere.
"""

import csv
import errno
import importlib
import os
import sys
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Protocol, cast

from fireworks_async.batch._compressed import decompressing, is_compressed
from fireworks_async.batch._rows import Source
from fireworks_async.errors import BatchError

__all__ = (
    "STDIN",
    "Blocks",
    "chunks_in",
    "chunks_of",
    "count_rows",
    "is_table",
    "require_readable",
)

STDIN: Final = "-"

Chunk = Sequence[tuple[int, Source]]

# Some hundred rows of a kilobyte: enough to be worth a thread's while.
_BLOCK: Final = 256 * 1024
_ROWS: Final = 256
_LONGEST_LINE: Final = 64 * 1024 * 1024
_BOM: Final = b"\xef\xbb\xbf"
_TABLES: Final = (".csv", ".tsv", ".parquet")


class Blocks(Protocol):
    """A file, unpacked."""

    def read1(self, size: int = -1, /) -> bytes:
        """What one read gives."""
        ...


def is_table(path: str) -> bool:
    """Whether the name is that of a table, whose rows have columns and no request."""
    return Path(path).suffix.lower() in _TABLES


def chunks_of(path: str) -> Iterator[Chunk]:
    """Read a file by its name's ending: rows with their numbers, from 1.

    Lines: JSON, also compressed (``.gz``, ``.zst``), or ``-`` for standard input; blank
    lines are left out and counted. Tables: ``.csv``, ``.tsv``, ``.parquet``.

    Raises:
        BatchError: It cannot be read, or a library for it is missing.
    """
    try:
        if path.lower().endswith(".parquet"):
            yield from _parquet(path)
        elif is_table(path):
            yield from _csv(path)
        else:
            with _opened(path) as file:
                yield from chunks_in(file)
    except OSError as error:
        raise BatchError(f"{path}: cannot be read: {error.strerror}") from None


def require_readable(path: str) -> None:
    """Look whether a file can be read, before anything is made for it.

    It is not opened: a pipe's writer would see its reader leave.

    Raises:
        BatchError: It cannot.
    """
    if path == STDIN:
        return
    number = 0
    if not Path(path).exists():
        number = errno.ENOENT
    elif Path(path).is_dir():
        number = errno.EISDIR
    elif not os.access(path, os.R_OK):
        number = errno.EACCES
    if number:
        raise BatchError(f"{path}: cannot be read: {os.strerror(number)}")


def count_rows(path: str) -> int | None:
    """Count the lines of a plain file, quickly; None when only reading it would tell."""
    if path == STDIN or is_table(path) or is_compressed(path):
        return None
    lines, last = 0, b"\n"
    with Path(path).open("rb", buffering=0) as file:
        if not file.seekable():
            return None
        while block := file.read(4 * _BLOCK):
            lines += block.count(b"\n")
            last = block[-1:]
    return lines + (last != b"\n")


@contextmanager
def _opened(path: str) -> Generator[Blocks]:
    if path == STDIN:
        yield cast("Blocks", sys.stdin.buffer)
    else:
        with Path(path).open("rb") as file, decompressing(file, path) as plain:
            yield cast("Blocks", plain)


def chunks_in(file: Blocks) -> Iterator[Sequence[tuple[int, bytes]]]:
    """Whole lines with their numbers, as many at a time as one read gives."""
    number = 0
    open_parts: list[bytes] = []
    while block := file.read1(_BLOCK):
        first, newline, rest = block.partition(b"\n")
        open_parts.append(first)
        if not newline:
            if sum(map(len, open_parts)) > _LONGEST_LINE:
                raise BatchError(
                    f"line {number + 1} is longer than {_LONGEST_LINE >> 20} MiB"
                )
            continue
        whole, _, tail = rest.rpartition(b"\n")
        lines = [b"".join(open_parts)]
        if whole or rest.startswith(b"\n"):
            lines += whole.split(b"\n")
        open_parts = [tail] if tail else []
        if chunk := list(_numbered(lines, number)):
            yield chunk
        number += len(lines)
    if chunk := list(_numbered([b"".join(open_parts)], number)):
        yield chunk


def _numbered(lines: list[bytes], before: int) -> Iterator[tuple[int, bytes]]:
    for number, line in enumerate(lines, start=before + 1):
        text = line.removeprefix(_BOM) if number == 1 else line
        if text and not text.isspace():
            yield number, text


def _csv(path: str) -> Iterator[Chunk]:
    tabs = path.lower().endswith(".tsv")
    # The module's own bound, 128 KiB, is less than many a document.
    csv.field_size_limit(max(csv.field_size_limit(), _LONGEST_LINE))
    with Path(path).open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t" if tabs else ",", strict=True)
        try:
            yield from _grouped(rows)
        except csv.Error as error:
            raise BatchError(f"{path}: line {rows.line_num}: {error}") from None
        except UnicodeDecodeError:
            # Somewhere behind it: text is decoded in blocks.
            raise BatchError(
                f"{path}: is no UTF-8, after line {rows.line_num}; iconv -t utf-8"
            ) from None


def _parquet(path: str) -> Iterator[Chunk]:
    try:
        parquet = cast("Any", importlib.import_module("pyarrow.parquet"))
    except ModuleNotFoundError:
        raise BatchError("reading .parquet needs the library pyarrow") from None
    number = 0
    with parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=_ROWS):
            rows = cast("list[dict[str, object]]", batch.to_pylist())
            yield list(enumerate(rows, start=number + 1))
            number += len(rows)


def _grouped(rows: Iterator[Mapping[Any, Any]]) -> Iterator[Chunk]:
    chunk: list[tuple[int, Source]] = []
    for number, row in enumerate(rows, start=1):
        chunk.append((number, row))
        if len(chunk) == _ROWS:
            yield chunk
            chunk = []
    if chunk:
        yield chunk

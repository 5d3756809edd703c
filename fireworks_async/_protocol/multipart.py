"""A form with a file as a value that can be sent again; how it is framed is not here."""

import threading
from typing import BinaryIO

import msgspec

__all__ = ("FilePart", "MultipartBody")


class FilePart:
    """A file of a form, read piece by piece and as often as it is sent.

    The position of the file itself means nothing between two reads: an attempt that
    was given up may still be reading in its thread while the next one begins.

    Attributes:
        filename: What the server is told.
        size: Bytes in all.
    """

    __slots__ = ("_file", "_lock", "_start", "filename", "size")

    def __init__(self, file: BinaryIO, *, filename: str, start: int, size: int) -> None:
        self._file = file
        self._start = start
        self._lock = threading.Lock()
        self.filename = filename
        self.size = size

    def read(self, offset: int, size: int) -> bytes:
        """Read so many bytes, or those that are left; blocks.

        Raises:
            OSError: The file cannot be read, or has become shorter.
        """
        wanted = min(size, self.size - offset)
        with self._lock:
            self._file.seek(self._start + offset)
            data = self._file.read(wanted)
        if wanted and not data:
            raise OSError(f"{self.filename} has become shorter while it was sent")
        return data


class MultipartBody(msgspec.Struct, frozen=True):
    """The body of ``multipart/form-data``.

    Attributes:
        fields: Names and values, in order.
        file: The field ``file``, last; None when the file is named by a field.
    """

    fields: tuple[tuple[str, str], ...]
    file: FilePart | None = None

    def __len__(self) -> int:
        """Bytes of what is sent, without what frames it."""
        texts = sum(len(name) + len(value.encode()) for name, value in self.fields)
        return texts + (self.file.size if self.file is not None else 0)

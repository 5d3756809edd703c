"""Files whose names say that they are compressed, written and read like any other."""

import gzip
import importlib
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from fireworks_async.errors import BatchError

__all__ = ("compressing", "decompressing", "is_compressed")

_GZIP: Final = ".gz"
_ZSTD: Final = ".zst"


def is_compressed(name: str | Path) -> bool:
    """Whether the name is that of a compressed file."""
    return Path(name).suffix.lower() in (_GZIP, _ZSTD)


@contextmanager
def decompressing(file: BinaryIO, path: str | Path) -> Generator[BinaryIO]:
    """Read a file that is open, by its name.

    Args:
        file: Open for reading.
        path: Its name; one that ``is_compressed`` does not know is read as it is.

    Raises:
        BatchError: It is not what its name says, it ends too early, or a library is
            missing.
    """
    if not is_compressed(path):
        yield file
        return
    library = _library_for(path)
    try:
        with library.open(file, "rb") as plain:
            yield cast("BinaryIO", plain)
    except (EOFError, gzip.BadGzipFile, zlib.error, _error_of(library)) as error:
        raise BatchError(f"{path}: cannot be read: {error}") from None


@contextmanager
def compressing(file: BinaryIO, path: str | Path) -> Generator[BinaryIO]:
    """Write a file that is open, by its name; as for ``decompressing``."""
    if not is_compressed(path):
        yield file
        return
    with _library_for(path).open(file, "wb") as plain:
        yield cast("BinaryIO", plain)


def _library_for(path: str | Path) -> Any:
    if Path(path).suffix.lower() == _GZIP:
        return gzip
    # Of Python since 3.14, and before that of a package that is the same.
    for name in ("compression.zstd", "backports.zstd"):
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError:
            continue
    raise BatchError(
        f"{path}: .zst needs a library: pip install 'fireworks-async[speed]'"
    )


def _error_of(library: Any) -> type[Exception]:
    return cast("type[Exception]", getattr(library, "ZstdError", zlib.error))

"""Lines of files as rows of a Ray dataset; what a line asks for is not looked at here.

Ray's own reader takes a whole file at once, ends at a byte that is no UTF-8, and breaks
lines where JSON does not: at U+2028, which stands in many a text of the web.
"""

import importlib
from collections.abc import Iterator
from typing import Any, Final

from fireworks_async.batch._sources import Blocks, chunks_in

__all__ = ("LINE", "TEXT", "rows_in", "tables_in")

TEXT: Final = "text"
LINE: Final = "line"


def rows_in(ray: Any, source: str) -> Any:
    """The lines of a file, unpacked by its name, or of those in a directory.

    Args:
        ray: Ray.
        source: As Ray's readers take it.

    Returns:
        A dataset of two columns: the line, blank ones left out, and its number.
    """
    base: Any = importlib.import_module("ray.data.datasource").FileBasedDatasource
    kind: Any = type("Lines", (base,), {"_read_stream": _read_stream})
    return ray.data.read_datasource(kind(source))


def tables_in(file: Blocks) -> Iterator[Any]:
    """Its lines as tables, as many at a time as one read gives.

    Bytes that are no UTF-8 become escapes that JSON does not have.
    """
    pa: Any = importlib.import_module("pyarrow")
    for chunk in chunks_in(file):
        texts = [line.decode(errors="backslashreplace") for _, line in chunk]
        numbers = [number for number, _ in chunk]
        yield pa.table(
            {TEXT: pa.array(texts, pa.large_string()), LINE: pa.array(numbers)}
        )


def _read_stream(_: object, file: Blocks, path: str) -> Iterator[Any]:  # noqa: ARG001 - as Ray calls it
    yield from tables_in(file)

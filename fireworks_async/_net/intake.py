"""Takes all that an aiohttp reader holds in one step.

``StreamReader.readany`` hands its pieces over one by one, and after each re-enters the
HTTP parser to see whether reading may go on: seven Python calls for each HTTP chunk,
and servers send one chunk per event. Taking the whole buffer at once costs a third less
CPU per event in bursts (``benchmarks/bench_intake.py``). It needs the reader's private
fields, so it is used only while they are as known; otherwise ``readany`` does the same,
slower, and what came right before a loss is lost with it.
"""

# pyright: reportPrivateUsage=false
from collections.abc import Awaitable
from typing import Final

from aiohttp import StreamReader

__all__ = ("is_known", "more", "take")

_IS_AS_KNOWN: Final = {
    "_buffer",
    "_buffer_offset",
    "_cursor",
    "_eof",
    "_exception",
    "_http_chunk_splits",
    "_loop",
    "_protocol",
    "_size",
    "_waiter",
} <= set(StreamReader.__slots__)


def is_known(reader: StreamReader) -> bool:
    """Whether ``take`` and ``more`` work with this reader; else there is ``readany``."""
    return _IS_AS_KNOWN and type(reader) is StreamReader and not reader._buffer_offset


def take(reader: StreamReader) -> bytes | None:
    """All that has come; ``b""`` at the end, None when there is nothing yet.

    What came before an error is handed out before the error is raised.

    Raises:
        Exception: As ``StreamReader.readany`` does.
    """
    buffer = reader._buffer
    if not buffer:
        if reader._exception is not None:
            raise reader._exception
        return b"" if reader._eof else None
    if len(buffer) == 1:
        data = buffer.popleft()
    else:
        data = b"".join(buffer)
        buffer.clear()
    reader._cursor += len(data)
    reader._size = 0
    if reader._http_chunk_splits:
        reader._http_chunk_splits.clear()
    reader._protocol.resume_reading()
    return data


def more(reader: StreamReader) -> Awaitable[None]:
    """Wait until there is more to take, or an end; for one task at a time.

    The future that the reader itself waits for, without the coroutine around it. One
    that was cancelled stays with the reader until more comes, which does no harm.

    Raises:
        Exception: As ``StreamReader.readany`` does.
    """
    if not reader._protocol.connected:
        raise RuntimeError("Connection closed.")
    waiter = reader._waiter = reader._loop.create_future()
    return waiter

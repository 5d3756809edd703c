"""Takes all that an aiohttp reader holds in one step.

``StreamReader.readany`` hands its pieces over one by one, and after each re-enters the
HTTP parser to see whether reading may go on: seven Python calls for each HTTP chunk,
and servers send one chunk per event. Taking the whole buffer at once costs a third less
CPU per event in bursts (``benchmarks/bench_intake.py``). It needs the reader's private
fields, so it is used only while they are as known; otherwise ``readany`` does the same,
slower.
"""

# pyright: reportPrivateUsage=false
from typing import Final

from aiohttp import StreamReader

__all__ = ("take_all",)

_IS_AS_KNOWN: Final = {
    "_buffer",
    "_buffer_offset",
    "_cursor",
    "_eof",
    "_exception",
    "_http_chunk_splits",
    "_protocol",
    "_size",
} <= set(StreamReader.__slots__) and hasattr(StreamReader, "_wait")


async def take_all(reader: StreamReader) -> bytes:
    """Wait for bytes, and take all that have come; ``b""`` at the end.

    What came before an error is handed out before the error is raised.

    Raises:
        Exception: As ``StreamReader.readany`` does.
    """
    if not _IS_AS_KNOWN or type(reader) is not StreamReader:
        return await reader.readany()
    buffer = reader._buffer
    while not buffer:
        if reader._exception is not None:
            raise reader._exception
        if reader._eof:
            return b""
        await reader._wait("take_all")
    if reader._buffer_offset:
        # Somebody took a part of the first piece; not one of us.
        return await reader.readany()
    data = buffer[0] if len(buffer) == 1 else b"".join(buffer)
    buffer.clear()
    reader._cursor += len(data)
    reader._size = 0
    if reader._http_chunk_splits:
        reader._http_chunk_splits.clear()
    reader._protocol.resume_reading()
    return data

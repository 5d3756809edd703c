"""One streamed answer to someone else's client: writes what it is given.

It knows of bytes and of readers that leave, and never of what the bytes mean.
"""

import asyncio
import socket
import struct
from collections.abc import Mapping

from aiohttp import web

__all__ = ("ReaderLeftError", "SSEWriter")

_LINGER_ZERO = struct.pack("ii", 1, 0)
# On loopback a peer reads within this time what was sent before the reset.
_RESET_AFTER = 0.02


class ReaderLeftError(ConnectionError):
    """The client closed the connection before the answer was whole."""


class SSEWriter:
    """The answer to one request, written piece by piece.

    Each `write` leaves at once as one HTTP chunk. It waits only while the client's
    side of the connection is full, which is what slows a producer down to the speed of
    its reader.

    Args:
        request: The request to answer.
        status: The HTTP status.
        headers: The answer's headers; the content type is `text/event-stream` unless
            they say otherwise.
        length: The Content-Length to promise, or None for a chunked body.
    """

    def __init__(
        self,
        request: web.Request,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        length: int | None = None,
    ) -> None:
        self._request = request
        self._response = web.StreamResponse(status=status, headers=headers)
        if "Content-Type" not in self._response.headers:
            self._response.headers["Content-Type"] = "text/event-stream"
        if length is not None:
            self._response.content_length = length

    @property
    def response(self) -> web.StreamResponse:
        """What a handler has to return, whatever became of the answer."""
        return self._response

    @property
    def reader_left(self) -> bool:
        """Whether the connection is gone or about to go."""
        transport = self._request.transport
        return transport is None or transport.is_closing()

    async def open(self) -> None:
        """Send the status and the headers, without waiting for a first piece.

        Raises:
            ReaderLeftError: Nobody is there to read them.
        """
        try:
            await self._response.prepare(self._request)
        except ConnectionError as error:
            raise ReaderLeftError("the client left before the headers") from error

    async def write(self, data: bytes) -> None:
        """Send one piece.

        Raises:
            ReaderLeftError: The client has left.
        """
        try:
            await self._response.write(data)
        except ConnectionError as error:
            raise ReaderLeftError("the client left in the middle") from error

    async def write_unframed(self, data: bytes) -> None:
        """Send bytes past HTTP: no headers, no chunk, exactly as they are.

        Raises:
            ReaderLeftError: The client has left.
        """
        transport = self._request.transport
        if transport is None or transport.is_closing():
            raise ReaderLeftError("the client left in the middle")
        transport.write(data)

    async def close(self) -> None:
        """End the body as HTTP has it; the connection can carry the next request.

        Raises:
            ReaderLeftError: The client has left.
        """
        try:
            await self._response.write_eof()
        except ConnectionError as error:
            raise ReaderLeftError("the client left before the end") from error

    def hang_up(self) -> None:
        """Close the connection in the middle: what was written arrives, then FIN."""
        transport = self._request.transport
        if transport is not None:
            transport.close()

    async def reset(self) -> None:
        """Close the connection in the middle by RST, once the reader had its bytes."""
        await asyncio.sleep(_RESET_AFTER)
        transport = self._request.transport
        if transport is None:
            return
        peer: socket.socket | None = transport.get_extra_info("socket")
        if peer is not None:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
        transport.abort()

"""One whole answer, sent in one piece; what it says is not known here.

aiohttp's own response is made for everything that an answer can be. Here is what nearly
all of them are, which spares a server half of what it does for an answer beside reading
the request; where one is anything else, it becomes a response of aiohttp's.
"""

import re
import time
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from aiohttp import web
from aiohttp.http import HttpVersion11

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp.abc import AbstractStreamWriter

__all__ = ("WholeResponse",)

# What would end a line, or a header before its time.
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_LARGEST_PIECE: Final = 2**16


class _Dated:
    """The time as HTTP has it; made once a second."""

    def __init__(self) -> None:
        self._second = -1
        self._text = ""

    def now(self) -> str:
        second = int(time.time())
        if second != self._second:
            self._second = second
            self._text = formatdate(second, usegmt=True)
        return self._text


_DATED: Final = _Dated()


class WholeResponse(web.StreamResponse):
    """An answer that is there whole.

    Args:
        body: All of it.
        headers: Its headers, the content type among them; the length is added.
        status: The HTTP status.
    """

    def __init__(
        self, body: bytes, headers: "Mapping[str, str]", *, status: int = 200
    ) -> None:
        super().__init__(status=status, headers=headers)
        self._whole = body
        self._is_out = False
        self._other: web.Response | None = None

    @property
    def keep_alive(self) -> bool | None:
        """Whether the connection carries the next request."""
        return self._is_out if self._other is None else self._other.keep_alive

    async def prepare(self, request: web.BaseRequest) -> "AbstractStreamWriter | None":
        """Send it, or begin to.

        Raises:
            ConnectionError: The client has left.
            ValueError: A header would be more than one.
        """
        if self._is_out:
            return None
        if self.status != HTTPStatus.OK or not _is_plain(request):
            self._other = web.Response(
                body=self._whole, status=self.status, headers=self.headers
            )
            return await self._other.prepare(request)
        transport = request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the client left before the answer")
        head = self._head()
        self._is_out = True
        if len(self._whole) > _LARGEST_PIECE:
            transport.write(head)
            transport.write(self._whole)
        else:
            transport.write(head + self._whole)
        if transport.get_write_buffer_size():
            # A client that asks without reading is not to fill the memory.
            await request.writer.drain()
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Send what is left of it."""
        if self._other is not None:
            await self._other.write_eof(data)

    def _head(self) -> bytes:
        lines = [f"{name}: {value}" for name, value in self.headers.items()]
        if _CONTROL.search("".join(lines)):
            raise ValueError("a header holds a control character")
        lines += (
            f"Content-Length: {len(self._whole)}",
            f"Date: {_DATED.now()}",
            "\r\n",
        )
        return ("HTTP/1.1 200 OK\r\n" + "\r\n".join(lines)).encode()


def _is_plain(request: web.BaseRequest) -> bool:
    """Whether nothing is special about how it has to be answered."""
    if (
        request.method != "POST"
        or request.version != HttpVersion11
        or not request.keep_alive
    ):
        return False
    if isinstance(request, web.Request):
        # Those want to see the headers of every answer.
        for app in request.match_info.apps:
            if app.on_response_prepare:
                return False
    return True

"""A form on its way out: framed as ``multipart/form-data``, its file read in threads.

The length is known before the first byte goes, and nothing of the file is held but the
piece that is being sent.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator, Mapping
from typing import Final

from fireworks_async._protocol.multipart import MultipartBody

__all__ = ("Upload",)

_PIECE: Final = 256 * 1024
# As browsers do it, and no server takes it for anything else.
_QUOTED: Final = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})


class Upload(AsyncIterator[bytes]):
    """One sending of a form.

    An iterator and not a generator: one that is left in the middle needs no closing.

    Attributes:
        headers: What frames the body.
    """

    def __init__(self, form: MultipartBody) -> None:
        boundary = uuid.uuid4().hex
        self._file = form.file
        self._offset = 0
        self._head = _head(form, boundary)
        self._tail = b"\r\n--%b--\r\n" % boundary.encode()
        size = form.file.size if form.file is not None else 0
        self.headers: Mapping[str, str] = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(len(self._head) + size + len(self._tail)),
        }

    async def __anext__(self) -> bytes:
        piece, self._head = self._head, b""
        if not piece and self._file is not None and self._offset < self._file.size:
            piece = await asyncio.to_thread(self._file.read, self._offset, _PIECE)
            self._offset += len(piece)
        if not piece:
            piece, self._tail = self._tail, b""
        if not piece:
            raise StopAsyncIteration
        return piece


def _head(form: MultipartBody, boundary: str) -> bytes:
    """All that comes before the file, or before the end when there is none."""
    parts: list[str] = []
    for name, value in form.fields:
        parts += (
            f"--{boundary}",
            f'Content-Disposition: form-data; name="{name.translate(_QUOTED)}"',
            "",
            value,
        )
    if form.file is not None:
        filename = form.file.filename.translate(_QUOTED)
        parts += (
            f"--{boundary}",
            f'Content-Disposition: form-data; name="file"; filename="{filename}"',
            "Content-Type: application/octet-stream",
            "",
            "",
        )
    return "\r\n".join(parts).encode()

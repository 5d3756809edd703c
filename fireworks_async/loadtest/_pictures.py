"""Pictures for prompts: small PNG files of coloured squares, no two alike."""

import random
import struct
import zlib
from base64 import b64encode

__all__ = ("picture_url",)

_SQUARE = 16


def picture_url(size: int, dice: random.Random) -> str:
    """A picture as a ``data:`` URL.

    Args:
        size: Its width and height in pixels.
        dice: The same dice give the same picture.
    """
    across = -(-size // _SQUARE)
    rows: list[bytes] = []
    for _ in range(across):
        squares = b"".join(dice.randbytes(3) * _SQUARE for _ in range(across))
        # Each row of a PNG begins with the number of its filter: none.
        rows += [b"\0" + squares[: 3 * size]] * _SQUARE
    pixels = zlib.compress(b"".join(rows[:size]))
    head = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + b"".join(
        _block(name, body)
        for name, body in ((b"IHDR", head), (b"IDAT", pixels), (b"IEND", b""))
    )
    return "data:image/png;base64," + b64encode(data).decode()


def _block(name: bytes, body: bytes) -> bytes:
    checked = name + body
    return (
        struct.pack(">I", len(body)) + checked + struct.pack(">I", zlib.crc32(checked))
    )

"""Image and video files, made here: small, and as their formats have it."""

import struct
import zlib


def png(width: int = 2, height: int = 2) -> bytes:
    """A PNG of black."""

    def part(kind: bytes, data: bytes) -> bytes:
        checked = kind + data
        return (
            struct.pack(">I", len(data))
            + checked
            + struct.pack(">I", zlib.crc32(checked))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    lines = b"".join(b"\0" + b"\0" * width for _ in range(height))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [part(b"IHDR", header), part(b"IDAT", zlib.compress(lines)), part(b"IEND", b"")]
    )


def box(kind: bytes, inside: bytes = b"") -> bytes:
    """One box of an MP4."""
    return struct.pack(">I", 8 + len(inside)) + kind + inside


def mp4(seconds: float | None = 2.0, *, is_long: bool = False) -> bytes:
    """The head of an MP4 without pictures; None is a length that nobody knows."""
    form, nowhere = (">QQIQ", 2**64 - 1) if is_long else (">IIII", 2**32 - 1)
    length = nowhere if seconds is None else int(seconds * 600)
    times = struct.pack(form, 0, 0, 600, length)
    header = box(b"mvhd", bytes([is_long, 0, 0, 0]) + times + bytes(80))
    return b"".join(
        [box(b"ftyp", b"isom\0\0\2\0"), box(b"mdat", b"\0" * 9), box(b"moov", header)]
    )

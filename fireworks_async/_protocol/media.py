"""Images, videos and sounds as the API takes them: formats, limits, ``data:`` URLs.

What a file is, its bytes tell, whatever it is called. No file is opened here; that is
``_client/media``.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from typing import Final, Literal, TypeAlias, TypeGuard

from fireworks_async._typing import JSONObject

__all__ = (
    "LARGEST_MEDIA",
    "MediaKind",
    "check_images",
    "check_media",
    "check_media_url",
    "data_url",
    "media_type_of",
    "too_large",
)

MediaKind: TypeAlias = Literal["image", "video", "audio"]

# "Under 10 MB" by the documentation; of the two readings the one that refuses less.
_LARGEST_BASE64: Final = 10 * 1024 * 1024
_MOST_IMAGES: Final = 30
_LONGEST_VIDEO: Final = 60.0

LARGEST_MEDIA: Final = _LARGEST_BASE64 // 4 * 3
"""Bytes of a file at most: base64 makes four of three."""

_TAKEN: Final[dict[MediaKind, dict[str, str]]] = {
    "image": {
        "image/png": "png",
        "image/jpeg": "jpeg",
        "image/gif": "gif",
        "image/bmp": "bmp",
        "image/tiff": "tiff",
        "image/x-portable-pixmap": "ppm",
    },
    "video": {"video/mp4": "mp4"},
    "audio": {"audio/ogg": "ogg"},
}

# The others are known so that an error can name them.
# Compiled when first looked for: most programs send no file.
_SIGNATURES: Final = (
    (rb"\x89PNG\r\n\x1a\n", "image/png"),
    (rb"\xff\xd8\xff", "image/jpeg"),
    (rb"GIF8[79]a", "image/gif"),
    # Two letters alone begin many a text: the reserved field is zero.
    (rb"BM.{4}\0\0\0\0", "image/bmp"),
    (rb"II\*\0|MM\0\*", "image/tiff"),
    (rb"P[36][ \t\r\n#]", "image/x-portable-pixmap"),
    (rb"RIFF.{4}WEBP", "image/webp"),
    (rb".{4}ftyp(?:heic|heix|hevc|mif1|msf1)", "image/heic"),
    (rb".{4}ftypavi[fs]", "image/avif"),
    (rb"\s*<(?:svg|\?xml[^>]*>\s*<svg)", "image/svg+xml"),
    (rb"%PDF-", "application/pdf"),
    (rb".{4}ftypqt  ", "video/quicktime"),
    (rb".{4}ftypM4[AB] ", "audio/mp4"),
    (rb".{4}ftyp", "video/mp4"),
    (rb"\x1aE\xdf\xa3", "video/webm"),
    (rb"RIFF.{4}AVI ", "video/x-msvideo"),
    (rb"OggS", "audio/ogg"),
    (rb"RIFF.{4}WAVE", "audio/wav"),
    (rb"ID3|\xff[\xfb\xf3\xf2]", "audio/mpeg"),
    (rb"\xff[\xf1\xf9]", "audio/aac"),
    (rb"fLaC", "audio/flac"),
)

_DATA_URL: Final = r"(?i)data:[^,]*;base64,"
# As much base64 as tells the format.
_HEAD: Final = 64


def media_type_of(data: bytes) -> str | None:
    """Tell the media type of a file from its first bytes; None for what is unknown."""
    for signature, media_type in _SIGNATURES:
        if re.match(signature, data, re.DOTALL):
            return media_type
    return None


def data_url(kind: MediaKind, data: bytes, name: str) -> str:
    """Write a file as a ``data:`` URL.

    Args:
        kind: What it is to be; also the name of the argument, for errors.
        data: The whole file.
        name: What the file is called, for errors.

    Raises:
        ValueError: The API does not take it: its format, its size, or its length.
    """
    if not data:
        raise ValueError(f"{kind}: {name} is empty")
    media_type = _taken(kind, data, name)
    if len(data) > LARGEST_MEDIA:
        raise ValueError(too_large(kind, name, len(data)))
    if media_type == "video/mp4":
        _check_length(data, name)
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def check_media_url(kind: MediaKind, url: str) -> None:
    """Look at a URL before it is sent; what is elsewhere cannot be looked at.

    Raises:
        ValueError: Neither ``http(s)`` nor ``data:``, or data that the API does not
            take.
    """
    scheme = url.partition(":")[0].lower()
    if scheme in {"http", "https"}:
        return
    start = re.match(_DATA_URL, url)
    if start is None:
        raise ValueError(
            f"{kind}: the API takes http:, https: and data:...;base64, URLs, "
            f"not {url[:40]!r}"
        )
    head = url[start.end() : start.end() + _HEAD]
    try:
        data = base64.b64decode(head, validate=True)
    except binascii.Error:
        raise ValueError(f"{kind}: the data: URL holds no base64") from None
    _taken(kind, data, "the data: URL")
    size = len(url) - start.end()
    if size > _LARGEST_BASE64:
        raise ValueError(too_large(kind, "the data: URL", size // 4 * 3))


def too_large(kind: MediaKind, name: str, size: int) -> str:
    """Say that a file of so many bytes cannot be sent."""
    return (
        f"{kind}: {name} has {size:,} bytes; the API takes {LARGEST_MEDIA:,} "
        "in one request"
    )


def check_media(messages: Iterable[JSONObject]) -> None:
    """Hold a whole request to the limits of the API.

    Args:
        messages: As they are sent.

    Raises:
        ValueError: There are too many images, or too much of base64.
    """
    images = size = 0
    for message in messages:
        for kind, url in _urls_in(message.get("content")):
            images += kind == "image_url"
            size += _base64_in(url)
    _check_totals("messages", images, size)


def check_images(images: object) -> None:
    """Hold the images of a text completion to the same limits.

    Args:
        images: URLs, or a list of them for each prompt.

    Raises:
        ValueError: There are too many images, or too much of base64.
    """
    flat: list[object] = []
    for item in images if _is_list(images) else ():
        flat += item if _is_list(item) else [item]
    size = sum(_base64_in(url) for url in flat if isinstance(url, str))
    _check_totals("images", len(flat), size)


def _base64_in(url: str) -> int:
    start = re.match(_DATA_URL, url)
    return len(url) - start.end() if start else 0


def _check_totals(argument: str, images: int, size: int) -> None:
    if images > _MOST_IMAGES:
        raise ValueError(
            f"{argument}: {images} images; the API takes {_MOST_IMAGES} in one request"
        )
    if size > _LARGEST_BASE64:
        raise ValueError(
            f"{argument}: {size:,} bytes of base64; the API takes {_LARGEST_BASE64:,} "
            "in one request"
        )


def _urls_in(content: object) -> Iterator[tuple[str, str]]:
    for part in content if _is_list(content) else ():
        if not _is_object(part):
            continue
        for kind in ("image_url", "video_url", "audio_url"):
            url = part.get(kind)
            url = url.get("url") if _is_object(url) else url
            if isinstance(url, str):
                yield kind, url


def _taken(kind: MediaKind, data: bytes, name: str) -> str:
    media_type = media_type_of(data)
    taken = _TAKEN[kind]
    if media_type in taken:
        return media_type
    *most, last = taken.values()
    formats = f"{', '.join(most)} and {last}" if most else last
    is_what = f"is {media_type}" if media_type else f"is no {kind}"
    raise ValueError(f"{kind}: {name} {is_what}; the API takes {formats}")


def _check_length(data: bytes, name: str) -> None:
    seconds = _seconds_of_mp4(data)
    if seconds is not None and seconds > _LONGEST_VIDEO:
        raise ValueError(
            f"video: {name} lasts {seconds:.1f} s; the API takes {_LONGEST_VIDEO:.0f} s"
        )


def _seconds_of_mp4(data: bytes) -> float | None:
    """Read how long a video is where its header says so (ISO 14496-12, 8.2.2)."""
    for kind, start, end in _boxes(data, 0, len(data)):
        if kind != b"moov":
            continue
        for inner, at, _ in _boxes(data, start, end):
            if inner == b"mvhd":
                return _seconds_in_header(data, at)
    return None


def _seconds_in_header(data: bytes, start: int) -> float | None:
    # Times are longer in version 1.
    is_long = data[start : start + 1] == b"\x01"
    at = start + (20 if is_long else 12)
    scale = int.from_bytes(data[at : at + 4])
    length = data[at + 4 : at + (12 if is_long else 8)]
    # All ones stand for a length that nobody knows.
    if not scale or not length.strip(b"\xff"):
        return None
    return int.from_bytes(length) / scale


def _boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """List the boxes of an MP4 file: what each is, and where its inside is."""
    while start + 8 <= end:
        size = int.from_bytes(data[start : start + 4])
        kind = data[start + 4 : start + 8]
        inside = start + 8
        if size == 1:
            size = int.from_bytes(data[inside : inside + 8])
            inside += 8
        elif size == 0:
            size = end - start
        if start + size < inside:
            return
        yield kind, inside, min(start + size, end)
        start += size


def _is_object(value: object) -> TypeGuard[JSONObject]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[list[object] | tuple[object, ...]]:
    return isinstance(value, list | tuple)

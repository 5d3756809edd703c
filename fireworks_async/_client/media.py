"""Files, bytes and addresses as parts of a message: what users write around calls.

Files are read in threads. What the API takes is known in ``_protocol/media``.
"""

import os
import re
from pathlib import Path
from typing import TypeAlias, cast

import anyio.to_thread

from fireworks_async._protocol.media import (
    LARGEST_MEDIA,
    MediaKind,
    check_media_url,
    data_url,
    too_large,
)
from fireworks_async._typing import AudioPart, ImagePart, ImageURL, VideoPart, VideoURL

__all__ = ("MediaSource", "audio_part", "image_part", "video_part")

MediaSource: TypeAlias = str | os.PathLike[str] | bytes
"""A path, the bytes, or an ``http://``, ``https://`` or ``data:`` URL."""

_URL = re.compile(r"data:|[a-z][a-z0-9+.-]*://", re.IGNORECASE)


async def image_part(image: MediaSource, *, detail: str | None = None) -> ImagePart:
    """Make the part of a message that shows an image to the model.

    A file is read here, in a thread, and travels in the request; a URL is fetched by
    the API, which takes images of up to 5 MB that come within 1.5 s.

    Args:
        image: A path, the bytes, or a URL. In the formats png, jpeg, gif, bmp, tiff and
            ppm; up to 30 images and 10 MB of base64 in one request.
        detail: How closely to look, where a model knows that.

    Raises:
        OSError: The file cannot be read; ``FileNotFoundError`` when there is none.
        TypeError: ``image`` is none of these.
        ValueError: The API does not take it: its format, or its size.
    """
    image_url: ImageURL = {"url": await _url_of("image", image)}
    if detail is not None:
        image_url["detail"] = detail
    return {"type": "image_url", "image_url": image_url}


async def video_part(
    video: MediaSource,
    *,
    detail: str | None = None,
    max_frames: int | None = None,
    sample_fps: float | None = None,
    spatial_limit: int | None = None,
) -> VideoPart:
    """Make the part of a message that shows a video, to models on own deployments.

    Args:
        video: A path, the bytes, or a URL. MP4 of up to 60 s and 10 MB of base64.
        detail: How closely to look, where a model knows that.
        max_frames: Pictures to look at, at most.
        sample_fps: Pictures to look at in a second.
        spatial_limit: Cap on the size of a picture.

    Raises:
        OSError: The file cannot be read; ``FileNotFoundError`` when there is none.
        TypeError: ``video`` is none of these.
        ValueError: The API does not take it: its format, its size, or its length.
    """
    video_url: VideoURL = {"url": await _url_of("video", video)}
    if detail is not None:
        video_url["detail"] = detail
    if max_frames is not None:
        video_url["max_frames"] = max_frames
    if sample_fps is not None:
        video_url["sample_fps"] = sample_fps
    if spatial_limit is not None:
        video_url["spatial_limit"] = spatial_limit
    return {"type": "video_url", "video_url": video_url}


async def audio_part(audio: MediaSource) -> AudioPart:
    """Make the part of a message that lets a model on an own deployment hear a sound.

    Args:
        audio: A path, the bytes, or a URL. Ogg of up to 10 MB of base64.

    Raises:
        OSError: The file cannot be read; ``FileNotFoundError`` when there is none.
        TypeError: ``audio`` is none of these.
        ValueError: The API does not take it: its format, or its size.
    """
    return {"type": "audio_url", "audio_url": {"url": await _url_of("audio", audio)}}


async def _url_of(kind: MediaKind, source: object) -> str:
    match source:
        case str() if _URL.match(source):
            check_media_url(kind, source)
            return source
        case bytes():
            name = "what was given"
            return await anyio.to_thread.run_sync(data_url, kind, source, name)
        case str() | os.PathLike():
            path = Path(cast("str | os.PathLike[str]", source))
            return await anyio.to_thread.run_sync(_read, kind, path)
        case _:
            raise TypeError(
                f"{kind}: expected a path, bytes or a URL, not {type(source).__name__}"
            )


def _read(kind: MediaKind, path: Path) -> str:
    """Read a file that is not too large to be sent; blocks."""
    name = repr(str(path))
    try:
        size = path.stat().st_size
        if size > LARGEST_MEDIA:
            raise ValueError(too_large(kind, name, size))
        data = path.read_bytes()
    except OSError as error:
        # Of the same class, such as FileNotFoundError, and with the argument's name.
        raise OSError(
            error.errno, f"{kind}: {error.strerror}", error.filename
        ) from None
    return data_url(kind, data, name)

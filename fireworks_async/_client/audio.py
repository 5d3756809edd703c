"""``client.audio``: a sound file in, its words out.

A file is opened before anything is sent, read in pieces while it is sent, and closed
when the call is over; a file object stays open and is read from where it stands.
"""

import contextlib
import io
import os
from pathlib import Path
from typing import BinaryIO, Literal, TypeAlias, Unpack, overload
from urllib.parse import urlsplit

import anyio.to_thread

from fireworks_async._client.attempts import Service
from fireworks_async._client.options import RequestOptions, split
from fireworks_async._client.unary import fetch
from fireworks_async._policy.naming import (
    audio_base_of,
    is_audio_host,
    resolve_audio_model,
)
from fireworks_async._protocol.audio import (
    AudioFormat,
    AudioParams,
    Transcription,
    audio_request,
    decode_text,
    decode_transcription,
    form_fields,
)
from fireworks_async._protocol.multipart import FilePart
from fireworks_async.errors import APIStatusError, ServiceEndedError

__all__ = ("Audio", "AudioCallParams", "AudioEndpoint", "AudioFile")

AudioFile: TypeAlias = str | os.PathLike[str] | bytes | BinaryIO
"""A path, the bytes, an open file that can seek, or an ``https://`` address."""


class AudioCallParams(AudioParams, RequestOptions, total=False):
    """Every keyword of a call but ``file``, ``model`` and ``response_format``."""


_KEYWORDS = AudioCallParams.__optional_keys__
_FORMATS = ("json", "verbose_json", "text", "srt", "vtt")
# What hosts answer whose service is over: one knows no key any more, one no path.
_GONE = frozenset({401, 404})


class AudioEndpoint:
    """``client.audio.transcriptions`` or ``.translations``."""

    def __init__(
        self, service: Service, task: Literal["transcriptions", "translations"]
    ) -> None:
        self._service = service
        self._task: Literal["transcriptions", "translations"] = task

    @overload
    async def create(
        self,
        *,
        file: AudioFile,
        model: str = "whisper-v3",
        response_format: Literal["json", "verbose_json"] = "json",
        **params: Unpack[AudioCallParams],
    ) -> Transcription: ...
    @overload
    async def create(
        self,
        *,
        file: AudioFile,
        model: str = "whisper-v3",
        response_format: Literal["text", "srt", "vtt"],
        **params: Unpack[AudioCallParams],
    ) -> str: ...
    async def create(
        self,
        *,
        file: AudioFile,
        model: str = "whisper-v3",
        response_format: AudioFormat = "json",
        **params: Unpack[AudioCallParams],
    ) -> Transcription | str:
        """Write down what is said; ``translations`` does so in English.

        Fireworks ended its audio service in June 2026. Servers that still have one are
        reached with ``audio_base_url``, or ``base_url``, of the client.

        Args:
            file: The sound: a path, its bytes, an open file that can seek, or an
                ``https://`` address that the server can read.
            model: ``whisper-v3`` or ``whisper-v3-turbo``, which decides the host.
            response_format: ``json`` and ``verbose_json`` give a ``Transcription``,
                the others text.
            params: The fields of ``AudioParams``, and the options of
                ``RequestOptions``.

        Raises:
            TypeError: A keyword is unknown, or a value is of the wrong type.
            ValueError: A value, or a combination, that cannot be sent.
            OSError: The file cannot be read.
            ServiceEndedError: Fireworks' own audio hosts refuse.
            APIError: The call failed.
        """
        fields, options = split(
            params, keywords=_KEYWORDS, own=("file", "model", "response_format")
        )
        if response_format not in _FORMATS:
            raise ValueError(
                f"response_format: expected one of {', '.join(_FORMATS)}, not "
                f"{response_format!r}"
            )
        name = resolve_audio_model(model)
        fields |= options.get("extra_body") or {}
        form = form_fields(model=name, response_format=response_format, params=fields)
        base = self._service.config.audio_base_url or audio_base_of(name)
        is_json = response_format in ("json", "verbose_json")
        decode = decode_transcription if is_json else decode_text
        with contextlib.ExitStack() as stack:
            if isinstance(file, str) and file.startswith(("https://", "http://")):
                form, part = (*form, ("file", file)), None
            else:
                part = await anyio.to_thread.run_sync(_opened, file, stack)
            request = audio_request(self._task, form, part)
            try:
                return await fetch(
                    self._service, request, options, decode, base_url=base
                )
            except APIStatusError as error:
                if not _has_ended(error, base):
                    raise
                refusal = error
            # Outside the handler, so that it is no context of the other.
            raise _service_ended(refusal, base)


class Audio:
    """``client.audio``."""

    def __init__(self, service: Service) -> None:
        self.transcriptions = AudioEndpoint(service, "transcriptions")
        self.translations = AudioEndpoint(service, "translations")


def _opened(file: AudioFile, stack: contextlib.ExitStack) -> FilePart:
    """Open what is a path, and find out how long it is; blocks."""
    match file:
        case bytes():
            held: BinaryIO = io.BytesIO(file)
            name = "audio"
        case str() | os.PathLike():
            opened = Path(file).open("rb")  # noqa: SIM115 - the stack closes it
            held = stack.enter_context(opened)
            name = Path(file).name
        case _:
            held = file
            name = _name_of(file)
    start = held.tell()
    size = held.seek(0, os.SEEK_END) - start
    held.seek(start)
    return FilePart(held, filename=name, start=start, size=size)


def _name_of(file: object) -> str:
    """Check that a file object can be sent, more than once if need be."""
    seekable = getattr(file, "seekable", None)
    if not callable(seekable) or isinstance(file, io.TextIOBase):
        raise TypeError(
            "file: expected a path, bytes or a file that was opened in binary mode, "
            f"not {type(file).__name__}"
        )
    if not seekable():
        raise ValueError(
            "file: it cannot be read twice, as a retry must; give its bytes instead"
        )
    name = getattr(file, "name", None)
    return Path(name).name if isinstance(name, str) else "audio"


def _has_ended(error: APIStatusError, base: str) -> bool:
    """Tell whether Fireworks' own audio hosts refuse."""
    return is_audio_host(base) and error.status_code in _GONE


def _service_ended(error: APIStatusError, base: str) -> ServiceEndedError:
    return ServiceEndedError(
        f"{urlsplit(base).hostname} refuses: Fireworks ended its audio service in June "
        "2026. Give audio_base_url, or FIREWORKS_AUDIO_BASE_URL, of a server that has "
        f"one. It said: {error.message}",
        status_code=error.status_code,
        headers=error.headers,
        retry_after=error.retry_after,
        code=error.code,
        type=error.type,
        param=error.param,
        request_id=error.request_id,
        body=error.body,
    )

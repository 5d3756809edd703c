"""Audio: the fields of a form in, a transcript or its text out; no file is opened here."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, Literal, TypeAlias, TypedDict, cast

import msgspec

from fireworks_async._protocol.multipart import FilePart, MultipartBody
from fireworks_async._protocol.requests import WireRequest

__all__ = (
    "AudioFormat",
    "AudioParams",
    "AudioSegment",
    "AudioWord",
    "Transcription",
    "audio_request",
    "decode_text",
    "decode_transcription",
    "form_fields",
)

AudioFormat: TypeAlias = Literal["json", "verbose_json", "text", "srt", "vtt"]
Granularity: TypeAlias = Literal["word", "segment"]

_HEADERS: Final = MappingProxyType({"Accept": "*/*"})


class AudioParams(TypedDict, total=False):
    """The fields of the form beside its model, file and answer's format."""

    language: str | None
    """Code of the language that is spoken; found out when absent."""
    prompt: str | None
    """A text in whose style and words the answer is written."""
    temperature: float | Sequence[float] | None
    """0 by default; several are tried in turn while the answer is poor."""
    timestamp_granularities: Sequence[Granularity] | Granularity | None
    """With ``verbose_json``: times of words, segments (the default), or both."""
    vad_model: str | None
    """What finds speech: ``silero`` (the default) or ``whisperx-pyannet``."""
    alignment_model: str | None
    """What finds times: ``mms_fa`` (the default), ``tdnn_ffn`` or ``gentle``."""
    diarize: bool | None
    """Tell speakers apart; with ``verbose_json`` and times of words only."""
    min_speakers: int | None
    """With ``diarize``."""
    max_speakers: int | None
    """With ``diarize``."""
    preprocessing: Literal["none", "dynamic", "soft_dynamic", "bass_dynamic"] | None
    """How the sound is made clearer first."""


class AudioWord(msgspec.Struct, kw_only=True, gc=False):
    """One word that was heard; None where the server does not tell.

    Attributes:
        word: Its text.
        language: Its code, such as ``en``.
        probability: That it was heard right, 0 to 1.
        hallucination_score: The server's, of a word that was not said.
        start: Seconds from the beginning of the sound.
        end: Likewise.
        speaker_id: Who said it, when ``diarize`` asks.
    """

    word: str = ""
    language: str | None = None
    probability: float | None = None
    hallucination_score: float | None = None
    start: float | None = None
    end: float | None = None
    speaker_id: str | None = None


class AudioSegment(msgspec.Struct, kw_only=True, gc=False):
    """One stretch of speech; None where the server does not tell.

    Attributes:
        text: What was said.
        id: Its number or name.
        start: Seconds from the beginning of the sound.
        end: Likewise.
        words: Each of them, when ``timestamp_granularities`` asks.
        speaker_id: Who spoke, when ``diarize`` asks.
        seek: Where the decoder stood.
        audio_start: Seconds; where the stretch of sound begins that was looked at.
        audio_end: Where it ends.
        tokens: Numbers in the vocabulary.
        temperature: That of the decoder.
        avg_logprob: Mean of the natural logarithms of the tokens' probabilities.
        compression_ratio: Of the text: a high one is a repetition.
        no_speech_prob: That nobody spoke, 0 to 1.
        no_speech: Whether nobody did.
        retry_count: How often the decoder began anew.
    """

    text: str = ""
    id: int | str | None = None
    start: float | None = None
    end: float | None = None
    words: list[AudioWord] | None = None
    speaker_id: str | None = None
    seek: float | None = None
    audio_start: float | None = None
    audio_end: float | None = None
    tokens: list[int] | None = None
    temperature: float | None = None
    avg_logprob: float | None = None
    compression_ratio: float | None = None
    no_speech_prob: float | None = None
    no_speech: bool | None = None
    retry_count: int | None = None


class Transcription(msgspec.Struct, kw_only=True):
    """What was heard.

    Attributes:
        text: All of it.
        task: ``transcribe`` or ``translate``; from here on with ``verbose_json`` only.
        language: What was spoken.
        duration: Seconds of sound.
        words: With times of words.
        segments: With times of segments.
    """

    text: str
    task: str | None = None
    language: str | None = None
    duration: float | None = None
    words: list[AudioWord] | None = None
    segments: list[AudioSegment] | None = None


_decoder = msgspec.json.Decoder(Transcription, strict=False)


def form_fields(
    *, model: str, response_format: str, params: Mapping[str, object]
) -> tuple[tuple[str, str], ...]:
    """Write the fields of a form as texts; those that are None are left out.

    Raises:
        TypeError: A value has no form as text.
        ValueError: Fields that the API takes only together are not.
    """
    fields = {"model": model, "response_format": response_format}
    for name, value in params.items():
        if value is not None:
            fields[name] = _as_text(name, value)
    _check(fields)
    return tuple(fields.items())


def _as_text(name: str, value: object) -> str:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case list() | tuple():
            parts = cast("Sequence[object]", value)
            return ",".join(_as_text(name, part) for part in parts)
        case _:
            raise TypeError(
                f"{name}: expected text, a number, a flag or a list of these, not "
                f"{type(value).__name__}"
            )


def _check(fields: Mapping[str, str]) -> None:
    is_verbose = fields["response_format"] == "verbose_json"
    granularities = fields.get("timestamp_granularities")
    if granularities is not None and not is_verbose:
        raise ValueError(
            "timestamp_granularities: times come with "
            "response_format='verbose_json' only"
        )
    diarizes = fields.get("diarize") == "true"
    if diarizes and "word" not in (granularities or "").split(","):
        raise ValueError(
            "diarize: speakers come with response_format='verbose_json' and "
            "timestamp_granularities=['word'] only"
        )
    for name in ("min_speakers", "max_speakers"):
        if name in fields and not diarizes:
            raise ValueError(f"{name}: speakers are told apart with diarize=True only")


def audio_request(
    task: Literal["transcriptions", "translations"],
    fields: tuple[tuple[str, str], ...],
    file: FilePart | None,
) -> WireRequest:
    """Make the request of a form and its file."""
    return WireRequest(f"/audio/{task}", _HEADERS, MultipartBody(fields, file))


def decode_transcription(body: bytes) -> Transcription:
    """Read an answer in JSON.

    Raises:
        ValueError: It is none.
    """
    return _decoder.decode(body)


def decode_text(body: bytes) -> str:
    """Read an answer in text, srt or vtt.

    Raises:
        ValueError: It is no text.
    """
    return body.decode("utf-8-sig")

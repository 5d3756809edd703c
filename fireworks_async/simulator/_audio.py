"""The audio endpoints: a form in, a transcript out; nothing here touches HTTP.

What is heard is made up, two words a second, for as long as the sound lasts.
"""

import io
import wave
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any

import msgspec

from fireworks_async.simulator._answers import Answer, Step
from fireworks_async.simulator._rejections import Rejection
from fireworks_async.simulator._rules import (
    Rule,
    closed,
    complain,
    integer,
    literal,
    number,
    string,
)
from fireworks_async.simulator._text import log_probability, words
from fireworks_async.simulator._validation import join_problems

__all__ = ("answer_audio",)

_MODELS = ("whisper-v3", "whisper-v3-turbo")
_OF_FIREWORKS = "accounts/fireworks/models/"
_WORD = 0.5
_SEGMENT = 8
# What is no WAV is taken for sound of this rate: 16 kHz, 16 bit, one channel.
_BYTES_A_SECOND = 32_000
_REMOTE = 10.0


def _granularities(value: Any, path: str) -> Iterator[str]:
    for word in value.split(","):
        if word not in ("word", "segment"):
            yield complain("Input should be 'word' or 'segment'", path, value)


_flag = literal("true", "false")
_form = closed(
    {
        "file": Rule((bytes, str), ("Input should be a file or a URL",)),
        "model": literal(*_MODELS),
        "vad_model": literal("silero", "whisperx-pyannet"),
        "alignment_model": literal("mms_fa", "tdnn_ffn", "gentle"),
        "language": string,
        "prompt": string,
        "temperature": Rule((list,), ("Input should be a valid number",)),
        "response_format": literal("json", "text", "srt", "verbose_json", "vtt"),
        "timestamp_granularities": Rule((str,), (), _granularities),
        "diarize": _flag,
        "min_speakers": integer(1),
        "max_speakers": integer(1),
        "preprocessing": literal("none", "dynamic", "soft_dynamic", "bass_dynamic"),
    },
    ("file",),
)
_temperature = number(0)


def answer_audio(form: Mapping[str, Any], *, task: str, seed: int) -> Answer:
    """Answer a transcription or translation, or refuse it.

    Args:
        form: The fields; a file that was sent is bytes.
        task: ``transcribe`` or ``translate``.
        seed: Another seed hears other words.
    """
    fields = _read(form)
    problems = list(_form.problems(fields, "")) or list(_contradictions(fields))
    if problems:
        return Rejection.invalid(join_problems(problems)).answer()
    sound = fields["file"]
    seconds = _seconds(sound) if isinstance(sound, bytes) else _REMOTE
    digest = blake2b(f"{seed}/{task}/{fields.get('prompt')}".encode(), digest_size=16)
    digest.update(sound if isinstance(sound, bytes) else sound.encode())
    heard = words(digest.hexdigest(), max(1, int(seconds / _WORD)))
    return _answer(fields, _transcript(fields, task, seconds, heard))


def _read(form: Mapping[str, Any]) -> dict[str, Any]:
    """Make numbers of the fields that are numbers; forms have only texts."""
    fields = dict(form)
    model = fields.get("model")
    if isinstance(model, str):
        fields["model"] = model.removeprefix(_OF_FIREWORKS)
    for name in ("min_speakers", "max_speakers"):
        if name in fields:
            fields[name] = _number(fields[name])
    if "temperature" in fields:
        values = [_number(text) for text in str(fields["temperature"]).split(",")]
        is_good = not any(list(_temperature.problems(value, "")) for value in values)
        fields["temperature"] = values if is_good else fields["temperature"]
    return fields


def _number(text: str) -> float | str:
    try:
        return msgspec.json.decode(text, type=float)
    except msgspec.DecodeError:
        return text


def _contradictions(fields: Mapping[str, Any]) -> Iterator[str]:
    granularities = fields.get("timestamp_granularities")
    is_verbose = fields.get("response_format") == "verbose_json"
    if granularities is not None and not is_verbose:
        yield "timestamp_granularities needs response_format=verbose_json"
    if fields.get("diarize") == "true":
        if not is_verbose or "word" not in (granularities or "").split(","):
            yield "diarize needs verbose_json and timestamp_granularities=word"
    elif "min_speakers" in fields or "max_speakers" in fields:
        yield "min_speakers and max_speakers need diarize"


def _seconds(sound: bytes) -> float:
    try:
        with wave.open(io.BytesIO(sound)) as file:
            return float(file.getnframes() / file.getframerate())
    except (wave.Error, EOFError):
        return len(sound) / _BYTES_A_SECOND


def _transcript(
    fields: Mapping[str, Any], task: str, seconds: float, heard: list[str]
) -> dict[str, Any]:
    """Give all that could be told; the verbose form with both granularities."""
    step = seconds / len(heard)
    timed: list[dict[str, Any]] = [
        {
            "word": word.strip(),
            "language": fields.get("language") or "en",
            "probability": round(1 + log_probability(word, place) / 10, 3),
            "hallucination_score": 0.0,
            "start": round(place * step, 3),
            "end": round((place + 1) * step, 3),
        }
        for place, word in enumerate(heard)
    ]
    if fields.get("diarize") == "true":
        for place, word in enumerate(timed):
            word["speaker_id"] = f"SPEAKER_{place // _SEGMENT % 2:02}"
    groups = [timed[at : at + _SEGMENT] for at in range(0, len(timed), _SEGMENT)]
    segments = [
        {
            "id": place,
            "text": " ".join(word["word"] for word in group),
            "start": group[0]["start"],
            "end": group[-1]["end"],
        }
        for place, group in enumerate(groups)
    ]
    return {
        "task": task,
        "language": fields.get("language") or "en",
        "duration": round(seconds, 3),
        "text": "".join(heard),
        "words": timed,
        "segments": segments,
    }


def _answer(fields: Mapping[str, Any], transcript: dict[str, Any]) -> Answer:
    match fields.get("response_format", "json"):
        case "json":
            return Answer.of_json({"text": transcript["text"]})
        case "verbose_json":
            wanted = fields.get("timestamp_granularities", "segment").split(",")
            for name in ("word", "segment"):
                if name not in wanted:
                    del transcript[f"{name}s"]
            return Answer.of_json(transcript)
        case "srt":
            return _plain("\n".join(_cues(transcript, ",", numbered=True)))
        case "vtt":
            cues = _cues(transcript, ".", numbered=False)
            return _plain("\n".join(["WEBVTT\n", *cues]))
        case _:
            return _plain(transcript["text"])


def _cues(transcript: dict[str, Any], mark: str, *, numbered: bool) -> Iterator[str]:
    for place, segment in enumerate(transcript["segments"], start=1):
        head = f"{place}\n" if numbered else ""
        times = f"{_time(segment['start'], mark)} --> {_time(segment['end'], mark)}"
        yield f"{head}{times}\n{segment['text']}\n"


def _time(seconds: float, mark: str) -> str:
    minutes, rest = divmod(round(seconds * 1000), 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{rest // 1000:02}{mark}{rest % 1000:03}"


def _plain(text: str) -> Answer:
    data = text.encode()
    headers = {"Content-Type": "text/plain; charset=utf-8"}
    return Answer(200, headers, (Step(0.0, data),), length=len(data))

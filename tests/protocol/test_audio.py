import pytest

from fireworks_async._protocol.audio import (
    AudioSegment,
    audio_request,
    decode_text,
    decode_transcription,
    form_fields,
)


def fields(response_format="json", **params):
    return dict(form_fields(model="m", response_format=response_format, params=params))


def test_the_fields_as_texts():
    assert fields(language="de", temperature=0, diarize=False, prompt=None) == {
        "model": "m",
        "response_format": "json",
        "language": "de",
        "temperature": "0",
        "diarize": "false",
    }
    assert fields(temperature=(0.0, 0.5))["temperature"] == "0.0,0.5"


@pytest.mark.parametrize("value", [object(), {"a": 1}, b"x"])
def test_what_has_no_form_as_text(value):
    with pytest.raises(TypeError, match="prompt: "):
        fields(prompt=value)


@pytest.mark.parametrize(
    ("params", "named"),
    [
        ({"timestamp_granularities": "word"}, "timestamp_granularities"),
        ({"diarize": True}, "diarize"),
        ({"response_format": "verbose_json", "diarize": True}, "diarize"),
        (
            {
                "response_format": "verbose_json",
                "timestamp_granularities": ["segment"],
                "diarize": True,
            },
            "diarize",
        ),
        ({"min_speakers": 2}, "min_speakers"),
        ({"max_speakers": 2, "diarize": False}, "max_speakers"),
    ],
)
def test_what_the_api_takes_only_together(params, named):
    with pytest.raises(ValueError, match=f"^{named}: "):
        fields(**params)


def test_speakers():
    sent = fields(
        "verbose_json",
        timestamp_granularities=["word", "segment"],
        diarize=True,
        max_speakers=3,
    )
    assert (sent["timestamp_granularities"], sent["diarize"]) == (
        "word,segment",
        "true",
    )


def test_the_request():
    request = audio_request("translations", (("a", "b"),), None)
    assert (request.method, request.path) == ("POST", "/audio/translations")
    assert request.body.fields == (("a", "b"),)
    assert "Content-Type" not in request.headers


def test_a_transcript():
    heard = decode_transcription(
        b'{"text": "a", "new": 1, "segments": [{"id": "0", "seek": 5}], "words": '
        b'[{"word": "a", "start": "0.5", "speaker_id": "S1"}], "duration": 2}'
    )
    assert heard.segments == [AudioSegment(id="0", seek=5)]
    assert (heard.words[0].start, heard.words[0].speaker_id) == (0.5, "S1")
    assert heard.duration == 2


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"plain"])
def test_what_is_no_transcript(body):
    with pytest.raises(ValueError, match=r"\w"):
        decode_transcription(body)


def test_texts_lose_their_byte_order_mark_only():
    assert decode_text("\ufeffWEBVTT\n\nü\n".encode()) == "WEBVTT\n\nü\n"
    with pytest.raises(ValueError, match="utf-8"):
        decode_text(b"\xff\xfe")

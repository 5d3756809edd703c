import aiohttp
import pytest

from tests.support.simulated import Answered
from tests.support.sounds import wav


async def hear(sim, sound=None, task="transcriptions", **fields):
    form = aiohttp.FormData(default_to_multipart=True)
    for name, value in fields.items():
        form.add_field(name, value)
    sound = wav() if sound is None else sound
    name = None if isinstance(sound, str) else "a.wav"
    form.add_field("file", sound, filename=name)
    headers = {"Authorization": "Bearer fw_test"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(f"{sim.base_url}/audio/{task}", data=form) as response,
    ):
        return Answered(response.status, response.headers, await response.read())


async def test_two_words_a_second(sim):
    assert len((await hear(sim, wav(3.0))).json["text"].split()) == 6


async def test_the_same_sound_says_the_same(sim):
    first = await hear(sim)
    assert (await hear(sim)).data == first.data
    assert (await hear(sim, task="translations")).data != first.data
    assert (await hear(sim, prompt="else")).data != first.data


async def test_what_is_no_wav_is_measured_by_its_size(sim):
    answer = await hear(sim, b"\0" * 64_000, response_format="verbose_json")
    assert answer.json["duration"] == 2


async def test_a_file_somewhere_else(sim):
    answer = await hear(sim, "https://x/a.mp3", response_format="verbose_json")
    assert answer.json["duration"] == 10


async def test_the_verbose_form(sim):
    answer = await hear(sim, wav(5), response_format="verbose_json", language="de")
    assert set(answer.json) == {"task", "language", "duration", "text", "segments"}
    assert (answer.json["task"], answer.json["language"]) == ("transcribe", "de")
    assert [segment["id"] for segment in answer.json["segments"]] == [0, 1]
    assert answer.json["segments"][-1]["end"] == answer.json["duration"] == 5


@pytest.mark.parametrize("wanted", ["word", "segment", "word,segment"])
async def test_granularities(sim, wanted):
    answer = await hear(
        sim, response_format="verbose_json", timestamp_granularities=wanted
    )
    assert {name[:-1] for name in answer.json if name in ("words", "segments")} == set(
        wanted.split(",")
    )


async def test_speakers(sim):
    answer = await hear(
        sim,
        wav(5),
        response_format="verbose_json",
        timestamp_granularities="word",
        diarize="true",
        max_speakers="2",
    )
    assert {word["speaker_id"] for word in answer.json["words"]} == {
        "SPEAKER_00",
        "SPEAKER_01",
    }


async def test_the_forms_of_text(sim):
    words = (await hear(sim)).json["text"]
    assert (await hear(sim, response_format="text")).data.decode() == words
    srt = (await hear(sim, response_format="srt")).data.decode()
    assert srt == f"1\n00:00:00,000 --> 00:00:02,000\n{words}\n"
    vtt = (await hear(sim, response_format="vtt")).data.decode()
    assert vtt == f"WEBVTT\n\n00:00:00.000 --> 00:00:02.000\n{words}\n"


@pytest.mark.parametrize(
    "fields",
    [
        {"model": "accounts/fireworks/models/whisper-v3-turbo"},
        {"temperature": "0,0.2,0.4", "preprocessing": "dynamic"},
        {"vad_model": "silero", "alignment_model": "mms_fa", "diarize": "false"},
    ],
)
async def test_good_fields(sim, fields):
    assert (await hear(sim, **fields)).status == 200


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"model": "whisper-1"}, "field: 'model'"),
        ({"stream": "true"}, "Extra inputs are not permitted"),
        ({"temperature": "warm"}, "field: 'temperature'"),
        ({"temperature": "0,-1"}, "field: 'temperature'"),
        ({"response_format": "xml"}, "field: 'response_format'"),
        ({"timestamp_granularities": "word"}, "needs response_format=verbose_json"),
        (
            {"response_format": "verbose_json", "timestamp_granularities": "letter"},
            "'word' or 'segment'",
        ),
        ({"diarize": "true"}, "diarize needs"),
        ({"max_speakers": "two"}, "field: 'max_speakers'"),
        ({"max_speakers": "2"}, "need diarize"),
    ],
)
async def test_the_world_is_closed(sim, fields, message):
    answer = await hear(sim, **fields)
    assert answer.status == 400
    assert message in answer.message


async def test_the_form_is_remembered_by_its_fields(sim):
    await hear(sim, b"abc", model="whisper-v3")
    assert sim.requests[0].body == {"model": "whisper-v3", "file": b"abc"}

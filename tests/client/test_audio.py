import io
import os
from pathlib import Path

import pytest

from fireworks_async import AsyncFireworks
from fireworks_async._client.audio import AudioEndpoint
from fireworks_async.errors import (
    APIConnectionError,
    APIError,
    BadRequestError,
    NotFoundError,
    ServiceEndedError,
)
from fireworks_async.simulator import ErrorReply, Raw, Rejection, Simulator
from fireworks_async.types import Transcription
from tests.support.calls import failure
from tests.support.mocked import MockedAPI, mocked_api
from tests.support.scripted_transport import Answer
from tests.support.sounds import wav

SOUND = wav(2.0)


@pytest.fixture
async def sim():
    async with Simulator() as simulator:
        yield simulator


@pytest.fixture
async def client(sim):
    async with AsyncFireworks(base_url=sim.base_url, api_key="fw_test") as client:
        yield client


@pytest.fixture
def path(tmp_path) -> Path:
    path = tmp_path / "söund.wav"
    path.write_bytes(SOUND)
    return path


class Once(io.BytesIO):
    """A stream that cannot go back."""

    def seekable(self):
        return False


class TestFiles:
    @pytest.mark.parametrize("kind", [str, Path, "bytes", "open", "memory"])
    async def test_a_file_in_any_form(self, client, sim, path, kind):
        match kind:
            case "bytes":
                file = SOUND
            case "open":
                # A file that is read from elsewhere than its beginning.
                file = io.FileIO(path)
            case "memory":
                file = io.BytesIO(b"junk" + SOUND)
                file.seek(4)
            case _:
                file = kind(path)
        heard = await client.audio.transcriptions.create(file=file)
        assert len(heard.text.split()) == 4
        assert sim.requests[0].body["file"] == SOUND
        if isinstance(file, io.IOBase):
            assert not file.closed
            file.close()

    async def test_what_goes_out_has_a_length_and_the_filename(self, client, sim, path):
        await client.audio.transcriptions.create(file=path)
        headers = sim.requests[0].headers
        assert int(headers["content-length"]) > len(SOUND)
        assert headers["content-type"].startswith("multipart/form-data; boundary=")
        assert "transfer-encoding" not in headers

    async def test_a_file_somewhere_else_is_not_fetched_here(self, client, sim):
        await client.audio.transcriptions.create(file="https://x/a.mp3")
        assert sim.requests[0].body["file"] == "https://x/a.mp3"

    async def test_a_large_file_is_sent_in_pieces(self, client, sim, tmp_path):
        path = tmp_path / "a"
        path.write_bytes(os.urandom(1_000_000))
        await client.audio.transcriptions.create(file=path)
        assert sim.requests[0].body["file"] == path.read_bytes()

    @pytest.mark.parametrize(
        "fault",
        [
            Rejection.overloaded(retry_after=0),
            Raw(ending="reset"),
            Raw([b'{"te'], content_type="application/json", ending="reset"),
        ],
    )
    async def test_a_retry_sends_it_again(self, client, sim, path, fault, dice):
        dice[:] = [0.0]
        sim.script(fault)
        with path.open("rb") as file:
            await client.audio.transcriptions.create(file=file)
        assert [request.body["file"] for request in sim.requests] == [SOUND] * 2

    @pytest.mark.parametrize(
        ("file", "error", "named"),
        [
            (7, TypeError, "file: "),
            (io.StringIO("text"), TypeError, "binary"),
            (Once(SOUND), ValueError, "read twice"),
            ("/nowhere/at/all.wav", FileNotFoundError, "at/all.wav"),
        ],
    )
    async def test_what_cannot_be_sent_is_not(self, client, sim, file, error, named):
        with pytest.raises(error, match=named):
            await client.audio.transcriptions.create(file=file)
        assert not sim.requests

    async def test_a_file_is_closed_when_the_call_fails(self, client, sim, path):
        sim.script(Rejection.payment_required())
        with pytest.raises(APIError):
            await client.audio.transcriptions.create(file=path)
        # An unclosed file would be a warning, and a warning an error.


class TestFields:
    async def test_all_of_them(self, client, sim):
        await client.audio.transcriptions.create(
            file=SOUND,
            model="fireworks_ai/whisper-v3-turbo",
            response_format="verbose_json",
            language="de",
            prompt="Größe",
            temperature=[0, 0.2],
            timestamp_granularities=["word", "segment"],
            vad_model="silero",
            alignment_model="mms_fa",
            diarize=True,
            min_speakers=1,
            max_speakers=2,
            preprocessing="dynamic",
        )
        assert sim.requests[0].body == {
            "model": "whisper-v3-turbo",
            "response_format": "verbose_json",
            "language": "de",
            "prompt": "Größe",
            "temperature": "0,0.2",
            "timestamp_granularities": "word,segment",
            "vad_model": "silero",
            "alignment_model": "mms_fa",
            "diarize": "true",
            "min_speakers": "1",
            "max_speakers": "2",
            "preprocessing": "dynamic",
            "file": SOUND,
        }

    async def test_extra_fields(self, client, sim):
        sim.always(Raw([b'{"text": "a"}'], content_type="application/json"))
        await client.audio.translations.create(file=SOUND, extra_body={"new": 5})
        assert sim.requests[0].body["new"] == "5"
        assert sim.requests[0].path == "/v1/audio/translations"

    @pytest.mark.parametrize(
        ("given", "error", "named"),
        [
            ({"langauge": "de"}, TypeError, "'language'"),
            ({"response_format": "xml"}, ValueError, "response_format"),
            ({"timestamp_granularities": ["word"]}, ValueError, "timestamp_gran"),
            ({"model": ""}, ValueError, "model"),
        ],
    )
    async def test_bad_input_fails_before_anything_is_sent(
        self, client, sim, given, error, named
    ):
        with pytest.raises(error, match=named):
            await client.audio.transcriptions.create(file=SOUND, **given)
        assert not sim.requests


class TestAnswers:
    async def test_the_verbose_form(self, client):
        heard = await client.audio.transcriptions.create(
            file=SOUND,
            response_format="verbose_json",
            timestamp_granularities=["word", "segment"],
        )
        assert isinstance(heard, Transcription)
        assert (heard.task, heard.language, heard.duration) == ("transcribe", "en", 2)
        assert [word.end for word in heard.words] == [0.5, 1.0, 1.5, 2.0]
        assert heard.segments[0].text == heard.text

    @pytest.mark.parametrize(
        ("form", "start"), [("text", ""), ("srt", "1\n00:00"), ("vtt", "WEBVTT\n")]
    )
    async def test_texts(self, client, form, start):
        text = await client.audio.translations.create(file=SOUND, response_format=form)
        assert isinstance(text, str)
        assert text.startswith(start)

    async def test_a_refusal(self, client):
        call = client.audio.transcriptions.create(file=SOUND, temperature=-1)
        error = await failure(call, BadRequestError)
        assert error.fields == ("temperature",)

    async def test_what_is_no_answer(self, client, sim):
        sim.script(Raw([b"<html>"], content_type="text/html"))
        await failure(client.audio.transcriptions.create(file=SOUND), APIError)


class TestHosts:
    @pytest.mark.parametrize(
        ("model", "host"), [("whisper-v3", "prod"), ("whisper-v3-turbo", "turbo")]
    )
    async def test_the_model_decides_the_host(self, service_of, model, host):
        service = service_of(
            Answer([b'{"text": "a"}']), audio_base_url=None, base_url=None
        )
        await AudioEndpoint(service, "transcriptions").create(file=b"a", model=model)
        assert service.transport.calls[0].url == (
            f"https://audio-{host}.api.fireworks.ai/v1/audio/transcriptions"
        )

    async def test_its_own_base_comes_first(self, service_of):
        service = service_of(
            Answer([b'{"text": "a"}']), audio_base_url="http://127.0.0.1:1"
        )
        await AudioEndpoint(service, "translations").create(file=b"a")
        assert (
            service.transport.calls[0].url == "http://127.0.0.1:1/v1/audio/translations"
        )

    @pytest.mark.parametrize("status", [401, 404])
    async def test_a_service_that_has_ended_says_so(self, status):
        with mocked_api() as mocked:
            MockedAPI(mocked).answers(
                status,
                json={"error": {"message": "no", "code": "GONE"}, "request_id": "r-1"},
                url="https://audio-prod.api.fireworks.ai/v1/audio/transcriptions",
            )
            async with AsyncFireworks(api_key="fw_mocked") as client:
                call = client.audio.transcriptions.create(file=b"a")
                error = await failure(call, ServiceEndedError)
        assert (error.status_code, error.code) == (status, "GONE")
        assert error.request_id == "r-1"
        assert error.__context__ is None
        assert "ended its audio service in June 2026" in str(error)
        assert "audio_base_url" in error.message

    async def test_other_servers_are_not_said_to_have_ended(self, client, sim):
        sim.script(ErrorReply(404, {"error": {"message": "no model"}}))
        call = client.audio.transcriptions.create(file=SOUND)
        assert (await failure(call, NotFoundError)).message == "no model"

    async def test_no_server(self):
        async with AsyncFireworks(
            base_url="http://127.0.0.1:9", api_key="fw_test", max_retries=0
        ) as client:
            await failure(
                client.audio.transcriptions.create(file=b"a"), APIConnectionError
            )

import json

import pytest

from tests.support.sounds import wav


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(wav(2.0))
    return str(path)


@pytest.mark.parametrize(
    ("words", "start"),
    [([], ""), (["--format", "srt"], "1\n00:"), (["--format", "vtt"], "WEBVTT\n")],
)
def test_the_text(run, path, words, start):
    ran = run("transcribe", "--simulate", path, *words)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(start)
    assert ran.out.endswith("\n")
    assert not ran.out.endswith("\n\n")


def test_all_that_is_known(run, path):
    ran = run("transcribe", "--simulate", path, "--json", "--translate")
    heard = json.loads(ran.out)
    assert (heard["task"], heard["duration"]) == ("translate", 2)
    assert len(heard["words"]) == 4


def test_every_option_goes_out(run, path, fireworks_simulator):
    ran = run(
        *("transcribe", path, "--model", "whisper-v3-turbo", "--language", "de"),
        *("--prompt", "Namen", "--api-key", "fw_test"),
        *("--base-url", fireworks_simulator.base_url),
    )
    assert ran.code == 0
    body = fireworks_simulator.requests[0].body
    assert body.pop("file")
    assert body == {
        "model": "whisper-v3-turbo",
        "language": "de",
        "prompt": "Namen",
        "response_format": "text",
    }


@pytest.mark.parametrize(
    "words", [["/nowhere/a.wav"], ["PATH", "--json", "--format", "srt"]]
)
def test_words_that_make_no_call(run, path, words):
    ran = run(
        "transcribe",
        "--simulate",
        *(path if word == "PATH" else word for word in words),
    )
    assert (ran.code, ran.out) == (2, "")
    assert ran.error.startswith("error: ")

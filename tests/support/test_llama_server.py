"""The real server starts, answers, and is gone afterwards."""

import json
import urllib.error
import urllib.request

import pytest

from tests.support.llama_server import MODEL, running_llama_server
from tests.support.make_tiny_gguf import write_tiny_gguf


def test_the_server_answers_and_stops(tmp_path):
    with running_llama_server(tmp_path, slots=2) as server:
        assert len(server.slots()) == 2
        assert server.busy_slots() == 0
        question = {
            "model": MODEL,
            "messages": [{"role": "user", "content": "hello"}],
            "max_tokens": 4,
        }
        request = urllib.request.Request(
            f"{server.base_url}/chat/completions",
            json.dumps(question).encode(),
            {"content-type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert json.load(answer)["usage"]["completion_tokens"] == 4
    with pytest.raises(urllib.error.URLError):
        server.slots()


def test_a_server_that_cannot_start_says_why(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "tests.support.llama_server.write_tiny_gguf", lambda path: path.write_bytes(b"")
    )
    with pytest.raises(AssertionError), running_llama_server(tmp_path):
        pass


def test_a_seed_makes_one_model(tmp_path):
    one, same, other = (tmp_path / name for name in ("one", "same", "other"))
    write_tiny_gguf(one)
    write_tiny_gguf(same)
    write_tiny_gguf(other, seed=8)
    assert one.read_bytes() == same.read_bytes() != other.read_bytes()

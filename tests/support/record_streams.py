"""Record ``tests/data/llama_*``: what llama.cpp's server answers, streamed and whole.

    python -m tests.support.record_streams

The whole answer to the same question (same seed, temperature 0) is what a collected
stream must amount to: the oracle is the server, not us.
"""

import json
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

from tests.support.llama_server import MODEL, LlamaServer, running_llama_server

_DATA = Path(__file__).parent.parent / "data"

_SCHEMA = {
    "type": "object",
    "properties": {"n": {"type": "integer"}, "ok": {"type": "boolean"}},
    "required": ["n", "ok"],
    "additionalProperties": False,
}
_QUESTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "usage": {"stream_options": {"include_usage": True}},
    "n2": {"n": 2, "temperature": 0.9},
    "logprobs": {"logprobs": True, "top_logprobs": 2, "max_tokens": 4},
    "stop": {"stop": [" dog"], "max_tokens": 60},
    "json_schema": {
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "t", "schema": _SCHEMA},
        },
        "max_tokens": 60,
    },
}


def _ask(server: LlamaServer, path: str, question: dict[str, Any]) -> bytes:
    request = urllib.request.Request(
        f"{server.base_url}/{path}",
        json.dumps(question).encode(),
        {"content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        body: bytes = answer.read()
    return body


def _without_id(value: dict[str, Any]) -> dict[str, Any]:
    return {name: member for name, member in value.items() if name != "id"}


def _record(server: LlamaServer, name: str, path: str, fields: dict[str, Any]) -> None:
    question = {
        "model": MODEL,
        "max_tokens": 24,
        "temperature": 0,
        "seed": 1,
        "cache_prompt": False,
        **fields,
    }
    streamed = _ask(server, path, question | {"stream": True})
    (_DATA / f"llama_{name}.sse").write_bytes(streamed)
    question.pop("stream_options", None)
    # Ids differ from answer to answer, and those of tokens have a name of llama.cpp's.
    whole = json.loads(_ask(server, path, question), object_hook=_without_id)
    expected = {"choices": whole["choices"]}
    if "stream_options" in fields:
        expected["usage"] = whole["usage"]
    text = json.dumps(expected, indent=1, ensure_ascii=False)
    (_DATA / f"llama_{name}.json").write_text(f"{text}\n")


def _main() -> None:
    with (
        tempfile.TemporaryDirectory() as directory,
        running_llama_server(Path(directory)) as server,
    ):
        chat = {"messages": [{"role": "user", "content": "hello world"}]}
        for name, fields in _QUESTIONS.items():
            _record(server, name, "chat/completions", chat | fields)
        _record(server, "text_completion", "completions", {"prompt": "hello world"})


if __name__ == "__main__":
    _main()

"""Text completions as they are on the wire."""

import json

import msgspec
import pytest

from fireworks_async._protocol.completions import Usage
from fireworks_async._protocol.text_completions import (
    Completion,
    CompletionChoice,
    CompletionChunk,
    as_chat,
    decode_text_chunk,
    decode_text_chunks,
)

WHOLE = {
    "id": "cmpl-1",
    "object": "text_completion",
    "created": 1_780_000_000,
    "model": "accounts/fireworks/models/m",
    "choices": [
        {
            "index": 1,
            "text": "b",
            "finish_reason": "length",
            "logprobs": {"tokens": ["b"], "token_logprobs": [-0.5]},
            "raw_output": {"completion": "b"},
            "token_ids": [7],
            "prompt_token_ids": [1, 2],
        },
        {"index": 0, "text": "a", "finish_reason": None},
    ],
    "usage": {"prompt_tokens": 2, "total_tokens": 3, "completion_tokens": 1},
    "perf_metrics": {"server-processing-time": "0.1"},
}


def test_every_field_is_read():
    chunk = decode_text_chunk(json.dumps(WHOLE))
    assert decode_text_chunks(json.dumps([WHOLE])) == [chunk]
    kept = {k: v for k, v in msgspec.to_builtins(chunk).items() if v is not None}
    for key, value in WHOLE.items():
        if key not in ("choices", "usage"):
            assert kept[key] == value
    first, second = chunk.choices
    assert (first.index, first.text, first.finish_reason) == (1, "b", "length")
    assert first.logprobs.token_logprobs == [-0.5]
    assert first.raw_output.completion == "b"
    assert (first.token_ids, first.prompt_token_ids) == ([7], [1, 2])
    assert second.text == chunk.content == "a"
    assert chunk.usage.completion_tokens == 1
    assert chunk.reasoning_content is None


def test_a_chunk_without_the_first_choice_has_no_content():
    assert CompletionChunk(choices=[CompletionChoice(index=1, text="b")]).content == ""


def test_an_error_is_no_chunk():
    text = '{"error": {"message": "no"}, "choices": []}'
    assert decode_text_chunk(text) == json.loads(text)
    with pytest.raises(msgspec.ValidationError):
        decode_text_chunks(f"[{text}]")


def test_a_chunk_in_the_form_of_chat():
    chat = as_chat(decode_text_chunk(json.dumps(WHOLE)))
    assert chat.content == "a"
    assert [c.finish_reason for c in chat.choices] == ["length", None]
    assert chat.choices[0].logprobs.tokens == ["b"]
    assert chat.usage.prompt_tokens == 2


def test_a_completion_knows_its_cost():
    usage = Usage(prompt_tokens=1_000_000, total_tokens=1_000_000)
    model = "accounts/fireworks/models/deepseek-v4-pro"
    completion = Completion("", 0, model, [], usage=usage)
    assert completion.cost().status != "unknown"
    assert Completion("", 0, model, []).cost().status == "unknown"

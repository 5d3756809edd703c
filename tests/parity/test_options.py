"""Every option of the API: sent by its keyword, and there on the other side."""

from typing import Any

import pytest

from fireworks_async.simulator import Simulator
from tests.parity.corpus import HELLO, JSON_SCHEMA, PNG, WEATHER
from tests.support.sounds import wav

MODEL = "accounts/fireworks/models/qwen3-8b"

# The fields of a chat request in the API's reference, but for what a call is made of
# (messages, model, stream), each with a value that is not its default.
SHARED: dict[str, Any] = {
    "stream_options": {
        "include_usage": True,
        "buffer_tokens": 4,
        "buffer_ms": 20,
        "buffer_mode": "tokens",
    },
    "max_tokens": 100,
    "max_completion_tokens": 100,
    "n": 2,
    "temperature": 0.3,
    "top_p": 0.9,
    "top_k": 40,
    "min_p": 0.05,
    "typical_p": 0.9,
    "frequency_penalty": 0.5,
    "presence_penalty": -0.5,
    "repetition_penalty": 1.1,
    "mirostat_target": 5.0,
    "mirostat_lr": 0.2,
    "logit_bias": {"50256": -100.0},
    "seed": 7,
    "stop": ["END", "STOP"],
    "ignore_eos": True,
    "min_tokens": 8,
    "echo": True,
    "echo_last": 3,
    "logprobs": True,
    "top_logprobs": 3,
    "return_token_ids": True,
    "raw_output": True,
    "perf_metrics_in_response": True,
    "response_format": JSON_SCHEMA,
    "prediction": {"type": "content", "content": "hello to you"},
    "speculation": [1, 2, 3],
    "rewrite_speculation": True,
    "reasoning_effort": "high",
    "reasoning_history": "preserved",
    "thinking": {"type": "enabled", "budget_tokens": 2048},
    "user": "ada",
    "prompt_cache_key": "user-42",
    "prompt_cache_isolation_key": "tenant-1",
    "prompt_cache_max_len": 0,
    "context_length_exceeded_behavior": "error",
    "metadata": {"trace": "t-1"},
    "service_tier": "priority",
    "include_routing_matrix": True,
    "routing_matrix_format": "parquet_v1",
    "top_sampling_logprobs": 4,
    "top_sampling_format": "parquet_v1",
    "sampling_mask": True,
    "prompt_token_ids": [1, 2, 3],
    "forced_generation": "hello",
    "acceptance_probs_override": [0.5],
}
CHAT = SHARED | {
    "tools": [WEATHER],
    "tool_choice": {"type": "function", "function": {"name": "weather"}},
    "parallel_tool_calls": False,
    "functions": [WEATHER["function"]],
    "function_call": {"name": "weather"},
    "prompt_truncate_len": 2000,
    "safe_tokenization": True,
}
TEXT = SHARED | {"images": [PNG]}
EMBEDDINGS = {
    "dimensions": 256,
    "prompt_template": "{{title}}",
    "return_logits": [2753, 9454],
    "normalize": True,
}
RERANK = {"top_n": 1, "return_documents": False, "task": "Find the city."}
AUDIO = {
    "vad_model": "whisperx-pyannet",
    "alignment_model": "tdnn_ffn",
    "language": "de",
    "prompt": "A prompt.",
    "temperature": [0.0, 0.5],
    "timestamp_granularities": ["word", "segment"],
    "diarize": True,
    "min_speakers": 1,
    "max_speakers": 2,
    "preprocessing": "dynamic",
}
# Forms that one field may have beside the one above.
OTHER_FORMS: list[dict[str, Any]] = [
    {"logprobs": 3},
    {"stop": "END"},
    {"prediction": "hello to you"},
    {"speculation": "hello to you"},
    *({"reasoning_effort": effort} for effort in ("low", "medium", "none", "xhigh")),
    *({"reasoning_effort": effort} for effort in ("max", "adaptive", True, False, 200)),
    *({"reasoning_history": kind} for kind in ("disabled", "interleaved")),
    *({"thinking": {"type": kind}} for kind in ("disabled", "adaptive")),
    {"thinking": {"type": "enabled", "keep": "all", "effort": "high"}},
    *({"tool_choice": word} for word in ("auto", "none", "any", "required")),
    *({"service_tier": tier} for tier in ("auto", "default", "flex")),
    {"response_format": {"type": "text"}},
    {"response_format": {"type": "json_object"}},
    {"response_format": {"type": "json_object", "schema": {"type": "object"}}},
    {"response_format": {"type": "json_schema", "json_schema": {"type": "object"}}},
    {"response_format": {"type": "grammar", "grammar": 'root ::= "yes"'}},
]
# What the API takes only without something else, or only with it.
NEVER_TOGETHER = {"max_completion_tokens", "thinking", "functions", "function_call"}


async def echoed(sim: Simulator, call: Any) -> dict[str, Any]:
    """The body as it arrived; the simulator, whose world is closed, took it."""
    await call
    request = sim.requests[-1]
    assert request.status == 200
    return request.body


async def test_every_option_of_a_chat_arrives(client, sim):
    for name, value in [*CHAT.items(), *(p for f in OTHER_FORMS for p in f.items())]:
        fields = {"tools": [WEATHER]} if name == "tool_choice" else {}
        fields |= {"logprobs": True} if name == "top_logprobs" else {}
        fields[name] = value
        body = await echoed(
            sim,
            client.chat.completions.create(model=MODEL, messages=HELLO, **fields),
        )
        expected = {"stream": True, "stream_options": {"include_usage": True}, **fields}
        assert body == {"model": MODEL, "messages": HELLO, **expected}


async def test_every_option_of_a_text_completion_arrives(client, sim):
    for name, value in TEXT.items():
        prompt = "What is <image>?" if name == "images" else "Once"
        fields = {"logprobs": True} if name == "top_logprobs" else {}
        fields[name] = value
        body = await echoed(
            sim, client.completions.create(model=MODEL, prompt=prompt, **fields)
        )
        expected = {"stream": True, "stream_options": {"include_usage": True}, **fields}
        assert body == {"model": MODEL, "prompt": prompt, **expected}


async def test_the_options_of_a_chat_arrive_together(client, sim):
    fields = {name: CHAT[name] for name in CHAT if name not in NEVER_TOGETHER}
    call = client.chat.completions.create(model=MODEL, messages=HELLO, **fields)
    body = await echoed(sim, call)
    assert body == {"model": MODEL, "messages": HELLO, "stream": True, **fields}


@pytest.mark.parametrize(
    "prompt", ["Once", ["Once", "Twice"], [1, 2, 3], [[1, 2], [3]]]
)
async def test_every_form_of_prompt_arrives(client, sim, prompt):
    call = client.completions.create(model=MODEL, prompt=prompt)
    assert (await echoed(sim, call))["prompt"] == prompt


async def test_every_option_of_embeddings_arrives(client, sim):
    texts: Any = [{"title": "a"}]
    body = await echoed(
        sim,
        client.embeddings.create(
            model="nomic-ai/nomic-embed-text-v1.5", input=texts, **EMBEDDINGS
        ),
    )
    assert body.pop("model") == "nomic-ai/nomic-embed-text-v1.5"
    assert body == {"input": texts, **EMBEDDINGS}


async def test_every_option_of_rerank_arrives(client, sim):
    documents = ["Paris.", "Bonn."]
    body = await echoed(
        sim,
        client.rerank.create(
            model="qwen3-reranker-8b", query="city", documents=documents, **RERANK
        ),
    )
    assert body.pop("model") == "fireworks/qwen3-reranker-8b"
    assert body == {"query": "city", "documents": documents, **RERANK}


@pytest.mark.parametrize("task", ["transcriptions", "translations"])
async def test_every_option_of_audio_arrives(client, sim, task):
    endpoint = getattr(client.audio, task)
    body = await echoed(
        sim,
        endpoint.create(file=wav(1.0), response_format="verbose_json", **AUDIO),
    )
    assert body.pop("file")
    assert body == {
        "model": "whisper-v3",
        "response_format": "verbose_json",
        **AUDIO,
        "temperature": "0.0,0.5",
        "timestamp_granularities": "word,segment",
        "diarize": "true",
        "min_speakers": "1",
        "max_speakers": "2",
    }


async def test_no_keyword_is_without_its_test():
    from fireworks_async._protocol.audio import AudioParams
    from fireworks_async._protocol.embeddings import EmbeddingParams
    from fireworks_async._protocol.params import ChatParams, CompletionParams
    from fireworks_async._protocol.rerank import RerankParams

    for fields, params in (
        (CHAT, ChatParams),
        (TEXT, CompletionParams),
        (EMBEDDINGS, EmbeddingParams),
        (RERANK, RerankParams),
        (AUDIO, AudioParams),
    ):
        assert fields.keys() == params.__optional_keys__


async def test_what_the_caller_did_not_set_is_not_sent(client, sim):
    unset = dict.fromkeys(CHAT)
    call = client.chat.completions.create(model=MODEL, messages=HELLO, **unset)
    assert (await echoed(sim, call)).keys() == {
        "model",
        "messages",
        "stream",
        "stream_options",
    }


async def test_session_affinity_is_a_header(client, sim):
    call = client.chat.completions.create(
        model=MODEL, messages=HELLO, session_affinity="session-1"
    )
    await echoed(sim, call)
    assert sim.requests[-1].headers["x-session-affinity"] == "session-1"

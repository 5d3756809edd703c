"""Every field of every answer in the API's reference is typed, and can be reached.

Results have typed fields only: what has none is gone after decoding. So an answer that
holds every field, decoded and written out again, must still hold all of them.
"""

from typing import Any

import msgspec
import pytest

from fireworks_async import AsyncFireworks, BadRequestError
from tests.parity.comparing import ABSENT, differences
from tests.support.raw_server import Send
from tests.support.sounds import wav
from tests.support.wire import DONE, json_response, stream_body, stream_head

LEGACY_LOGPROBS = {
    "tokens": ["Hi"],
    "token_logprobs": [-0.5],
    "top_logprobs": [{"Hi": -0.5, "Ho": -1.5}],
    "text_offset": [0],
    "token_ids": [17],
}
TOKEN = {
    "token": "Hi",
    "bytes": [72, 105],
    "logprob": -0.5,
    "sampling_logprob": -0.25,
    "text_offset": 0,
    "token_id": 17,
    "last_activation": "AAAA",
    "routing_matrix": "AQID",
    "top_logprobs": [{"token": "Ho", "logprob": -1.5, "token_id": 18, "bytes": [72]}],
}
RAW_OUTPUT = {
    "prompt_fragments": ["<user>", 3],
    "prompt_token_ids": [1, 2],
    "completion": "Hi",
    "completion_token_ids": [17],
    "completion_logprobs": {"content": [TOKEN]},
    "images": ["data:image/png;base64,AA=="],
    "videos": ["data:video/mp4;base64,AA=="],
    "grammar": "root ::= object",
}
USAGE = {
    "prompt_tokens": 9,
    "total_tokens": 12,
    "completion_tokens": 3,
    "prompt_tokens_details": {"cached_tokens": 4},
    "completion_tokens_details": {
        "reasoning_tokens": 1,
        "accepted_prediction_tokens": 1,
        "rejected_prediction_tokens": 1,
    },
}
PERF_METRICS = {
    "prompt-tokens": 9,
    "cached-prompt-tokens": 4,
    "server-time-to-first-token": 0.25,
    "server-processing-time": 0.5,
    "speculation-prompt-tokens": 3,
    "speculation-prompt-matched-tokens": 2,
    "speculation-generated-tokens": 8,
    "speculation-acceptance": "0:5/8,1:3/8",
    "backend-host": "host-1",
    "num-concurrent-requests": 7,
    "deployment": "accounts/a/deployments/d",
    "tokenizer-queue-duration": 0.001,
    "tokenizer-duration": 0.002,
    "prefill-queue-duration": 0.003,
    "prefill-duration": 0.004,
    "generation-queue-duration": 0.005,
    "generation-duration": 0.006,
    "pod-template-hash": "abc",
}
SAMPLING = {
    "max_tokens": 100,
    "temperature": 0.7,
    "top_k": 40,
    "mirostat_target": None,
    "mirostat_lr": 0.1,
    "cycle_base": 2.0,
}
RATE_LIMITS = {
    "limit-requests": 60,
    "remaining-requests": 59,
    "limit-tokens-prompt": 60000,
    "remaining-tokens-prompt": 59925,
    "limit-tokens-cache-adjusted-prompt": 50000,
    "remaining-tokens-cache-adjusted-prompt": 49925,
    "limit-tokens-generated": 12000,
    "remaining-tokens-generated": 11997,
}
HEADERS = {
    "x_request_id": "req-1",
    **{f"fireworks_{name}": str(value) for name, value in PERF_METRICS.items()},
    "fireworks_sampling_options": msgspec.json.encode(SAMPLING).decode(),
    **{f"x_ratelimit_{name}": str(value) for name, value in RATE_LIMITS.items()},
    "x_ratelimit_over_limit": "no",
}

HEAD = {"id": "chatcmpl-1", "created": 1_780_000_000, "model": "accounts/a/models/m"}
CALL = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "weather", "arguments": '{"city":"Bonn"}'},
}
CHAT_CHUNKS = [
    {
        **HEAD,
        "object": "chat.completion.chunk",
        "prompt_token_ids": [1, 2],
        "choices": [
            {
                "index": 0,
                "delta": {
                    "role": "assistant",
                    "content": "Hi",
                    "reasoning_content": "Greet.",
                    "tool_calls": [{"index": 0, **CALL}],
                },
                "logprobs": {"content": [TOKEN]},
                "token_ids": [17],
                "prompt_token_ids": [1, 2],
                "finish_reason": None,
            },
            {
                "index": 1,
                "delta": {"content": "Ho"},
                "logprobs": LEGACY_LOGPROBS,
                "finish_reason": "stop",
            },
        ],
        "usage": None,
    },
    {
        **HEAD,
        "object": "chat.completion.chunk",
        "choices": [
            {
                "index": 0,
                "delta": {},
                "raw_output": RAW_OUTPUT,
                "finish_reason": "tool_calls",
            }
        ],
    },
    {
        **HEAD,
        "object": "chat.completion.chunk",
        "choices": [],
        "usage": USAGE,
        "perf_metrics": PERF_METRICS,
    },
]
CHAT = {
    **HEAD,
    "object": "chat.completion",
    "prompt_token_ids": [1, 2],
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": "Hi",
                "reasoning_content": "Greet.",
                "tool_calls": [CALL],
            },
            "finish_reason": "tool_calls",
            "logprobs": {"content": [TOKEN]},
            "raw_output": RAW_OUTPUT,
            "token_ids": [17],
        },
        {
            "index": 1,
            "message": {"role": "assistant", "content": "Ho"},
            "finish_reason": "stop",
            "logprobs": LEGACY_LOGPROBS,
        },
    ],
    "usage": USAGE,
    "perf_metrics": PERF_METRICS,
}
TEXT_CHUNKS = [
    {
        **HEAD,
        "object": "text_completion",
        "choices": [
            {
                "index": 0,
                "text": "Hi",
                "logprobs": LEGACY_LOGPROBS,
                "token_ids": [17],
                "prompt_token_ids": [1, 2],
                "finish_reason": None,
            }
        ],
        "usage": None,
    },
    {
        **HEAD,
        "object": "text_completion",
        "choices": [
            {
                "index": 0,
                "text": "",
                "raw_output": RAW_OUTPUT,
                "finish_reason": "length",
            }
        ],
        "usage": USAGE,
        "perf_metrics": PERF_METRICS,
    },
]
TEXT = {
    **HEAD,
    "object": "text_completion",
    "choices": [
        {
            "index": 0,
            "text": "Hi",
            "logprobs": LEGACY_LOGPROBS,
            "token_ids": [17],
            "prompt_token_ids": [1, 2],
            "raw_output": RAW_OUTPUT,
            "finish_reason": "length",
        }
    ],
    "usage": USAGE,
    "perf_metrics": PERF_METRICS,
}
EMBEDDINGS = {
    "object": "list",
    "model": "fireworks/qwen3-embedding-8b",
    "data": [
        {
            "object": "embedding",
            "index": 0,
            "embedding": [0.5, -0.5],
            "raw_output": RAW_OUTPUT,
        }
    ],
    "usage": {"prompt_tokens": 3, "total_tokens": 3},
    "perf_metrics": PERF_METRICS,
}
RERANK = {
    "object": "list",
    "id": "rerank-1",
    "model": "fireworks/qwen3-reranker-8b",
    "data": [{"index": 0, "relevance_score": 0.9, "document": "Paris."}],
    "usage": {"prompt_tokens": 3, "total_tokens": 4, "completion_tokens": 1},
}
MODEL = {
    "id": "accounts/fireworks/models/kimi-k2p6",
    "object": "model",
    "owned_by": "fireworks",
    "created": 1776455694,
    "kind": "HF_BASE_MODEL",
    "supports_chat": True,
    "supports_image_input": True,
    "supports_tools": True,
    "context_length": 262144,
}
WORD = {
    "word": "Hi",
    "language": "en",
    "probability": 0.9,
    "hallucination_score": 0.1,
    "start": 0.0,
    "end": 0.5,
    "speaker_id": "S1",
}
TRANSCRIPTION = {
    "task": "transcribe",
    "language": "en",
    "duration": 1.0,
    "text": "Hi",
    "words": [WORD],
    "segments": [
        {
            "id": 0,
            "text": "Hi",
            "start": 0.0,
            "end": 0.5,
            "words": [WORD],
            "speaker_id": "S1",
            "seek": 0.0,
            "audio_start": 0.0,
            "audio_end": 0.5,
            "tokens": [17],
            "temperature": 0.5,
            "avg_logprob": -0.5,
            "compression_ratio": 1.5,
            "no_speech_prob": 0.1,
            "no_speech": False,
            "retry_count": 1,
        }
    ],
}


@pytest.fixture
def connect(play):
    """Give a client of a server that answers so."""

    async def to(*steps: Any) -> AsyncFireworks:
        return (await play(list(steps)))[0]

    return to


def lost(sent: Any, result: Any) -> dict[str, Any]:
    """What was sent and is not in the result, or is there as something else."""
    kept = msgspec.to_builtins(result)
    return {
        at: pair
        for at, pair in differences(sent, kept).items()
        if pair.theirs not in (ABSENT, None)
    }


def answer(value: Any) -> Send:
    return Send(json_response(200, value))


def streamed(chunks: list[Any]) -> Send:
    body = stream_body(*chunks, DONE) + b"0\r\n\r\n"
    return Send(stream_head(200, **HEADERS) + body)


async def test_every_field_of_a_chat_chunk(connect):
    client = await connect(streamed(CHAT_CHUNKS))
    call = client.chat.completions.create(model="m", messages=[{"role": "user"}])
    chunks = [chunk async for chunk in call]
    assert lost(CHAT_CHUNKS, chunks) == {}


async def test_every_field_of_a_chat_completion(connect):
    client = await connect(streamed(CHAT_CHUNKS))
    call = client.chat.completions.create(model="m", messages=[{"role": "user"}])
    assert lost(CHAT, await call) == {}


async def test_every_field_of_a_chat_completion_that_came_whole(connect):
    client = await connect(answer(CHAT))
    call = client.chat.completions.create(model="m", messages=[{"role": "user"}])
    assert lost(CHAT, await call) == {}


async def test_every_field_of_a_text_chunk(connect):
    client = await connect(streamed(TEXT_CHUNKS))
    chunks = [chunk async for chunk in client.completions.create(model="m", prompt="")]
    assert lost(TEXT_CHUNKS, chunks) == {}


async def test_every_field_of_a_text_completion(connect):
    client = await connect(streamed(TEXT_CHUNKS))
    assert lost(TEXT, await client.completions.create(model="m", prompt="")) == {}


async def test_every_header(connect):
    client = await connect(streamed(CHAT_CHUNKS[:2]))
    stream = client.chat.completions.create(model="m", messages=[{"role": "user"}])
    await stream
    info = stream.response
    assert info.request_id == "req-1"
    assert lost(snake(RATE_LIMITS) | {"over_limit": False}, info.rate_limit) == {}
    assert lost(snake(PERF_METRICS) | {"sampling_options": SAMPLING}, info.perf) == {}
    assert info.perf.extra == {}


async def test_every_metric_of_a_body(connect):
    client = await connect(streamed(CHAT_CHUNKS))
    stream = client.chat.completions.create(model="m", messages=[{"role": "user"}])
    await stream
    assert lost(snake(PERF_METRICS), stream.response.perf) == {}
    assert stream.response.perf.extra == {}


def snake(values: dict[str, Any]) -> dict[str, Any]:
    return {name.replace("-", "_"): value for name, value in values.items()}


async def test_every_field_of_embeddings(connect):
    client = await connect(answer(EMBEDDINGS))
    result = await client.embeddings.create(model="qwen3-embedding-8b", input="a")
    assert lost(EMBEDDINGS, result) == {}


@pytest.mark.parametrize("name", ["data", "results"])
async def test_every_field_of_rerank(connect, name):
    rows = RERANK["data"]
    sent = {**{k: v for k, v in RERANK.items() if k != "data"}, name: rows}
    client = await connect(answer(sent))
    result = await client.rerank.create(
        model="qwen3-reranker-8b", query="city", documents=["Paris."]
    )
    assert lost(RERANK, result) == {}


async def test_every_field_of_models(connect):
    listed = {"object": "list", "data": [MODEL]}
    client = await connect(answer(listed))
    assert lost(listed, await client.models.list()) == {}


async def test_every_field_of_a_model(connect):
    client = await connect(answer(MODEL))
    assert lost(MODEL, await client.models.retrieve("kimi-k2p6")) == {}


async def test_every_field_of_a_transcription(connect):
    client = await connect(answer(TRANSCRIPTION))
    result = await client.audio.transcriptions.create(
        file=wav(1.0), response_format="verbose_json"
    )
    assert lost(TRANSCRIPTION, result) == {}


async def test_every_field_of_an_error(connect):
    refusal = {
        "error": {
            "object": "error",
            "type": "invalid_request_error",
            "code": "invalid_request_error",
            "param": "max_tokens",
            "message": "Extra inputs are not permitted, field: 'x[0].y', value: 1",
        },
        "request_id": "req-2",
    }
    client = await connect(Send(json_response(400, refusal)))
    with pytest.raises(BadRequestError) as caught:
        await client.chat.completions.create(model="m", messages=[{"role": "user"}])
    error = caught.value
    assert error.type == refusal["error"]["type"]
    assert error.code == refusal["error"]["code"]
    assert error.param == refusal["error"]["param"]
    assert error.message == refusal["error"]["message"]
    assert error.request_id == "req-2"
    assert error.fields == ("x[0].y",)
    assert error.body == refusal


def test_a_field_that_is_not_typed_would_be_missed():
    chunk = {**CHAT_CHUNKS[0], "brand_new": {"deep": 1}}
    from fireworks_async.types import ChatCompletionChunk

    decoded = msgspec.convert(chunk, ChatCompletionChunk)
    assert lost(chunk, decoded).keys() == {"brand_new"}

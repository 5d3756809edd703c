"""Calls that are made through LiteLLM and through this library, for their bodies.

Each is written once, in the words that both take; ``theirs`` and ``ours`` hold what one
of the two spells in another way. The first words of a name say what it is about.
"""

import base64
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel

__all__ = ("CALLS", "Call")

Endpoint = Literal["chat", "text", "embeddings", "rerank"]


@dataclass(frozen=True)
class Call:
    """One call.

    Attributes:
        name: What it is called in the record and in the table of differences.
        endpoint: Where it goes.
        fields: Keyword arguments of both.
        theirs: Those of LiteLLM that are other than ours.
        ours: Those of ours that are other than LiteLLM's.
        parses: Whether ours is ``parse``, for an answer of a type.
    """

    name: str
    endpoint: Endpoint
    fields: dict[str, Any]
    theirs: dict[str, Any] = field(default_factory=dict)
    ours: dict[str, Any] = field(default_factory=dict)
    parses: bool = False


# A model that LiteLLM's list has with tools and reasoning, one that sees images, one
# that does not.
MODEL = "fireworks_ai/accounts/fireworks/models/kimi-k2p6"
BLIND = "fireworks_ai/accounts/fireworks/models/gpt-oss-120b"
UNLISTED = "fireworks_ai/accounts/me/models/my-fine-tune"
HELLO = [{"role": "user", "content": "hello"}]
PNG = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()
PDF = "https://storage.googleapis.com/fireworks-public/test/sample_resume.pdf"

WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Look up the weather.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}
STRICT_WEATHER = {
    "type": "function",
    "function": {**WEATHER["function"], "strict": True},
}
# As generators of older schemas write it, with definitions beside the properties.
OLD_DEFINITIONS = {
    "type": "function",
    "function": {
        "name": "route",
        "parameters": {
            "type": "object",
            "properties": {"to": {"$ref": "#/definitions/Place"}},
            "definitions": {
                "Place": {"type": "object", "properties": {"city": {"type": "string"}}}
            },
        },
    },
}
NEW_DEFINITIONS = {
    "type": "function",
    "function": {
        "name": "route",
        "parameters": {
            "type": "object",
            "properties": {"to": {"$ref": "#/$defs/Place"}},
            "$defs": {
                "Place": {"type": "object", "properties": {"city": {"type": "string"}}}
            },
        },
    },
}
SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
JSON_SCHEMA = {
    "type": "json_schema",
    "json_schema": {"name": "person", "strict": True, "schema": SCHEMA},
}
HISTORY_OF_TOOLS = [
    *HELLO,
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {
                "id": "call_1",
                "type": "function",
                "function": {"name": "weather", "arguments": '{"city":"Bonn"}'},
            }
        ],
    },
    {"role": "tool", "tool_call_id": "call_1", "content": "sunny"},
]


class Person(BaseModel):
    name: str
    age: int


class Address(BaseModel):
    street: str
    floor: int = 0


class Profile(BaseModel):
    name: str
    nick: str | None = None
    address: Address
    others: list[Address] = []
    scores: dict[str, int]


def chat(name: str, *, theirs: Any = None, ours: Any = None, **fields: Any) -> Call:
    base = {"model": MODEL, "messages": HELLO}
    return Call(name, "chat", base | fields, theirs or {}, ours or {})


def options(**fields: Any) -> Call:
    """A call with one field more than the least, named after it."""
    [(name, value)] = fields.items()
    return chat(f"option {name}={value!r}"[:70], **fields)


def user(*parts: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "content": list(parts)}]


def image(url: str, **detail: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url, **detail}}


def words(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}


NAMES = [
    chat(f"model {name}", model=f"fireworks_ai/{name}")
    for name in (
        "accounts/fireworks/models/llama-v3-70b-instruct",
        "llama-v3p2-1b-instruct",
        "mixtral-8x7b-instruct",
        "accounts/me/models/my-fine-tune",
        "accounts/me/deployments/abc123",
        "accounts/fireworks/models/qwen2p5-coder-7b#accounts/gitlab/deployments/2fb7764c",
        "qwen2p5-coder-7b#accounts/gitlab/deployments/2fb7764c",
        "FW-Kimi-K3",
        "routers/glm-latest",
        "models/glm-4p6",
        "kimi-k2p6-fast",
        "glm-5p3-us",
        "kimi-k3-spot",
        "qwen-max-latest",
        "auto",
        "auto-instant",
        "firerouter",
        "firerouter/cheap",
        "me/my-fine-tune",
        "deepseek-v3.1",
    )
]

SAMPLING: dict[str, Any] = {
    "temperature": 0.7,
    "top_p": 0.9,
    "top_k": 40,
    "min_p": 0.05,
    "typical_p": 0.9,
    "frequency_penalty": 0.5,
    "presence_penalty": -0.5,
    "repetition_penalty": 1.1,
    "mirostat_target": 5.0,
    "mirostat_lr": 0.2,
    "seed": 7,
    "logit_bias": {"50256": -100},
}
CACHING: dict[str, Any] = {
    "prompt_cache_key": "user-42",
    "prompt_cache_isolation_key": "tenant-1",
    "user": "ada",
    "service_tier": "priority",
}
SEED_OPTIONS: dict[str, Any] = {
    "min_p": 0.05,
    "repetition_penalty": 1.1,
    "typical_p": 0.9,
    "mirostat_target": 5.0,
    "mirostat_lr": 0.2,
    "parallel_tool_calls": True,
    "tools": [WEATHER],
    "max_completion_tokens": 300,
    "prompt_cache_key": "user-42",
    "prompt_cache_isolation_key": "tenant-1",
    "prompt_truncate_len": 2000,
    "safe_tokenization": True,
    "perf_metrics_in_response": True,
    "raw_output": True,
    "speculation": "hello to you",
    "metadata": {"trace": "t-1"},
    "reasoning_effort": "low",
    "top_k": 40,
}

OPTIONS = [
    *(options(**{name: value}) for name, value in SAMPLING.items()),
    *(options(**{name: value}) for name, value in CACHING.items()),
    options(temperature=0),
    options(top_k=0),
    options(max_tokens=100),
    options(max_tokens=5000),
    options(max_completion_tokens=100),
    options(n=2),
    options(stop="END"),
    options(stop=["END", "STOP"]),
    options(ignore_eos=True),
    options(min_tokens=8),
    options(echo=True),
    options(echo_last=3),
    options(logprobs=True),
    options(logprobs=3),
    chat("option top_logprobs", logprobs=True, top_logprobs=3),
    options(return_token_ids=True),
    options(raw_output=True),
    options(perf_metrics_in_response=True),
    options(prompt_cache_max_len=0),
    options(prompt_truncate_len=2000),
    options(context_length_exceeded_behavior="error"),
    options(safe_tokenization=True),
    options(safe_tokenization=False),
    options(metadata={"trace": "t-1"}),
    options(prediction={"type": "content", "content": "hello to you"}),
    options(prediction="hello to you"),
    options(speculation="hello to you"),
    options(speculation=[1, 2, 3]),
    options(rewrite_speculation=True),
    options(sampling_mask=True),
    options(stream_options={"include_usage": False}),
    chat("streamed", stream=True),
    chat(
        "streamed, usage asked for",
        stream=True,
        stream_options={"include_usage": True},
    ),
    chat(
        "streamed, usage refused",
        stream=True,
        stream_options={"include_usage": False},
    ),
    chat("streamed, more than 4096", stream=True, max_tokens=5000),
    chat("all of sampling", **SAMPLING, max_tokens=100, stop=["END"]),
    chat("all of caching", **CACHING, prompt_truncate_len=2000),
    chat("all options of the ReqLLM page", **SEED_OPTIONS),
    chat("all options of the ReqLLM page, streamed", stream=True, **SEED_OPTIONS),
    chat(
        "session affinity",
        theirs={"litellm_session_id": "session-1"},
        ours={"session_affinity": "session-1"},
    ),
    chat("extra headers", extra_headers={"x-mine": "1"}),
    chat("extra body", extra_body={"brand_new": 1}),
]

REASONING = [
    *(
        chat(f"reasoning_effort {effort!r}", reasoning_effort=effort)
        for effort in (
            "none",
            "minimal",
            "low",
            "medium",
            "high",
            "xhigh",
            "max",
            "default",
            "auto",
            {"effort": "low"},
            2000,
            True,
            False,
        )
    ),
    chat(
        "reasoning_effort of a model that is not listed",
        model=UNLISTED,
        reasoning_effort="low",
    ),
    chat("reasoning_history", reasoning_history="preserved"),
    chat("thinking", thinking={"type": "enabled", "budget_tokens": 1024}),
    chat("thinking off", thinking={"type": "disabled"}),
    chat(
        "thinking and reasoning_effort",
        thinking={"type": "enabled"},
        reasoning_effort="low",
    ),
    chat(
        "reasoning sent back",
        messages=[
            *HELLO,
            {"role": "assistant", "content": "Hi.", "reasoning_content": "Greet."},
            *HELLO,
        ],
    ),
]

TOOLS = [
    chat("tools", tools=[WEATHER]),
    *(
        chat(f"tool_choice {choice!r}"[:70], tools=[WEATHER], tool_choice=choice)
        for choice in (
            "auto",
            "none",
            "any",
            "required",
            {"type": "function", "function": {"name": "weather"}},
            {"type": "function", "name": "weather"},
            {"type": "tool", "name": "weather"},
        )
    ),
    chat(
        "tool_choice of a model that is not listed",
        model=UNLISTED,
        tools=[WEATHER],
        tool_choice="auto",
    ),
    chat("parallel_tool_calls", tools=[WEATHER], parallel_tool_calls=False),
    chat("tools, strict", tools=[STRICT_WEATHER]),
    chat("tools with definitions", tools=[OLD_DEFINITIONS]),
    chat("tools with $defs", tools=[NEW_DEFINITIONS]),
    chat("tools and a schema", tools=[WEATHER], response_format=JSON_SCHEMA),
    chat(
        "tools, choice and a schema",
        tools=[WEATHER],
        tool_choice="auto",
        response_format=JSON_SCHEMA,
        stream=True,
    ),
    chat("functions", functions=[WEATHER["function"]], function_call="auto"),
    chat("a history of tools", messages=HISTORY_OF_TOOLS, tools=[WEATHER]),
    chat(
        "a history of tools as LiteLLM gives it",
        tools=[WEATHER],
        messages=[
            *HELLO,
            {
                "role": "assistant",
                "content": None,
                "function_call": None,
                "annotations": [],
                "images": [],
                "provider_specific_fields": {"refusal": None},
                "tool_calls": [
                    {
                        "index": 0,
                        "id": "call_1",
                        "type": "function",
                        "function": {"name": "weather", "arguments": "{}"},
                    }
                ],
            },
            {
                "role": "tool",
                "tool_call_id": "call_1",
                "name": "weather",
                "content": "sunny",
                "metadata": {"took": 3},
            },
        ],
    ),
]

FORMATS = [
    chat("format text", response_format={"type": "text"}),
    chat("format json_object", response_format={"type": "json_object"}),
    chat(
        "format json_object with a schema",
        response_format={"type": "json_object", "schema": SCHEMA},
    ),
    chat("format json_schema", response_format=JSON_SCHEMA),
    chat(
        "format json_schema, bare",
        response_format={"type": "json_schema", "json_schema": SCHEMA},
    ),
    chat("format json_schema, streamed", response_format=JSON_SCHEMA, stream=True),
    chat(
        "format grammar",
        response_format={"type": "grammar", "grammar": 'root ::= "yes" | "no"'},
    ),
    chat(
        "format of a model that is not listed",
        model=UNLISTED,
        response_format=JSON_SCHEMA,
    ),
    Call(
        "format of a pydantic model",
        "chat",
        {"model": MODEL, "messages": HELLO, "response_format": Person},
        parses=True,
    ),
    Call(
        "format of a pydantic model with more in it",
        "chat",
        {"model": MODEL, "messages": HELLO, "response_format": Profile},
        parses=True,
    ),
]

MESSAGES = [
    chat("system", messages=[{"role": "system", "content": "Be brief."}, *HELLO]),
    chat("developer", messages=[{"role": "developer", "content": "Be brief."}, *HELLO]),
    chat(
        "an empty system prompt", messages=[{"role": "system", "content": ""}, *HELLO]
    ),
    chat("a name", messages=[{"role": "user", "name": "ada", "content": "hello"}]),
    chat(
        "cache_control",
        messages=[
            {
                "role": "system",
                "content": [
                    {**words("Be brief."), "cache_control": {"type": "ephemeral"}}
                ],
                "cache_control": {"type": "ephemeral"},
            },
            *HELLO,
        ],
    ),
    chat(
        "an answer as LiteLLM gives it",
        messages=[
            *HELLO,
            {
                "role": "assistant",
                "content": "Hi.",
                "refusal": None,
                "audio": None,
                "function_call": None,
                "tool_calls": None,
                "annotations": [],
                "thinking_blocks": [{"type": "thinking", "thinking": "Greet."}],
                "provider_specific_fields": {"x": 1},
            },
            *HELLO,
        ],
    ),
    chat(
        "metadata of a message",
        messages=[{"role": "user", "content": "hello", "metadata": {"id": 1}}],
    ),
    chat("parts of text", messages=user(words("hello"), words("again"))),
    chat("unicode", messages=[{"role": "user", "content": "héllo 🌍 \u2028"}]),
]

MEDIA = [
    chat("image", messages=user(image("https://x.test/a.png"), words("What?"))),
    chat(
        "image with detail", messages=user(image("https://x.test/a.png", detail="low"))
    ),
    chat("image as data", messages=user(image(PNG), words("What?"))),
    chat(
        "image as a string",
        messages=user({"type": "image_url", "image_url": "https://x.test/a.png"}),
    ),
    chat(
        "image for a blind model",
        model=BLIND,
        messages=user(image("https://x.test/a.png")),
    ),
    chat(
        "document of the LiteLLM page",
        model="fireworks_ai/accounts/fireworks/models/llama-v3p3-70b-instruct",
        messages=user(image(PDF), words("What are the candidate's BA and MBA GPAs?")),
    ),
    chat(
        "document, inlining off",
        model="fireworks_ai/accounts/fireworks/models/llama-v3p3-70b-instruct",
        messages=user(image(PDF)),
        theirs={"disable_add_transform_inline_image_block": True},
        ours={"document_inlining": False},
    ),
    chat(
        "document, already marked",
        model="fireworks_ai/accounts/fireworks/models/llama-v3p3-70b-instruct",
        messages=user(image(PDF + "?a=1#transform=inline")),
    ),
    chat(
        "file",
        messages=user({"type": "file", "file": {"file_data": PNG}}, words("What?")),
    ),
    chat(
        "video",
        messages=user(
            {
                "type": "video_url",
                "video_url": {"url": "https://x.test/a.mp4", "max_frames": 8},
            }
        ),
    ),
    chat(
        "audio",
        messages=user(
            {"type": "audio_url", "audio_url": {"url": "https://x.test/a.ogg"}}
        ),
    ),
    chat(
        "images, tools and a schema",
        messages=user(image(PNG), words("What?")),
        tools=[WEATHER],
        tool_choice="required",
        response_format=JSON_SCHEMA,
        reasoning_effort="low",
        max_tokens=6000,
    ),
]

CACHED = {"cache_control": {"type": "ephemeral"}}
ODDS = [
    chat("no tools", tools=[]),
    chat("nothing set", tools=None, stop=None, temperature=None, n=None, user=None),
    chat("keys that are numbers", logit_bias={50256: -100}),
    chat("cache_control on a tool", tools=[{**WEATHER, **CACHED}]),
    chat(
        "cache_control on a function",
        tools=[{"type": "function", "function": {**WEATHER["function"], **CACHED}}],
    ),
    chat(
        "cache_control on a result",
        tools=[WEATHER],
        messages=[
            *HISTORY_OF_TOOLS[:-1],
            {
                "role": "tool",
                "tool_call_id": "call_1",
                "content": [{**words("sunny"), **CACHED}],
            },
        ],
    ),
    chat(
        "arguments that are an object",
        tools=[WEATHER],
        messages=[
            *HELLO,
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {
                        "id": "call_1",
                        "type": "function",
                        "function": {"name": "weather", "arguments": {"city": "Bonn"}},
                    }
                ],
            },
            HISTORY_OF_TOOLS[-1],
        ],
    ),
    chat(
        "thinking in parts",
        messages=[
            *HELLO,
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "Greet.", "signature": "x"},
                    words("Hi."),
                ],
            },
            *HELLO,
        ],
    ),
    chat(
        "parameters missing",
        tools=[{"type": "function", "function": {"name": "now"}}],
    ),
    chat(
        "system in the middle",
        messages=[*HELLO, {"role": "system", "content": "Be brief."}, *HELLO],
    ),
    chat(
        "no content",
        messages=[*HELLO, {"role": "assistant", "content": ""}, *HELLO],
    ),
    chat("n streamed", n=3, stream=True, logprobs=True),
    chat(
        "image with a format",
        messages=user(
            {"type": "image_url", "image_url": {"url": PNG, "format": "image/png"}}
        ),
    ),
]


def embed(name: str, *, theirs: Any = None, ours: Any = None, **fields: Any) -> Call:
    base = {"model": "fireworks_ai/nomic-ai/nomic-embed-text-v1.5", "input": "a text"}
    return Call(f"embed {name}", "embeddings", base | fields, theirs or {}, ours or {})


EMBEDDINGS = [
    *(
        embed(name, model=f"fireworks_ai/{name}")
        for name in (
            "nomic-ai/nomic-embed-text-v1.5",
            "nomic-ai/nomic-embed-text-v1",
            "WhereIsAI/UAE-Large-V1",
            "thenlper/gte-large",
            "thenlper/gte-base",
            "fireworks/qwen3-embedding-8b",
            "qwen3-embedding-8b",
            "accounts/fireworks/models/qwen3-embedding-8b",
        )
    ),
    embed("several", input=["a", "b"]),
    embed("dimensions", dimensions=256),
    embed(
        "dimensions of qwen3",
        model="fireworks_ai/fireworks/qwen3-embedding-8b",
        dimensions=256,
    ),
    embed("normalize", normalize=True),
    embed("return_logits", return_logits=[2753, 9454], normalize=True),
    embed(
        "objects",
        input=[{"title": "a", "text": "b"}],
        prompt_template="{{title}}: {{text}}",
    ),
]

DOCUMENTS = [
    "Paris is the capital and largest city of France.",
    "Python is a popular programming language.",
]


def rank(name: str, **fields: Any) -> Call:
    base = {
        "model": "fireworks_ai/fireworks/qwen3-reranker-8b",
        "query": "What is the capital of France?",
        "documents": DOCUMENTS,
    }
    return Call(f"rerank {name}", "rerank", base | fields)


RERANK = [
    rank("of the LiteLLM page", top_n=3, return_documents=True),
    rank("at its least"),
    rank("top_n", top_n=1),
    rank("without documents", return_documents=False),
    rank("bare name", model="fireworks_ai/qwen3-reranker-8b"),
    rank("full name", model="fireworks_ai/accounts/fireworks/models/qwen3-reranker-8b"),
    rank("task", task="Find the city."),
]


def complete(name: str, **fields: Any) -> Call:
    base = {"model": MODEL, "prompt": "Once upon a time"}
    return Call(f"text {name}", "text", base | fields)


TEXT = [
    complete("at its least"),
    complete("streamed", stream=True),
    complete(
        "of the LiteLLM page",
        model="text-completion-openai/accounts/fireworks/models/qwen2p5-coder-7b"
        "#accounts/gitlab/deployments/2fb7764c",
    ),
    complete("several prompts", prompt=["Once", "Twice"]),
    complete("token ids", prompt=[1, 2, 3]),
    complete("lists of token ids", prompt=[[1, 2], [3]]),
    complete("echo and logprobs", echo=True, logprobs=2, max_tokens=4),
    complete("sampling", **SAMPLING, max_tokens=8, stop="END", n=2),
    complete("a format", response_format=JSON_SCHEMA),
    complete("reasoning", reasoning_effort="low"),
    complete("images", prompt="What is <image>?", images=[PNG]),
    complete("token ids back", return_token_ids=True, raw_output=True),
]

CALLS = (
    *NAMES,
    *OPTIONS,
    *REASONING,
    *TOOLS,
    *FORMATS,
    *MESSAGES,
    *MEDIA,
    *ODDS,
    *EMBEDDINGS,
    *RERANK,
    *TEXT,
)

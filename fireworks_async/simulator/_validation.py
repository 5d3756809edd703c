"""Which fields a chat request may have, at every level, and what they may hold.

The world is closed: a field that no table here names is refused.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import msgspec

from fireworks_async.simulator._prompts import image_problem
from fireworks_async.simulator._rules import (
    Rule,
    anything,
    array,
    boolean,
    closed,
    either,
    integer,
    literal,
    mapping,
    nullable,
    number,
    string,
)
from fireworks_async.simulator._schema_words import schema_in, schema_problems

__all__ = ("chat_problems", "join_problems", "text_problems")

_EFFORTS = ("low", "medium", "high", "xhigh", "max", "none", "adaptive")
# Documented for vision models: 30 images, and base64 "under 10 MB" in all.
_MOST_IMAGES = 30
_MOST_BASE64 = 10 * 1024 * 1024
_STREAM_ONLY_ABOVE = 4096
_MOST_LOGPROBS = 5

_schema = nullable(either(string, mapping(anything)))
_image = closed({"url": string, "detail": nullable(string)}, ("url",))
_video = closed(
    {
        "url": string,
        "detail": nullable(string),
        "max_frames": nullable(integer()),
        "sample_fps": nullable(number()),
        "spatial_limit": nullable(integer()),
    },
    ("url",),
)
_part = closed(
    {
        "type": string,
        "text": nullable(string),
        # The text alone is what older clients send, with the inlining mark on it.
        "image_url": nullable(either(string, _image)),
        "video_url": nullable(_video),
        "audio_url": nullable(closed({"url": string}, ("url",))),
    },
    ("type",),
)
_content = either(string, array(_part))
_called = closed(
    {
        "name": nullable(string),
        "arguments": nullable(either(string, mapping(anything))),
    }
)
_tool_call = closed(
    {"id": nullable(string), "type": string, "function": either(string, _called)},
    ("function",),
)
_message = closed(
    {
        "role": string,
        "content": nullable(_content),
        "reasoning_content": nullable(string),
        "tool_call_id": nullable(string),
        "tool_calls": nullable(array(_tool_call)),
    },
    ("role",),
)
_function = closed(
    {
        "name": string,
        "description": nullable(string),
        "parameters": mapping(anything),
        "strict": nullable(boolean),
    },
    ("name",),
)
_tool = closed(
    {"type": literal("function"), "function": nullable(_function)}, ("type",)
)
_named = closed({"name": string}, ("name",))
_tool_choice = either(
    literal("auto", "none", "any", "required"),
    closed(
        {"type": literal("function"), "function": nullable(_named), "name": string},
        ("type",),
    ),
)
_response_format = closed(
    {
        "type": literal("text", "json_object", "json_schema", "grammar"),
        "schema": _schema,
        "json_schema": _schema,
        "grammar": nullable(string),
    },
    ("type",),
)
_thinking = closed(
    {
        "type": literal("enabled", "disabled", "adaptive"),
        "budget_tokens": nullable(integer(1024)),
        "keep": string,
        "effort": string,
    },
    ("type",),
)
_stream_options = closed(
    {
        "include_usage": nullable(boolean),
        "buffer_tokens": nullable(integer()),
        "buffer_ms": nullable(number()),
        "buffer_mode": nullable(string),
    }
)
_prediction = closed({"type": literal("content"), "content": _content}, ("content",))


def _few(value: Any, path: str) -> Iterator[str]:  # noqa: ARG001 - one signature
    # The words are the same for `top_logprobs`.
    if not 0 <= value <= _MOST_LOGPROBS:
        yield f"logprobs must be between 0 and {_MOST_LOGPROBS}: {value}"


def _bool_or_few(value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, bool):
        yield from _few(value, path)


_logprob_count = Rule((int,), ("Input should be a valid integer",), _few)

# Sampling and output: what chat shares with text completions.
_sampling = {
    "context_length_exceeded_behavior": literal("truncate", "error"),
    "echo": nullable(boolean),
    "echo_last": nullable(integer()),
    "frequency_penalty": nullable(number(-2, 2)),
    "ignore_eos": boolean,
    "logit_bias": nullable(mapping(number(-100, 100))),
    "logprobs": nullable(Rule((bool, int), _logprob_count.complaints, _bool_or_few)),
    "max_completion_tokens": nullable(integer(0)),
    "max_tokens": nullable(integer(0)),
    "metadata": nullable(mapping(string)),
    "min_p": nullable(number(0, 1)),
    "min_tokens": nullable(integer(0)),
    "mirostat_lr": nullable(number()),
    "mirostat_target": nullable(number()),
    "model": string,
    "n": integer(1, 128),
    "perf_metrics_in_response": nullable(boolean),
    "prediction": nullable(either(string, _prediction)),
    "presence_penalty": nullable(number(-2, 2)),
    "prompt_cache_isolation_key": nullable(string),
    "prompt_cache_key": nullable(string),
    "prompt_cache_max_len": nullable(integer(0)),
    "raw_output": nullable(boolean),
    "reasoning_effort": nullable(either(literal(*_EFFORTS), integer(), boolean)),
    "reasoning_history": nullable(literal("disabled", "interleaved", "preserved")),
    "repetition_penalty": nullable(number(0, 2)),
    "response_format": nullable(_response_format),
    "return_token_ids": nullable(boolean),
    "rewrite_speculation": nullable(boolean),
    "seed": nullable(integer()),
    "service_tier": literal("auto", "default", "flex", "priority"),
    "speculation": nullable(either(string, array(integer()))),
    "stop": nullable(either(string, array(string, at_most=4))),
    "stream": nullable(boolean),
    "stream_options": nullable(_stream_options),
    "temperature": nullable(number(0, 2)),
    "thinking": nullable(_thinking),
    "top_k": nullable(integer(0, 100)),
    "top_logprobs": nullable(_logprob_count),
    "top_p": nullable(number(0, 1)),
    "typical_p": nullable(number(0, 1)),
    "user": nullable(string),
    # Seen on the wire and nowhere described: taken as they come.
    "acceptance_probs_override": anything,
    "forced_generation": anything,
    "include_routing_matrix": anything,
    "prompt_token_ids": anything,
    "routing_matrix_format": anything,
    "sampling_mask": anything,
    "top_sampling_format": anything,
    "top_sampling_logprobs": anything,
}

_chat = closed(
    {
        **_sampling,
        "messages": array(_message, at_least=1),
        "tools": array(_tool),
        "tool_choice": _tool_choice,
        "parallel_tool_calls": nullable(boolean),
        "functions": array(_function),
        "function_call": nullable(either(literal("auto", "none"), _named)),
        "prompt_truncate_len": nullable(integer()),
        "safe_tokenization": nullable(boolean),
    },
    ("messages", "model"),
)
_ids = array(replace(integer(0), types=(int,)), at_least=1)
_text = closed(
    {
        **_sampling,
        "prompt": either(
            string, array(string, at_least=1), _ids, array(_ids, at_least=1)
        ),
        "images": nullable(either(array(string), array(array(string)))),
    },
    ("prompt", "model"),
)


def chat_problems(body: object, *, non_stream_cap: bool) -> list[str]:
    """List what is wrong with the body of a chat request, in the API's words."""
    if problems := list(_chat.problems(body, "")):
        return problems
    valid: Any = body
    return [
        *_contradictions(valid, non_stream_cap),
        *_excess(valid["messages"]),
        *_schemas(valid),
    ]


def text_problems(body: object, *, non_stream_cap: bool) -> list[str]:
    """List what is wrong with the body of a text completion request, likewise."""
    if problems := list(_text.problems(body, "")):
        return problems
    valid: Any = body
    problems = [*_contradictions(valid, non_stream_cap), *_schemas(valid)]
    if mismatch := image_problem(valid):
        problems.append(mismatch)
    return problems


def join_problems(problems: list[str]) -> str:
    """Make one message of all complaints."""
    if len(problems) == 1:
        return problems[0]
    return f"{len(problems)} request validation errors: {'; '.join(problems)}"


def _excess(messages: list[Any]) -> Iterator[str]:
    """More images than are taken; in words of our own, since the API's were not seen."""
    images: list[Any] = []
    for message in messages:
        content: Any = message.get("content")
        if content and not isinstance(content, str):
            images += [part["image_url"] for part in content if part.get("image_url")]
    if len(images) > _MOST_IMAGES:
        yield f"Too many images: {len(images)}, at most {_MOST_IMAGES} are allowed"
    urls: list[str] = [
        each if isinstance(each, str) else each["url"] for each in images
    ]
    if sum(len(url) for url in urls if url.startswith("data:")) > _MOST_BASE64:
        yield f"Images hold more than {_MOST_BASE64} bytes of base64"


def _schemas(body: Any) -> Iterator[str]:
    """What is given as a JSON Schema, and is none."""
    wanted: dict[str, Any] = body.get("response_format") or {}
    if wanted.get("type") in ("json_object", "json_schema"):
        try:
            schema = schema_in(wanted)
        except msgspec.DecodeError:
            yield "Invalid JSON schema: it is not valid JSON, field: 'response_format'"
        else:
            yield from schema_problems(schema, "response_format")
    tools: list[Any] = body.get("tools") or []
    for index, tool in enumerate(tools):
        function: dict[str, Any] = tool.get("function") or {}
        path = f"tools[{index}].function.parameters"
        yield from schema_problems(function.get("parameters", {}), path)
    functions: list[Any] = body.get("functions") or []
    for index, legacy in enumerate(functions):
        path = f"functions[{index}].parameters"
        yield from schema_problems(legacy.get("parameters", {}), path)


def _contradictions(body: Any, non_stream_cap: bool) -> Iterator[str]:
    limit = body.get("max_tokens")
    if limit is not None and body.get("max_completion_tokens") is not None:
        yield "Cannot specify both 'max_tokens' and 'max_completion_tokens'"
    limit = limit if limit is not None else body.get("max_completion_tokens")
    effort = body.get("reasoning_effort")
    if effort is not None and body.get("thinking") is not None:
        yield "Cannot specify both 'thinking' and 'reasoning_effort'"
    if isinstance(effort, (int, float)) and not isinstance(effort, bool) and effort < 1:
        yield "integer reasoning_effort must be positive"
    is_long = limit is not None and limit > _STREAM_ONLY_ABOVE
    if non_stream_cap and is_long and not body.get("stream"):
        yield f"Requests with max_tokens > {_STREAM_ONLY_ABOVE} must have stream=true"

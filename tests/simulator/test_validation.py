import pytest

from fireworks_async.simulator._validation import chat_problems, join_problems
from tests.support.simulated import chat


def complaint(**fields: object) -> str:
    return join_problems(chat_problems(chat(**fields), non_stream_cap=True))


TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
EVERYTHING = {
    "context_length_exceeded_behavior": "error",
    "echo": False,
    "echo_last": 1,
    "frequency_penalty": -2,
    "function_call": {"name": "f"},
    "functions": [{"name": "f", "description": "d", "parameters": {}}],
    "ignore_eos": True,
    "logit_bias": {"12": 100},
    "logprobs": True,
    "max_tokens": 9000,
    "metadata": {"a": "b"},
    "min_p": 1.0,
    "min_tokens": 1,
    "mirostat_lr": 0.1,
    "mirostat_target": 3.5,
    "n": 128,
    "parallel_tool_calls": True,
    "perf_metrics_in_response": True,
    "prediction": {"type": "content", "content": [{"type": "text", "text": "x"}]},
    "presence_penalty": 2,
    "prompt_cache_isolation_key": "k",
    "prompt_cache_key": "k",
    "prompt_cache_max_len": 0,
    "prompt_truncate_len": 10,
    "raw_output": True,
    "reasoning_effort": 100,
    "reasoning_history": "interleaved",
    "repetition_penalty": 1,
    "response_format": {"type": "json_schema", "json_schema": {"name": "n"}},
    "return_token_ids": True,
    "rewrite_speculation": True,
    "safe_tokenization": True,
    "sampling_mask": [1],
    "seed": 1,
    "service_tier": "priority",
    "speculation": [1, 2],
    "stop": ["a", "b", "c", "d"],
    "stream": True,
    "stream_options": {"include_usage": True},
    "temperature": 2,
    "tool_choice": {"type": "function", "name": "f"},
    "tools": [TOOL],
    "top_k": 100,
    "top_logprobs": 5,
    "top_p": 0.0,
    "typical_p": 1,
    "user": "u",
    "messages": [
        {"role": "system", "content": ""},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "x"},
                {"type": "image_url", "image_url": {"url": "u", "detail": "low"}},
                {"type": "image_url", "image_url": "u"},
                {"type": "video_url", "video_url": {"url": "u", "max_frames": 3}},
            ],
        },
        {
            "role": "assistant",
            "content": None,
            "reasoning_content": "r",
            "tool_calls": [
                {"id": "a", "type": "function", "function": {"name": "f"}},
                {"function": {"name": "f", "arguments": {"x": 1}}},
                {"function": "f"},
            ],
        },
        {"role": "tool", "tool_call_id": "a", "content": "x"},
    ],
}


def test_every_documented_field_is_taken():
    assert chat_problems(chat(**EVERYTHING), non_stream_cap=True) == []


@pytest.mark.parametrize("field", ["best_of", "chat_template_kwargs", "store", "top_a"])
def test_an_unknown_field_is_refused(field):
    assert (
        complaint(**{field: 100})
        == f"Extra inputs are not permitted, field: '{field}', value: 100"
    )


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"messages": [{"role": "user", "metadata": 1}]}, "messages[0].metadata"),
        ({"messages": [{"role": "user", "name": 1}]}, "messages[0].name"),
        (
            {
                "messages": [
                    {"role": "a", "tool_calls": [{"function": "f", "index": 1}]}
                ]
            },
            "messages[0].tool_calls[0].index",
        ),
        (
            {"tools": [{**TOOL, "eager_input_streaming": 1}]},
            "tools[0].eager_input_streaming",
        ),
        (
            {"tools": [{"type": "function", "function": {"name": "f", "x": 1}}]},
            "tools[0].function.x",
        ),
        ({"stream_options": {"x": 1}}, "stream_options.x"),
        ({"response_format": {"type": "text", "x": 1}}, "response_format.x"),
        ({"thinking": {"type": "enabled", "x": 1}}, "thinking.x"),
    ],
)
def test_the_world_is_closed_at_every_level(fields, path):
    assert (
        complaint(**fields)
        == f"Extra inputs are not permitted, field: '{path}', value: 1"
    )


def test_a_part_with_an_unknown_key_is_refused_by_both_forms_of_content():
    part = {"type": "text", "text": "x", "cache_control": {}}
    said = complaint(messages=[{"role": "user", "content": [part]}])
    assert said.startswith(
        "2 request validation errors: Input should be a valid string"
    )
    assert said.endswith(
        "; Extra inputs are not permitted,"
        " field: 'messages[0].content[0].cache_control', value: {}"
    )


@pytest.mark.parametrize(
    ("field", "value", "bound"),
    [
        ("n", 0, "greater than or equal to 1"),
        ("n", 129, "less than or equal to 128"),
        ("temperature", 2.1, "less than or equal to 2"),
        ("top_p", -0.1, "greater than or equal to 0"),
        ("top_k", 101, "less than or equal to 100"),
        ("min_p", 1.1, "less than or equal to 1"),
        ("typical_p", 1.1, "less than or equal to 1"),
        ("frequency_penalty", -2.1, "greater than or equal to -2"),
        ("presence_penalty", 2.1, "less than or equal to 2"),
        ("repetition_penalty", 2.1, "less than or equal to 2"),
    ],
)
def test_numbers_have_their_range(field, value, bound):
    assert (
        complaint(**{field: value})
        == f"Input should be {bound}, field: '{field}', value: {value}"
    )


def test_missing_fields_are_all_named():
    assert chat_problems({}, non_stream_cap=True) == [
        "Field required, field: 'messages'",
        "Field required, field: 'model'",
    ]


def test_a_body_that_is_no_object_is_refused():
    assert len(chat_problems([], non_stream_cap=True)) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"response_format": {"type": "json_schema", "json_schema": {"required": True}}},
        {"response_format": {"type": "json_object", "schema": "{"}},
        {"functions": [{"name": "f", "parameters": {"required": True}}]},
        {
            "tools": [
                {
                    "type": "function",
                    "function": {"name": "f", "parameters": {"required": True}},
                }
            ]
        },
    ],
    ids=str,
)
def test_what_is_no_schema_is_refused(fields):
    assert complaint(**fields).startswith("Invalid JSON schema: ")


def test_an_unknown_effort_is_refused_in_the_words_of_the_live_service():
    said = complaint(reasoning_effort="minimal")
    assert said.startswith(
        "3 request validation errors: Input should be 'low', 'medium', 'high',"
        " 'xhigh', 'max', 'none' or 'adaptive', field: 'reasoning_effort'"
    )


@pytest.mark.parametrize("effort", ["low", "max", "adaptive", 1, 5000, True, False])
def test_known_efforts_are_taken(effort):
    assert chat_problems(chat(reasoning_effort=effort), non_stream_cap=True) == []


def test_an_effort_in_tokens_is_positive():
    assert complaint(reasoning_effort=0) == "integer reasoning_effort must be positive"


@pytest.mark.parametrize("field", ["logprobs", "top_logprobs"])
def test_logprobs_are_few(field):
    assert complaint(**{field: 20}) == "logprobs must be between 0 and 5: 20"


def test_two_names_of_one_limit_are_an_error():
    assert "max_completion_tokens" in complaint(max_tokens=1, max_completion_tokens=1)


def test_thinking_and_effort_are_an_error():
    said = complaint(thinking={"type": "disabled"}, reasoning_effort="low")
    assert said == "Cannot specify both 'thinking' and 'reasoning_effort'"


@pytest.mark.parametrize("field", ["max_tokens", "max_completion_tokens"])
def test_long_answers_have_to_be_streamed(field):
    said = complaint(**{field: 4097})
    assert said == "Requests with max_tokens > 4096 must have stream=true"
    assert chat_problems(chat(**{field: 4096}), non_stream_cap=True) == []
    assert chat_problems(chat(**{field: 4097}, stream=True), non_stream_cap=True) == []
    assert chat_problems(chat(**{field: 4097}), non_stream_cap=False) == []


def with_images(*urls: str) -> list[dict[str, object]]:
    parts = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    return [{"role": "user", "content": parts}]


def test_images_have_a_number_and_a_size():
    assert not chat_problems(
        chat(messages=with_images(*["http://h/i.png"] * 30)), non_stream_cap=True
    )
    assert "31" in complaint(messages=with_images(*["http://h/i.png"] * 31))
    large = "data:image/png;base64," + "A" * 6 * 1024 * 1024
    assert not chat_problems(chat(messages=with_images(large)), non_stream_cap=True)
    assert "base64" in complaint(messages=with_images(large, large))

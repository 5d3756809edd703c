import collections
import copy
import enum
import json
import math
import types

import pytest

from fireworks_async._protocol.completions import ChatMessage
from fireworks_async._protocol.requests import encode_chat, encode_text

MODEL = "accounts/fireworks/models/m"
HELLO = [{"role": "user", "content": "hello"}]


def encode(messages=HELLO, *, extra_body=None, inline=False, **params):
    return encode_chat(
        model=MODEL,
        messages=messages,
        params=params,
        extra_body=extra_body,
        inline_documents=inline,
    )


def body_of(*args, **kwargs):
    return json.loads(encode(*args, **kwargs).body)


def test_the_least_request_asks_for_a_stream_with_usage():
    request = encode()
    assert request.path == "/chat/completions"
    assert request.headers == {
        "Content-Type": "application/json",
        "Accept": "text/event-stream",
    }
    assert json.loads(request.body) == {
        "model": MODEL,
        "messages": HELLO,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_the_same_call_gives_the_same_bytes():
    assert encode(temperature=0.5) == encode(temperature=0.5)


def test_a_request_cannot_be_changed():
    request = encode()
    with pytest.raises(AttributeError):
        request.body = b""
    with pytest.raises(TypeError):
        request.headers["X"] = "y"


@pytest.mark.parametrize("value", [False, 0, 0.0, "", [], {}])
def test_empty_values_are_sent(value):
    assert body_of(seed=value)["seed"] == value


@pytest.mark.parametrize(
    ("prompt", "n", "choices"),
    [
        ("a", None, 1),
        ("a", 3, 3),
        (["a", "b"], 3, 6),
        ([1, 2, 3], 2, 2),
        ([[1], [2, 3]], None, 2),
        ("a", "3", 1),
    ],
)
def test_it_is_known_how_many_choices_are_asked_for(prompt, n, choices):
    request = encode_text(model="m", prompt=prompt, params={"n": n})
    assert request.choices == choices


def test_none_is_not_sent():
    assert body_of(temperature=None, reasoning_effort=None, tool_choice=None) == (
        body_of()
    )


def test_metadata_of_the_request_is_sent_and_of_a_message_is_not():
    message = {**HELLO[0], "metadata": {"a": "b"}}
    body = body_of([message], metadata={"run": "7"})
    assert body["metadata"] == {"run": "7"}
    assert body["messages"] == HELLO


def test_fields_with_several_forms_take_the_apis():
    body = body_of(
        tool_choice={"type": "tool", "name": "f"}, reasoning_effort="minimal"
    )
    assert body["tool_choice"] == {"type": "function", "function": {"name": "f"}}
    assert body["reasoning_effort"] == "low"


def test_the_default_effort_is_not_sent():
    assert "reasoning_effort" not in body_of(reasoning_effort="default")


def test_false_effort_is_sent():
    assert body_of(reasoning_effort=False)["reasoning_effort"] is False


def test_documents_are_inlined_when_asked():
    part = {"type": "image_url", "image_url": {"url": "https://h/a.pdf"}}
    messages = [{"role": "user", "content": [part]}]
    before = copy.deepcopy(messages)
    inlined = body_of(messages, inline=True)["messages"][0]["content"][0]
    assert inlined["image_url"]["url"] == "https://h/a.pdf#transform=inline"
    assert body_of(messages)["messages"] == messages == before


class TestThinking:
    @pytest.mark.parametrize("effort", ["low", "none", 0, False, 2048])
    def test_with_an_effort_it_is_an_error(self, effort):
        with pytest.raises(ValueError, match="thinking and reasoning_effort"):
            encode(thinking={"type": "enabled"}, reasoning_effort=effort)

    def test_with_an_effort_in_the_extra_body_it_is_an_error_too(self):
        with pytest.raises(ValueError, match="thinking and reasoning_effort"):
            encode(thinking={"type": "enabled"}, extra_body={"reasoning_effort": "low"})

    @pytest.mark.parametrize("effort", [None, "default"])
    def test_with_no_effort_to_send_it_is_sent(self, effort):
        thinking = {"type": "enabled", "budget_tokens": 2048}
        assert body_of(thinking=thinking, reasoning_effort=effort) == {
            **body_of(),
            "thinking": thinking,
        }


class TestStreamOptions:
    @pytest.mark.parametrize(
        ("options", "sent"),
        [
            ({}, {"include_usage": True}),
            ({"include_usage": False}, {"include_usage": True}),
            ({"buffer_ms": 5}, {"buffer_ms": 5, "include_usage": True}),
        ],
    )
    def test_usage_is_always_asked_for_and_other_keys_stay(self, options, sent):
        before = dict(options)
        assert body_of(stream_options=options)["stream_options"] == sent
        assert options == before

    @pytest.mark.parametrize("options", [True, [], "include_usage"])
    def test_options_of_the_wrong_type_are_named(self, options):
        with pytest.raises(TypeError, match="stream_options: expected a mapping"):
            encode(stream_options=options)


class TestExtraBody:
    def test_it_is_merged_last_and_as_it_is(self):
        extra = {"temperature": 0.1, "new_field": None, "reasoning_effort": "minimal"}
        body = body_of(temperature=0.9, extra_body=extra)
        assert body["temperature"] == 0.1
        assert body["new_field"] is None
        assert body["reasoning_effort"] == "minimal"

    def test_the_stream_and_its_usage_stay(self):
        body = body_of(
            stream_options={"buffer_ms": 1},
            extra_body={
                "stream": False,
                "stream_options": {"include_usage": False, "buffer_tokens": 2},
            },
        )
        assert body["stream"] is True
        assert body["stream_options"] == {"include_usage": True, "buffer_tokens": 2}

    def test_stream_options_of_none_still_ask_for_usage(self):
        body = body_of(extra_body={"stream_options": None})
        assert body["stream_options"] == {"include_usage": True}

    def test_a_key_that_is_none_of_json_is_an_error(self):
        with pytest.raises(
            TypeError, match="extra_body: a key is neither a number nor valid"
        ):
            encode(extra_body={None: 1})


class TestValues:
    class Text(str):
        __slots__ = ()

    class Real(float):
        __slots__ = ()

    class Whole(int):
        __slots__ = ()

    class Word(enum.StrEnum):
        AUTO = "auto"

    @pytest.mark.parametrize(
        ("value", "sent"),
        [
            (Text("t"), "t"),
            (Real(0.5), 0.5),
            (Whole(3), 3),
            (Word.AUTO, "auto"),
            (types.MappingProxyType({"a": [1]}), {"a": [1]}),
            (collections.deque([1, 2]), [1, 2]),
            (range(3), [0, 1, 2]),
            ((1, 2), [1, 2]),
            ({50256: -100}, {"50256": -100}),
            (2**70, 2**70),
            ("äöü 🎆 \x00 \u2028", "äöü 🎆 \x00 \u2028"),
        ],
        ids=repr,
    )
    def test_common_kinds_of_value_have_a_form(self, value, sent):
        assert body_of(user=value)["user"] == sent

    @pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, Real("nan")])
    @pytest.mark.parametrize(
        ("params", "path"),
        [
            (lambda x: {"temperature": x}, "temperature"),
            (lambda x: {"logit_bias": {50256: x}}, r"logit_bias\.50256"),
            (
                lambda x: {"tools": [{}, {"function": {"parameters": {"default": x}}}]},
                r"tools\[1\]\.function\.parameters\.default",
            ),
            (lambda x: {"extra_body": {"new": x}}, "new"),
            (
                lambda x: {
                    "messages": [
                        {"role": "assistant", "content": None},
                        {
                            "role": "user",
                            "content": [
                                {
                                    "type": "video_url",
                                    "video_url": {"url": "u", "sample_fps": x},
                                }
                            ],
                        },
                    ]
                },
                r"messages\[1\]\.content\[0\]\.video_url\.sample_fps",
            ),
        ],
    )
    def test_a_number_that_is_not_finite_is_named(self, number, params, path):
        with pytest.raises(ValueError, match=f"^{path}: JSON has no NaN"):
            encode(**params(number))

    def test_null_in_texts_and_schemas_is_no_mistake(self):
        tool = {"type": "function", "function": {"parameters": {"default": None}}}
        messages = [
            {"role": "user", "content": 'null {"content":null}'},
            ChatMessage(content=None, reasoning_content="null"),
            {"role": "tool", "content": "0.5", "tool_call_id": "null"},
        ]
        body = body_of(messages, tools=[tool], temperature=0.5, stop=["null"])
        assert body["tools"] == [tool]
        assert body["messages"][0] == messages[0]

    @pytest.mark.parametrize(
        ("value", "kind"),
        [
            (object(), "object"),
            (dict, "type"),
            (1j, "complex"),
            ((x for x in "ab"), "generator"),
        ],
    )
    @pytest.mark.parametrize(
        ("params", "path"),
        [
            (lambda x: {"seed": x}, "seed"),
            (lambda x: {"metadata": {"a": "b", "c": x}}, r"metadata\.c"),
            (lambda x: {"stop": ("a", x)}, r"stop\[1\]"),
            (lambda x: {"logit_bias": x}, "logit_bias"),
        ],
    )
    def test_a_value_without_a_form_is_named(self, value, kind, params, path):
        with pytest.raises(TypeError, match=f"^{path}: JSON has no form for {kind}$"):
            encode(**params(value))

    def test_a_key_without_a_form_is_named(self):
        with pytest.raises(TypeError, match=r"^metadata\.a: a key is neither"):
            encode(metadata={"a": {(1, 2): 3}})

    def test_a_lone_surrogate_is_named(self):
        messages = [*HELLO, {"role": "user", "content": "half a \ud83d"}]
        with pytest.raises(
            ValueError,
            match=r"^messages\[1\]\.content: the text holds a lone surrogate",
        ):
            encode(messages)

    def test_a_value_that_holds_itself_is_named(self):
        schema = {"type": "object"}
        schema["items"] = schema
        with pytest.raises(
            ValueError, match=r"^tools: nested too deeply, or in itself"
        ):
            encode(tools=[schema])

    def test_no_error_drags_the_encoders_along(self):
        with pytest.raises(TypeError) as caught:
            encode(seed=object())
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__


class TestText:
    def test_the_least_request_asks_for_a_stream_with_usage(self):
        request = encode_text(model=MODEL, prompt="hello", params={})
        assert request.path == "/completions"
        assert request.headers == encode().headers
        assert json.loads(request.body) == {
            "model": MODEL,
            "prompt": "hello",
            "stream": True,
            "stream_options": {"include_usage": True},
        }

    def test_fields_are_held_to_the_rules_of_chat(self):
        params = {"reasoning_effort": "minimal", "seed": None, "temperature": 0}
        request = encode_text(
            model=MODEL, prompt=[1], params=params, extra_body={"new": None}
        )
        body = json.loads(request.body)
        assert body["reasoning_effort"] == "low"
        assert body["temperature"] == 0
        assert body["new"] is None
        assert "seed" not in body

    def test_thinking_and_effort_exclude_each_other(self):
        params = {"reasoning_effort": "low", "thinking": {"type": "enabled"}}
        with pytest.raises(ValueError, match="thinking and reasoning_effort"):
            encode_text(model=MODEL, prompt="x", params=params)


def test_definitions_in_tools_are_where_the_api_looks_for_them():
    schema = {"$ref": "#/definitions/P", "definitions": {"P": {"type": "object"}}}
    tool = {"type": "function", "function": {"name": "f", "parameters": schema}}
    [sent] = body_of(tools=[tool])["tools"]
    assert sent["function"]["parameters"] == {
        "$ref": "#/$defs/P",
        "$defs": {"P": {"type": "object"}},
    }


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"response_format": int}, r"response_format: .* type; parse\(\) takes a type"),
        ({"response_format": {"schema": int}}, r"response_format.schema: .*parse\(\)"),
        ({"tools": [len]}, r"tools\[0\]: .*; run_tools\(\) takes functions"),
        (
            {"seed": type("NotGiven", (), {})()},
            r"seed: .* for NotGiven; None leaves a field out$",
        ),
        (
            {"stop": type("Omit", (), {})()},
            r"stop: .* for Omit; None leaves a field out$",
        ),
        ({"user": len}, r"user: JSON has no form for builtin_function_or_method$"),
    ],
)
def test_what_another_method_takes_is_told(fields, text):
    with pytest.raises(TypeError, match=text):
        encode(**fields)

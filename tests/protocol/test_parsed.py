"""Completions with values, and the errors of those that have none."""

import msgspec
import pytest

from fireworks_async._protocol.completions import (
    ChatCompletion,
    ChatMessage,
    Choice,
    FunctionCall,
    ToolCall,
    Usage,
)
from fireworks_async._protocol.messages import clean_messages
from fireworks_async._protocol.parsed import ParsedMessage, TypedAnswer
from fireworks_async.errors import (
    ContentFilterFinishReasonError,
    LengthFinishReasonError,
    SchemaMismatchError,
)


class Point(msgspec.Struct):
    x: int
    y: int = 0


TEXT = '{"x": 1, "y": null}'
USERS = {"type": "function", "function": {"name": "search"}}


def completion(content=None, finish="stop", calls=(), **message):
    calls = [
        ToolCall(f"call_{at}", FunctionCall(name, arguments))
        for at, (name, arguments) in enumerate(calls)
    ]
    message = ChatMessage(content=content, tool_calls=calls or None, **message)
    return ChatCompletion(
        "id", 1, "m", [Choice(0, message, finish)], usage=Usage(1, 3, 2)
    )


def answer(wanted=Point, mode="auto", *, strict=True):
    return TypedAnswer(wanted, mode=mode, strict=strict)


class TestFields:
    def test_auto_asks_by_a_strict_schema(self):
        format_ = answer().fields({"temperature": 0})["response_format"]
        assert format_["type"] == "json_schema"
        described = format_["json_schema"]
        assert (described["name"], described["strict"]) == ("Point", True)
        assert described["schema"]["required"] == ["x", "y"]
        assert answer(mode="json_schema").fields({}) == answer().fields({})

    def test_without_strict_the_schema_is_as_it_is(self):
        format_ = answer(strict=False).fields({})["response_format"]
        assert format_["json_schema"]["strict"] is False
        assert format_["json_schema"]["schema"]["required"] == ["x"]

    def test_json_object_has_the_schema_beside_it(self):
        format_ = answer(mode="json_object").fields({})["response_format"]
        assert format_["type"] == "json_object"
        assert format_["schema"]["required"] == ["x", "y"]

    @pytest.mark.parametrize("mode", ["auto", "grammar"])
    def test_text_is_a_grammar(self, mode):
        asked = answer('root ::= "yes"', mode)
        assert asked.fields({"n": 2}) == {
            "n": 2,
            "response_format": {"type": "grammar", "grammar": 'root ::= "yes"'},
        }
        assert asked.read(completion("yes")).choices[0].message.parsed == "yes"

    def test_a_tool_is_added_to_the_users_and_forced(self):
        params = {"tools": (USERS,), "temperature": 0}
        fields = answer(mode="tool").fields(params)
        users, ours = fields.pop("tools")
        assert users is USERS
        assert ours["function"]["name"] == "Point"
        assert fields == {
            "temperature": 0,
            "tool_choice": {"type": "function", "function": {"name": "Point"}},
        }
        assert params == {"tools": (USERS,), "temperature": 0}

    def test_the_users_tool_choice_wins(self):
        fields = answer(mode="tool").fields({"tools": [USERS], "tool_choice": "auto"})
        assert fields["tool_choice"] == "auto"
        assert len(fields["tools"]) == 2

    def test_the_users_tools_stay_beside_a_schema(self):
        fields = answer().fields({"tools": [USERS]})
        assert fields["tools"] == [USERS]
        assert "response_format" in fields

    def test_two_tools_of_one_name_are_refused(self):
        twin = {"type": "function", "function": {"name": "Point"}}
        with pytest.raises(ValueError, match="tools: 'Point' is the name"):
            answer(mode="tool").fields({"tools": [USERS, "odd", twin]})

    def test_modes_that_do_not_go_with_the_type_are_refused(self):
        with pytest.raises(ValueError, match="mode: expected one of auto, json_schema"):
            answer(mode="xml")
        with pytest.raises(TypeError, match="takes a grammar's text"):
            answer(mode="grammar")
        with pytest.raises(TypeError, match="text is a grammar, not for 'tool'"):
            answer("root", "tool")


class TestRead:
    def test_the_value_is_on_the_message(self):
        came = completion(TEXT, reasoning_content="hm")
        parsed = answer().read(came)
        message = parsed.choices[0].message
        assert message.parsed == Point(1)
        assert (message.content, message.reasoning_content) == (TEXT, "hm")
        assert (parsed.id, parsed.usage) == ("id", came.usage)
        assert isinstance(parsed, ChatCompletion)
        assert type(came.choices[0].message) is ChatMessage

    def test_a_parsed_message_goes_back_as_any_other(self):
        message = answer().read(completion(TEXT)).choices[0].message
        assert isinstance(message, ParsedMessage)
        assert clean_messages([message], inline_documents=False) == [
            {"role": "assistant", "content": TEXT}
        ]

    def test_every_choice_is_read(self):
        came = completion('{"x": 1, "y": 2}')
        came.choices.append(Choice(1, ChatMessage(content=TEXT), "stop"))
        parsed = answer().read(came)
        assert [c.message.parsed for c in parsed.choices] == [Point(1, 2), Point(1)]

    def test_a_tools_arguments_are_the_answer(self):
        calls = [("search", "{}"), ("Point", TEXT)]
        parsed = answer(mode="tool").read(completion("Now", "tool_calls", calls))
        assert parsed.choices[0].message.parsed == Point(1)
        assert len(parsed.choices[0].message.tool_calls) == 2

    def test_an_answer_in_the_text_counts_in_place_of_the_tools(self):
        assert (
            answer(mode="tool").read(completion(TEXT)).choices[0].message.parsed
        ) == Point(1)

    @pytest.mark.parametrize("mode", ["auto", "tool"])
    @pytest.mark.parametrize("content", [None, "", "Let me look."])
    def test_a_call_of_the_users_tool_is_no_answer_and_no_error(self, mode, content):
        came = completion(content, "tool_calls", [("search", "{}")])
        message = answer(mode=mode).read(came).choices[0].message
        assert message.parsed is None
        assert message.tool_calls[0].function.name == "search"

    def test_a_refusal_is_no_answer_and_no_error(self):
        message = answer().read(completion(refusal="No.")).choices[0].message
        assert (message.parsed, message.refusal) == (None, "No.")

    @pytest.mark.parametrize(
        ("came", "kind", "said"),
        [
            (completion("no JSON"), SchemaMismatchError, "malformed"),
            (completion('{"y": 1}'), SchemaMismatchError, "missing"),
            (completion(""), SchemaMismatchError, "it is empty"),
            (completion(None), SchemaMismatchError, "it is empty"),
            (completion('{"x": 1', "length"), LengthFinishReasonError, "max_tokens"),
            (completion("", "length"), LengthFinishReasonError, "max_tokens"),
            (
                completion(TEXT, "content_filter"),
                ContentFilterFinishReasonError,
                "filter",
            ),
        ],
    )
    def test_an_answer_that_is_none_keeps_what_came(self, came, kind, said):
        with pytest.raises(kind, match=said) as caught:
            answer().read(came)
        assert type(caught.value) is kind
        assert caught.value.partial is came
        assert caught.value.usage is came.usage

    def test_an_answer_that_is_whole_at_the_limit_is_an_answer(self):
        parsed = answer().read(completion(TEXT, "length"))
        assert parsed.choices[0].message.parsed == Point(1)

    def test_arguments_that_were_cut_are_cut(self):
        came = completion(None, "length", [("Point", '{"x":')])
        with pytest.raises(LengthFinishReasonError):
            answer(mode="tool").read(came)
        came = completion(None, "tool_calls", [("Point", "{}")])
        with pytest.raises(SchemaMismatchError):
            answer(mode="tool").read(came)

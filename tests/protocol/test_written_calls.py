import pytest

from fireworks_async._protocol.completions import FunctionCall
from fireworks_async._protocol.written_calls import (
    calls_in,
    is_call_so_far,
    offered_tools,
)

NAMES = frozenset({"weather", "wait"})


def tool(name):
    return {"type": "function", "function": {"name": name, "parameters": {}}}


class TestWholeValues:
    @pytest.mark.parametrize(
        "text",
        [
            '{"name": "wait", "arguments": {"a": 1}}',
            '{"name": "wait", "parameters": {"a": 1}}',
            '[{"name": "wait", "arguments": "{\\"a\\": 1}"}]',
            '{"function": {"name": "wait", "arguments": {"a": 1}}}',
            '{"type": "function", "id": null, "name": "wait", "arguments": {"a": 1}}',
        ],
    )
    def test_calls(self, text):
        assert calls_in(text, NAMES, is_tagged=False) == [
            FunctionCall("wait", '{"a": 1}')
        ]

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "null",
            "[]",
            '"wait"',
            "{}",
            '{"name": "wail", "arguments": {}}',
            '{"name": null, "arguments": {}}',
            '{"name": "wait", "arguments": [], "id": 1}',
            '{"name": "wait", "arguments": {}} {}',
            '[{"name": "wait", "arguments": {}}, {}]',
            '{"name": "wait", "arguments": "\ud800"}',
        ],
    )
    @pytest.mark.parametrize("is_tagged", [False, True])
    def test_other_values(self, text, is_tagged):
        assert calls_in(text, NAMES, is_tagged=is_tagged) is None

    def test_a_name_alone_is_a_call_only_where_it_says_so(self):
        text = '{"name": "wait"}'
        assert calls_in(text, NAMES, is_tagged=False) is None
        assert calls_in(text, NAMES, is_tagged=True) == [FunctionCall("wait", "{}")]


@pytest.mark.parametrize(
    ("value", "can_be"),
    [
        ({}, True),
        ({"name": ""}, True),
        ({"name": "wa"}, True),
        ({"name": "wo"}, False),
        ({"name": 3}, False),
        ({"type": "func"}, True),
        ({"type": "object"}, False),
        ({"id": "a", "parameters": {"b": 1}}, True),
        ({"city": "Bonn"}, False),
        ({"function": {"name": "wait", "arguments": ""}}, True),
        ({"function": {"name": "wo"}}, False),
        ({"function": {"id": "a"}}, False),
        ({"function": "wait"}, False),
    ],
)
def test_what_has_come_of_an_object_tells_whether_it_can_be_a_call(value, can_be):
    assert is_call_so_far(value, NAMES) is can_be


class TestOfferedTools:
    TOOLS = (tool("a"), tool("b"))

    @pytest.mark.parametrize(
        "more",
        [
            {},
            {"tool_choice": "auto"},
            {"tool_choice": "a"},
            {"response_format": None},
            {"response_format": {"type": "text"}},
        ],
    )
    def test_all_by_their_names(self, more):
        params = {"tools": list(self.TOOLS), **more}
        assert offered_tools(params, None) == {"a", "b"}
        assert offered_tools({"tools": []}, params) == {"a", "b"}

    @pytest.mark.parametrize(
        "params",
        [
            {},
            {"tools": None},
            {"tools": []},
            {"tools": 3},
            {"tools": TOOLS, "tool_choice": "none"},
            {"tools": TOOLS, "response_format": {"type": "json_object"}},
            {"tools": TOOLS, "response_format": {"type": "grammar"}},
        ],
    )
    def test_none(self, params):
        assert offered_tools(params, None) == frozenset()
        assert offered_tools({}, params) == frozenset()

    def test_a_tool_without_a_name_is_for_the_api_to_judge(self):
        odd = [3, {}, {"function": 3}, {"function": {}}, {"function": {"name": ""}}]
        assert offered_tools({"tools": odd}, None) == frozenset()

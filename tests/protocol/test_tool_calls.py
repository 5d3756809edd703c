"""Fragments of tool calls, by the rules in the module's docstring."""

import json

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from fireworks_async._protocol.chunks import ToolCallDelta
from fireworks_async._protocol.completions import FunctionCall, ToolCall
from fireworks_async._protocol.tool_calls import ToolCallCollector
from tests.support.properties import examples


def fragment(index=None, id=None, name=None, arguments=None, **fields):  # noqa: A002 - as on the wire
    function = {"name": name, "arguments": arguments}
    value = {"index": index, "id": id, "function": function, **fields}
    return msgspec.convert(value, ToolCallDelta)


def collected(*fragments):
    """The calls, which do not depend on how many fragments one chunk holds."""
    at_once, one_by_one = ToolCallCollector(), ToolCallCollector()
    at_once.add(fragments)
    for each in fragments:
        one_by_one.add([each])
    assert at_once.result() == one_by_one.result()
    return [
        (call.id, call.function.name, call.function.arguments)
        for call in at_once.result()
    ]


def test_nothing_came():
    assert ToolCallCollector().result() == []


def test_a_call_in_one_fragment():
    calls = ToolCallCollector()
    calls.add([fragment(0, "a", "f", "{}", type="function")])
    assert calls.result() == [ToolCall("a", FunctionCall("f", "{}"), "function")]


def test_the_type_is_kept_as_sent():
    calls = ToolCallCollector()
    calls.add([fragment(0, "a", "f", "{}", type="custom"), fragment(0, type=None)])
    assert calls.result()[0].type == "custom"


def test_arguments_in_pieces():
    assert collected(
        fragment(0, "a", "f", ""),
        fragment(0, arguments="{"),
        fragment(0, arguments="}"),
    ) == [("a", "f", "{}")]


def test_a_fragment_without_a_function():
    bare = ToolCallDelta(index=0, id="a")
    assert collected(bare, fragment(0, name="f", arguments="{}")) == [("a", "f", "{}")]


def test_a_call_without_arguments():
    assert collected(fragment(0, "a", "f")) == [("a", "f", "")]


def test_arguments_that_come_decoded_are_json_again():
    assert collected(
        fragment(0, "a", "f", {"x": [1, "é"]}), fragment(1, "b", "g", [1, None])
    ) == [("a", "f", '{"x":[1,"é"]}'), ("b", "g", "[1,null]")]


class TestByIndex:
    def test_interleaved(self):
        assert collected(
            fragment(0, "a", "f"),
            fragment(1, "b", "g"),
            fragment(1, arguments="2"),
            fragment(0, arguments="1"),
        ) == [("a", "f", "1"), ("b", "g", "2")]

    def test_out_of_order_and_with_gaps(self):
        assert collected(
            fragment(7, "b", "g", "2"), fragment(-3, "c", "h"), fragment(2, "a", "f")
        ) == [("c", "h", ""), ("a", "f", ""), ("b", "g", "2")]

    def test_a_huge_index_costs_nothing(self):
        assert collected(fragment(10**9, "a", "f", "1")) == [("a", "f", "1")]

    def test_two_fragments_of_one_call_in_one_chunk(self):
        assert collected(fragment(0, "a", "f", "{"), fragment(0, None, None, "}")) == [
            ("a", "f", "{}")
        ]

    def test_another_id_is_another_call(self):
        assert collected(
            fragment(0, "a", "f", "1"),
            fragment(0, "b", "g", "2"),
            fragment(0, arguments="3"),
        ) == [("a", "f", "1"), ("b", "g", "23")]

    def test_a_late_id_and_a_late_name(self):
        assert collected(
            fragment(0, arguments="{"),
            fragment(0, name="f"),
            fragment(0, "a", arguments="}"),
        ) == [("a", "f", "{}")]

    def test_repeated_id_type_and_name(self):
        assert collected(
            fragment(0, "a", "f", "{", type="function"),
            fragment(0, "a", "f", "}", type="function"),
        ) == [("a", "f", "{}")]

    def test_a_name_in_pieces(self):
        assert collected(
            fragment(0, "a", "get_"), fragment(0, name="weather"), fragment(0, name="")
        ) == [("a", "get_weather", "")]

    def test_a_moved_index_belongs_to_the_call_before(self):
        assert collected(
            fragment(0, "a", "f"),
            fragment(1, arguments="{"),
            fragment(2, arguments="}"),
        ) == [("a", "f", "{}")]

    def test_a_moved_index_between_two_calls(self):
        assert collected(
            fragment(0, "a", "f", "1"),
            fragment(5, "b", "g", "2"),
            fragment(6, arguments="3"),
            fragment(0, arguments="4"),
        ) == [("a", "f", "14"), ("b", "g", "23")]

    def test_a_moved_index_that_comes_back_keeps_the_order(self):
        assert collected(
            fragment(0, "a", "f", "1"),
            fragment(1, arguments="2"),
            fragment(0, arguments="3"),
        ) == [("a", "f", "123")]

    def test_the_first_fragment_has_no_call_before_it(self):
        assert collected(fragment(3, arguments="{}")) == [("call_0", "", "{}")]

    def test_what_never_got_an_id_gets_one_by_its_position(self):
        assert collected(
            fragment(4, name="g", arguments="2"),
            fragment(2, "a", "f", "1"),
            fragment(9, name="h"),
        ) == [("a", "f", "1"), ("call_1", "g", "2"), ("call_2", "h", "")]


class TestWithoutIndex:
    def test_the_first_fragment_opens_a_call(self):
        assert collected(fragment(None, "a", "f", "{}")) == [("a", "f", "{}")]

    def test_arguments_belong_to_the_last_call(self):
        assert collected(
            fragment(None, "a", "f"),
            fragment(arguments="{"),
            ToolCallDelta(),
            fragment(arguments="}"),
        ) == [("a", "f", "{}")]

    def test_another_id_opens_a_call(self):
        assert collected(
            fragment(None, "a", "f"), fragment(None, "b", "g"), fragment(arguments="2")
        ) == [("a", "f", ""), ("b", "g", "2")]

    def test_the_same_id_is_the_same_call(self):
        assert collected(
            fragment(None, "a", "f", "{"), fragment(None, "a", None, "}")
        ) == [("a", "f", "{}")]

    def test_a_late_id(self):
        assert collected(fragment(name="f", arguments="{}"), fragment(id="a")) == [
            ("a", "f", "{}")
        ]

    def test_a_name_after_arguments_opens_a_call(self):
        assert collected(
            fragment(name="f", arguments="1"), fragment(name="g", arguments="2")
        ) == [("call_0", "f", "1"), ("call_1", "g", "2")]

    def test_a_name_after_arguments_opens_a_call_also_when_it_brings_the_first_id(self):
        assert collected(
            fragment(name="f", arguments="1"), fragment(None, "b", "g", "2")
        ) == [("call_0", "f", "1"), ("b", "g", "2")]

    def test_a_name_before_any_arguments_is_a_further_piece(self):
        assert collected(
            fragment(name="get_"), fragment(name="weather"), fragment(arguments="{}")
        ) == [("call_0", "get_weather", "{}")]

    def test_beside_calls_with_an_index(self):
        assert collected(
            fragment(3, "a", "f", "1"),
            fragment(None, "b", "g", "2"),
            fragment(None, None, None, "3"),
            fragment(3, arguments="4"),
        ) == [("a", "f", "14"), ("b", "g", "23")]


def test_a_result_does_not_change_with_what_comes_later():
    calls = ToolCallCollector()
    calls.add([fragment(0, "a", "f", "1")])
    early = calls.result()
    calls.add([fragment(0, arguments="2"), fragment(1, "b", "g")])
    assert early == [ToolCall("a", FunctionCall("f", "1"))]
    assert len(calls.result()) == 2


@st.composite
def fragmented_calls(draw):
    """Calls, and their fragments by index in some order that keeps each call's own."""
    whole = draw(
        st.lists(
            st.tuples(
                st.text("abc", min_size=1, max_size=5),
                st.dictionaries(st.text(max_size=3), st.integers(), max_size=3),
            ),
            min_size=1,
            max_size=4,
        )
    )
    queues = []
    for index, (name, arguments) in enumerate(whole):
        text = json.dumps(arguments)
        cuts = sorted(draw(st.sets(st.integers(1, len(text) - 1), max_size=4)))
        pieces = [
            text[start:end]
            for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)
        ]
        head = fragment(index, f"id{index}", name, draw(st.sampled_from(["", None])))
        queues.append([head, *(fragment(index, arguments=piece) for piece in pieces)])
    fragments = []
    while queues:
        queue = draw(st.sampled_from(queues))
        fragments.append(queue.pop(0))
        queues = [queue for queue in queues if queue]
    expected = [
        (f"id{index}", name, json.dumps(arguments))
        for index, (name, arguments) in enumerate(whole)
    ]
    return fragments, expected


@examples(50)
@given(fragmented_calls())
def test_no_cutting_and_no_order_changes_the_calls(case):
    fragments, expected = case
    assert collected(*fragments) == expected


@examples(50)
@given(fragmented_calls())
def test_repeating_id_and_name_changes_nothing(case):
    fragments, expected = case
    names = {each.index: each for each in fragments if each.id}
    repeated = [
        fragment(
            each.index,
            names[each.index].id,
            names[each.index].function.name,
            each.function.arguments,
        )
        for each in fragments
    ]
    assert collected(*repeated) == expected


@given(
    st.lists(
        st.builds(
            fragment,
            index=st.none() | st.integers(-1, 2),
            id=st.none() | st.sampled_from(["", "a", "b"]),
            name=st.none() | st.sampled_from(["", "f", "g"]),
            arguments=st.none() | st.sampled_from(["", "{", "}"]) | st.just({"x": 1}),
        ),
        max_size=8,
    )
)
def test_nothing_that_came_is_lost_whatever_it_was(fragments):
    calls = collected(*fragments)
    sent = [each.function.arguments for each in fragments]
    texts = [
        json.dumps(text, separators=(",", ":")) if isinstance(text, dict) else text
        for text in sent
        if text
    ]
    came = "".join(arguments for _, _, arguments in calls)
    assert sorted(came) == sorted("".join(texts))
    assert len(calls) <= len(fragments)
    assert all(call_id for call_id, _, _ in calls)

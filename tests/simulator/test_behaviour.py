import json

import pytest

from fireworks_async.simulator._behaviour import max_tokens, plan_choices
from fireworks_async.simulator._replies import Reply, ToolCall
from tests.support.simulated import REASONER, chat


def plan(reply=None, *, tokens=16, seed=0, **fields):
    [choice] = plan_choices(chat(**fields), reply or Reply(), tokens=tokens, seed=seed)
    return choice


def said(choice):
    return "".join(choice.content)


def tool(name, **properties):
    schema = {"type": "object", "properties": properties}
    return {"type": "function", "function": {"name": name, "parameters": schema}}


def calls(choice):
    """Each call as (id, name, arguments)."""
    whole = {}
    for piece in choice.calls:
        identity, name, arguments = whole.get(piece.call, (piece.id, piece.name, ""))
        whole[piece.call] = (identity, name, arguments + piece.arguments)
    return list(whole.values())


def test_an_answer_has_the_default_length_and_stops():
    choice = plan(tokens=16)
    assert choice.tokens == 16
    assert choice.finish_reason == "stop"
    assert said(choice).endswith(".")


def test_the_same_request_gets_the_same_answer():
    assert said(plan()) == said(plan(stream=True))
    others = {said(plan(seed=1)), said(plan(messages=[{"role": "user"}]))}
    assert len(others | {said(plan())}) == 3


def test_choices_differ():
    plans = plan_choices(chat(n=3), Reply(), tokens=16, seed=0)
    assert [choice.index for choice in plans] == [0, 1, 2]
    assert len({said(choice) for choice in plans}) == 3


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_an_answer_is_cut_at_its_limit(name):
    choice = plan(**{name: 3})
    assert choice.tokens == 3
    assert choice.finish_reason == "length"
    assert max_tokens(chat(**{name: 3})) == 3


def test_a_limit_that_is_not_reached_changes_nothing():
    assert plan(max_tokens=16).finish_reason == "stop"
    assert plan(max_tokens=100).tokens == 16


def test_without_an_end_the_limit_is_reached_exactly():
    choice = plan(max_tokens=100, ignore_eos=True)
    assert choice.tokens == 100
    assert choice.finish_reason == "length"


def test_min_tokens_makes_an_answer_longer():
    assert plan(min_tokens=40).tokens == 40


def test_a_reasoning_model_reasons_within_the_length():
    choice = plan(model=REASONER)
    assert len(choice.reasoning) == 4
    assert choice.tokens == 16


def test_the_limit_counts_reasoning_first():
    choice = plan(model=REASONER, max_tokens=3)
    assert len(choice.reasoning) == 3
    assert said(choice) == ""
    assert choice.finish_reason == "length"


def test_reasoning_can_be_asked_for_and_turned_off():
    assert plan(reasoning_effort="low").reasoning
    assert not plan(model=REASONER, reasoning_effort="none").reasoning


def test_an_answer_ends_before_its_stop_text():
    reply = Reply(text="one two three two")
    assert said(plan(reply, stop="two")) == "one "
    assert said(plan(reply, stop=["ree", "wo t"])) == "one t"
    assert said(plan(reply, stop=["nothing"])) == "one two three two"
    assert plan(reply, stop="two").finish_reason == "stop"


def test_words_can_be_given():
    reply = Reply(text="Good morning", reasoning="Hm.", finish_reason="tired")
    choice = plan(reply, model=REASONER)
    assert list(choice.content) == ["Good", " morning"]
    assert list(choice.reasoning) == ["Hm."]
    assert choice.finish_reason == "tired"


def test_pieces_can_be_given_and_are_not_cut_otherwise():
    reply = Reply(text=["Go", "", "od"], reasoning=["a b", "c"])
    choice = plan(reply)
    assert choice.content == ["Go", "", "od"]
    assert choice.reasoning == ["a b", "c"]


def test_a_given_text_brings_no_reasoning_of_its_own():
    assert not plan(Reply(text="x"), model=REASONER).reasoning


def test_json_is_answered_when_asked_for():
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    for wanted in (
        {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}},
        {"type": "json_schema", "json_schema": schema},
        {"type": "json_schema", "json_schema": json.dumps(schema)},
        {"type": "json_object", "schema": schema},
    ):
        assert json.loads(said(plan(response_format=wanted))) == {"a": 1}
    assert json.loads(said(plan(response_format={"type": "json_object"}))) == {}
    assert plan(response_format={"type": "text"}).tokens == 16


TOOLS = [tool("f", x={"type": "integer"}), tool("g", y={"type": "string"})]


@pytest.mark.parametrize(
    ("choice", "names"),
    [
        ("required", ["f"]),
        ("any", ["f"]),
        ({"type": "function", "function": {"name": "g"}}, ["g"]),
        ({"type": "function", "name": "g"}, ["g"]),
        ("auto", []),
        ("none", []),
        (None, []),
    ],
)
def test_a_forced_tool_is_called(choice, names):
    answer = plan(tools=TOOLS, tool_choice=choice)
    assert [name for _, name, _ in calls(answer)] == names
    assert answer.finish_reason == ("tool_calls" if names else "stop")
    assert bool(answer.content) is not bool(names)


def test_arguments_fit_the_parameters():
    [(identity, _, arguments)] = calls(plan(tools=TOOLS, tool_choice="any"))
    assert identity.startswith("call_")
    assert json.loads(arguments) == {"x": 1}


def test_tools_are_called_in_parallel_when_allowed():
    answer = plan(tools=TOOLS, tool_choice="required", parallel_tool_calls=True)
    [first, second] = calls(answer)
    assert (first[1], second[1]) == ("f", "g")
    assert first[0] != second[0]


def test_old_functions_are_called_too():
    answer = plan(functions=[{"name": "old"}], function_call={"name": "old"})
    assert [name for _, name, _ in calls(answer)] == ["old"]


def test_tool_calls_can_be_given_with_text():
    reply = Reply(text="I look.", tool_calls=[ToolCall("f", '{"a": "b c"}', "id1")])
    answer = plan(reply)
    assert calls(answer) == [("id1", "f", '{"a": "b c"}')]
    assert said(answer) == "I look."


def test_a_tool_call_is_cut_at_the_limit():
    reply = Reply(tool_calls=[ToolCall("f", '{"a": "b"}')])
    answer = plan(reply, max_tokens=3)
    assert answer.tokens == 3
    assert answer.finish_reason == "length"


def test_given_deltas_count_as_tokens():
    answer = plan(Reply(deltas=[{"content": "a"}, None, {}]), max_tokens=1)
    assert answer.tokens == 3
    assert answer.finish_reason == "stop"
    assert plan(Reply(deltas=[{"tool_calls": [{}]}])).finish_reason == "tool_calls"

"""Text chunks in, one completion out."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from fireworks_async._protocol.text_collector import TextCollector
from fireworks_async._protocol.text_completions import decode_text_chunk
from tests.support.recorded import TEXT_COMPLETION, assert_holds


def chunk(*choices, **fields):
    return msgspec.convert(
        {"choices": list(choices), **fields},
        type(decode_text_chunk('{"choices": []}')),
    )


def collected(*chunks):
    collector = TextCollector()
    collector.add(chunks)
    return collector.result()


def test_texts_are_joined_by_choice_in_the_order_of_their_indices():
    completion = collected(
        chunk({"index": 1, "text": "c"}, id="i", created=5, model="m"),
        chunk({"index": 0, "text": "a"}, {"index": 1, "text": "d"}),
        chunk({"index": 0, "text": "b", "finish_reason": "stop"}),
    )
    assert [choice.text for choice in completion.choices] == ["ab", "cd"]
    assert [choice.finish_reason for choice in completion.choices] == ["stop", None]
    assert (completion.id, completion.created, completion.model) == ("i", 5, "m")


def test_what_was_asked_for_is_kept_for_each_choice():
    completion = collected(
        chunk({"index": 0, "text": "a", "token_ids": [1], "prompt_token_ids": [8]}),
        chunk({"index": 1, "text": "b", "token_ids": [2], "prompt_token_ids": [9]}),
        chunk({"index": 0, "token_ids": [3], "logprobs": {"tokens": ["x"]}}),
        chunk({"index": 0, "logprobs": {"tokens": ["y"]}}),
        chunk({"index": 1, "raw_output": {"completion": "b"}}),
    )
    first, second = completion.choices
    assert (first.token_ids, first.prompt_token_ids) == ([1, 3], [8])
    assert (second.token_ids, second.prompt_token_ids) == ([2], [9])
    assert first.logprobs.tokens == ["x", "y"]
    assert second.raw_output.completion == "b"


def test_only_text_is_output():
    assert TextCollector().add([chunk({"text": ""}), chunk({"text": "a"})])
    assert not TextCollector().add([chunk({"text": "", "token_ids": [1]})])


@given(st.lists(st.tuples(st.integers(0, 2), st.text(max_size=3)), max_size=12))
def test_no_order_of_choices_changes_their_texts(additions):
    completion = collected(*(chunk({"index": i, "text": t}) for i, t in additions))
    for choice in completion.choices:
        mine = [text for index, text in additions if index == choice.index]
        assert choice.text == "".join(mine)


def test_a_recorded_stream():
    events = TEXT_COMPLETION.body.decode("utf-8", "replace").split("\n\n")
    data = [event.removeprefix("data: ") for event in events if event]
    completion = collected(*map(decode_text_chunk, data[:-1]))
    assert_holds(msgspec.to_builtins(completion), TEXT_COMPLETION.expected)

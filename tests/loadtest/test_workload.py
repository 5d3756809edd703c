from collections import Counter

import pytest

from fireworks_async.errors import LoadTestError
from fireworks_async.loadtest._lengths import Lengths
from fireworks_async.loadtest._workload import Item, Part, Workload, parse_mix


def made_up(prompt=50, output=10, **more):
    part = Part(input=Lengths.parse(prompt), output=output and Lengths.parse(output))
    return Workload(**{"parts": (part,), **more})


def test_the_place_in_the_schedule_decides():
    workload = made_up()
    assert workload.item(3) == workload.item(3)
    assert workload.item(3).text != workload.item(4).text
    assert workload.item(3).text != made_up(seed=1).item(3).text


def test_an_item_is_a_message_of_its_length():
    item = made_up().item(0)
    assert item.messages == [{"role": "user", "content": item.text}]
    assert len(item.text.split()) == item.prompt_tokens == 50
    assert item.output_tokens == 10
    assert item.label == ""


def test_the_same_prompt_all_the_time():
    workload = made_up(is_unique=False)
    assert workload.item(1).text == workload.item(2).text


def test_prompts_begin_alike_by_groups():
    workload = made_up(prompt=200, prefix_tokens=100, prefix_groups=3)
    items = [workload.item(index) for index in range(60)]
    openings = Counter(tuple(item.text.split()[:100]) for item in items)
    assert len(openings) == 3
    assert len({item.text for item in items}) == 60
    assert {len(item.text.split()) for item in items} == {200}


def test_a_mix_has_its_weights():
    workload = made_up(parts=parse_mix(["3:20/5", "1:100/50"]))
    labels = Counter(workload.item(index).label for index in range(2_000))
    assert labels["20/5"] == pytest.approx(1500, rel=0.05)
    assert labels["100/50"] == pytest.approx(500, rel=0.1)
    assert workload.lengths() == [20, 100]
    assert workload.mean_input == pytest.approx(40)
    assert workload.mean_output == pytest.approx(16.25)


@pytest.mark.parametrize("text", ["512/128", "1:512", "x:1/1", "0:1/1"])
def test_what_is_no_part_of_a_mix(text):
    with pytest.raises(LoadTestError, match="no part of a mix"):
        parse_mix([text])


def test_a_share_is_left_in_the_middle():
    workload = made_up(output=100, cancel_share=0.25)
    left = [workload.item(index).cancel_after for index in range(2_000)]
    cancelled = [after for after in left if after is not None]
    assert len(cancelled) == pytest.approx(500, rel=0.1)
    assert 1 <= min(cancelled) < 10
    assert 90 < max(cancelled) <= 100


def test_conversations_and_pictures_and_documents():
    item = made_up(turns=3, images=2, image_size=16, documents=4).item(0)
    assert len(item.follow_ups) == 2
    *pictures, text = item.messages[0]["content"]
    assert [part["type"] for part in pictures] == ["image_url"] * 2
    assert pictures[0] != pictures[1]
    assert text == {"type": "text", "text": item.text}
    assert item.prompt_tokens is None
    assert len(item.documents) == 4


def test_items_of_a_file_take_turns_and_own_their_fields():
    items = (
        Item(messages=[{"role": "user", "content": "a"}], params={"top_p": 0.5}),
        Item(messages=[{"role": "user", "content": "b"}], output_tokens=7),
    )
    workload = made_up(items=items, params={"temperature": 0, "top_p": 1})
    assert [workload.item(n).messages[0]["content"] for n in range(3)] == [
        "a",
        "b",
        "a",
    ]
    assert workload.item(0).params == {"temperature": 0, "top_p": 0.5}
    assert workload.item(1).params == {"temperature": 0, "top_p": 1}
    assert items[0].params == {"top_p": 0.5}
    assert workload.mean_output is None
    assert workload.mean_input is None


def test_lengths_of_a_trace_become_prompts():
    row = Item(prompt_tokens=30, output_tokens=5)
    item = made_up(items=(row,)).item(0)
    assert len(item.text.split()) == 30
    assert item.output_tokens == 5
    assert made_up(items=(row,)).mean_output == 5
    assert made_up(items=(row,)).mean_input == 30


def test_an_answer_as_long_as_the_model_likes():
    workload = made_up(output=None)
    assert workload.item(0).output_tokens is None
    assert workload.mean_output is None
    assert workload.parts[0].label == "50/any"

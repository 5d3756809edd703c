from hypothesis import given
from hypothesis import strategies as st

from fireworks_async.simulator._text import (
    alternatives,
    count_prompt_tokens,
    dice,
    log_probability,
    split_json,
    split_words,
    token_id,
    words,
)


@given(st.text())
def test_tokens_are_the_whole_text(text):
    assert "".join(split_words(text)) == text
    assert "".join(split_json(text)) == text


def test_the_same_conversation_has_the_same_sequence():
    messages = [{"role": "user", "content": "x"}]
    assert dice(0, "m", messages, None) == dice(0, "m", messages, None)
    others = {
        dice(1, "m", messages, None),
        dice(0, "n", messages, None),
        dice(0, "m", [], None),
        dice(0, "m", messages, 5),
    }
    assert len(others | {dice(0, "m", messages, None)}) == 5


def test_words_are_as_many_as_asked_for():
    assert words("a", 0) == []
    said = words("a", 50)
    assert len(said) == 50
    assert said[0][0].isupper()
    assert all(word.startswith(" ") for word in said[1:])
    assert said == words("a", 50)
    assert said != words("b", 50)


def test_alternatives_are_less_likely_than_what_was_picked():
    others = alternatives(" river", 3, 5)
    assert len(others) == 5
    assert " river" not in others
    assert all(value < log_probability(" river", 3) for value in others.values())
    assert -1 < log_probability(" river", 3) <= 0
    assert 0 <= token_id(" river") < 100_000


def test_a_prompt_is_counted_by_its_rule():
    messages = [
        {"role": "user", "content": "12345678"},
        {"role": "assistant", "content": None, "reasoning_content": "12345"},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "é" * 4},
                {"type": "image_url", "image_url": {"url": "u"}},
            ],
        },
        {"role": "assistant", "tool_calls": [1]},
    ]
    expected = 3 + (4 + 2) + (4 + 2) + (4 + 2 + 256) + (4 + 1)
    assert count_prompt_tokens(messages, None) == expected
    assert count_prompt_tokens(messages, [12345678]) == expected + 3

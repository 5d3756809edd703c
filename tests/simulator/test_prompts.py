from hypothesis import given
from hypothesis import strategies as st

from fireworks_async.simulator._prompts import (
    TextPrompt,
    chat_bytes,
    image_problem,
    text_prompts,
)
from fireworks_async.simulator._text import count_prompt_tokens

TEXTS = st.text(max_size=40)
PARTS = st.one_of(
    st.builds(lambda text: {"type": "text", "text": text}, TEXTS),
    st.builds(lambda url: {"type": "image_url", "image_url": {"url": url}}, TEXTS),
)
MESSAGES = st.fixed_dictionaries(
    {
        "role": st.sampled_from(["system", "user", "assistant"]),
        "content": st.one_of(st.none(), TEXTS, st.lists(PARTS, max_size=3)),
    },
    optional={
        "reasoning_content": st.one_of(st.none(), TEXTS),
        "tool_calls": st.just([{"id": "a", "function": {"name": "f"}}]),
    },
)


@given(st.text(min_size=1))
def test_a_text_is_cut_in_tokens_of_about_four_bytes(text):
    prompt = TextPrompt(text)
    tokens = prompt.tokens()
    assert "".join(tokens) == text
    assert len(tokens) == prompt.count == -(-len(text.encode()) // 4)
    assert all(tokens)
    assert len(prompt.ids()) == len(tokens)


def test_ids_are_what_they_are():
    prompt = TextPrompt([5, 6])
    assert prompt.ids() == [5, 6]
    assert prompt.count == len(prompt.tokens()) == 2
    assert prompt.text == "".join(prompt.tokens())


def test_prompts_come_alone_or_in_lists():
    def sources(prompt):
        return [one.source for one in text_prompts({"prompt": prompt})]

    assert sources("a") == ["a"]
    assert sources(["a", "b"]) == ["a", "b"]
    assert sources([1, 2]) == [[1, 2]]
    assert sources([[1], [2, 3]]) == [[1], [2, 3]]


def test_images_belong_to_the_first_prompt_or_to_each():
    flat = text_prompts({"prompt": ["a", "b"], "images": ["x", "y"]})
    assert [prompt.images for prompt in flat] == [["x", "y"], ()]
    each = text_prompts({"prompt": ["a", "b"], "images": [["x"], ["y"]]})
    assert [prompt.images for prompt in each] == [["x"], ["y"]]


def test_ids_may_stand_for_an_image():
    assert image_problem({"prompt": [1], "images": ["x"]}) is None
    assert image_problem({"prompt": "a", "images": ["x"]}) is not None


@given(st.lists(MESSAGES, min_size=1, max_size=4), MESSAGES)
def test_a_chat_is_four_bytes_a_token_and_grows_at_its_end(messages, next_one):
    tools = [{"type": "function"}]
    data = chat_bytes(messages, tools)
    head_of_the_reply = 3
    assert len(data) == 4 * (count_prompt_tokens(messages, tools) - head_of_the_reply)
    assert chat_bytes([*messages, next_one], tools).startswith(data)
    assert not chat_bytes(messages, None).startswith(data[:8])


@given(st.text(min_size=1), st.integers(0, 3))
def test_a_text_is_four_bytes_a_token(text, images):
    prompt = TextPrompt(text, ["x"] * images)
    assert len(prompt.data()) == 4 * prompt.count


def test_ids_are_four_bytes_a_token_however_large():
    assert TextPrompt([1, 2**70]).data() == b"\0\0\0\1" + b"\0\0\0\0"
    assert len(TextPrompt([2**31]).data()) == 4


def test_what_is_seen_makes_a_difference():
    def seen(url):
        part = {"type": "image_url", "image_url": {"url": url}}
        return chat_bytes([{"role": "user", "content": [part]}], None)

    assert seen("a") != seen("b")
    assert TextPrompt("x", ["a"]).data() != TextPrompt("x", ["b"]).data()

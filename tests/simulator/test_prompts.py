from hypothesis import given
from hypothesis import strategies as st

from fireworks_async.simulator._prompts import TextPrompt, image_problem, text_prompts


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

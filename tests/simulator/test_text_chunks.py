"""Text completions chunk by chunk, and what they tell of their prompts."""

import pytest

from fireworks_async.simulator import Reply
from tests.support.simulated import MODEL, ask


@pytest.fixture(autouse=True)
def _short(sim):
    sim.always(Reply(text=" the river"))


async def streamed(sim, prompt="Hello you", **fields):
    body = {"model": MODEL, "prompt": prompt, "stream": True, **fields}
    chunks = (await ask(sim, body, path="/completions")).chunks
    return [choice for chunk in chunks for choice in chunk["choices"]]


async def whole(sim, prompt="Hello you", **fields):
    body = {"model": MODEL, "prompt": prompt, **fields}
    return (await ask(sim, body, path="/completions")).json["choices"]


async def test_a_stream_has_nothing_but_its_tokens_and_its_end(sim):
    assert await streamed(sim) == [
        {"index": 0, "text": " the", "finish_reason": None},
        {"index": 0, "text": " river", "finish_reason": None},
        {"index": 0, "text": "", "finish_reason": "stop"},
    ]


async def test_the_prompt_is_echoed_first(sim):
    choices = await streamed(sim, echo=True)
    assert [choice["text"] for choice in choices] == [
        "Hello you",
        " the",
        " river",
        "",
    ]
    [choice] = await whole(sim, echo=True)
    assert choice["text"] == "Hello you the river"


@pytest.mark.parametrize(
    ("last", "text"), [(1, "u"), (2, "o you"), (3, "Hello you"), (9, "Hello you")]
)
async def test_the_end_of_the_prompt_is_echoed(sim, last, text):
    [choice] = await whole(sim, echo_last=last, max_tokens=0)
    assert choice["text"] == text
    assert choice["finish_reason"] == "length"


async def test_an_echo_of_nothing_is_none(sim):
    assert (await whole(sim, echo_last=0))[0]["text"] == " the river"
    assert (await whole(sim, echo=False))[0]["text"] == " the river"


async def test_logprobs_of_the_old_form_begin_with_the_prompt(sim):
    [choice] = await whole(sim, echo=True, logprobs=1)
    told = choice["logprobs"]
    assert told["tokens"] == ["Hell", "o yo", "u", " the", " river"]
    assert told["text_offset"] == [0, 4, 8, 9, 13]
    # Nothing comes before the first token that could make it likely.
    assert told["token_logprobs"][0] is told["top_logprobs"][0] is None
    assert all(value <= 0 for value in told["token_logprobs"][1:])
    assert all(
        tops[token] == value
        for token, value, tops in zip(
            told["tokens"][1:],
            told["token_logprobs"][1:],
            told["top_logprobs"][1:],
            strict=True,
        )
    )


async def test_the_end_of_a_prompt_has_a_probability_from_its_first_token(sim):
    [choice] = await whole(sim, echo_last=1, logprobs=0, max_tokens=0)
    [value] = choice["logprobs"]["token_logprobs"]
    assert value is not None


async def test_logprobs_of_the_new_form_begin_with_the_prompt(sim):
    [choice] = await whole(sim, [11, 12], echo=True, logprobs=True)
    told = choice["logprobs"]["content"]
    assert "".join(token["token"] for token in told) == choice["text"]
    assert [token["token_id"] for token in told[:2]] == [11, 12]


@pytest.mark.parametrize("logprobs", [True, 2])
@pytest.mark.parametrize("echo", [True, False])
async def test_a_whole_answer_tells_the_same_as_its_stream(sim, logprobs, echo):
    fields = {"logprobs": logprobs, "echo": echo, "return_token_ids": True}
    choices = await streamed(sim, **fields)
    [choice] = await whole(sim, **fields)
    ids = [number for piece in choices for number in piece.get("token_ids", ())]
    assert choice["token_ids"] == ids
    assert choices[0]["prompt_token_ids"] == choice["prompt_token_ids"]
    pieces = [piece["logprobs"] for piece in choices if "logprobs" in piece]
    for form, values in choice["logprobs"].items():
        assert values == [item for piece in pieces for item in piece[form]]


async def test_choices_share_the_prompts_evenly(sim):
    choices = await whole(sim, ["a", "b"], n=2, echo=True)
    assert [choice["text"][0] for choice in choices] == ["a", "a", "b", "b"]


async def test_given_deltas_are_fields_of_the_choice(sim):
    sim.script(Reply(deltas=[{"text": "x"}, None, {"text": None}]))
    choices = await streamed(sim)
    assert [choice["text"] for choice in choices] == ["x", "", None, ""]


async def test_raw_output_tells_of_the_prompt(sim):
    [choice] = await whole(sim, [3, 4], raw_output=True)
    raw = choice["raw_output"]
    assert raw["prompt_token_ids"] == [3, 4]
    assert raw["completion"] == " the river"

import pytest

from fireworks_async.simulator import Reply
from tests.support.simulated import ask


@pytest.fixture(autouse=True)
def _short(sim):
    sim.always(Reply(text="The river", reasoning="So"))


async def choices_of_stream(sim, **fields):
    chunks = (await ask(sim, stream=True, **fields)).chunks
    return [choice for chunk in chunks for choice in chunk["choices"]]


async def test_logprobs_are_told_for_each_token(sim):
    choices = await choices_of_stream(sim, logprobs=True, top_logprobs=2)
    told = [choice["logprobs"]["content"] for choice in choices[1:-1]]
    assert [[token["token"] for token in tokens] for tokens in told] == [
        ["So"],
        ["The"],
        [" river"],
    ]
    assert [tokens[0]["text_offset"] for tokens in told] == [0, 0, 3]
    river = told[2][0]
    assert river["bytes"] == list(b" river")
    assert river["sampling_logprob"] == river["logprob"] <= 0
    top = river["top_logprobs"]
    assert [len(top), top[0]["token"]] == [2, " river"]
    assert top[0]["logprob"] > top[1]["logprob"]
    assert top[0]["token_id"] == river["token_id"]


async def test_without_a_count_no_alternatives_are_told(sim):
    choices = await choices_of_stream(sim, logprobs=True)
    assert choices[1]["logprobs"]["content"][0]["top_logprobs"] == []


async def test_a_number_gives_the_old_form(sim):
    choices = await choices_of_stream(sim, logprobs=2)
    river = choices[3]["logprobs"]
    assert river["tokens"] == [" river"]
    assert river["text_offset"] == [3]
    assert next(iter(river["top_logprobs"][0])) == " river"
    assert len(river["top_logprobs"][0]) == 3
    assert river["top_logprobs"][0][" river"] == river["token_logprobs"][0]
    assert len(river["token_ids"]) == 1


@pytest.mark.parametrize("logprobs", [True, 2])
async def test_a_whole_answer_tells_the_same_as_its_stream(sim, logprobs):
    fields = {"logprobs": logprobs, "return_token_ids": True}
    streamed = await choices_of_stream(sim, **fields)
    [whole] = (await ask(sim, **fields)).json["choices"]
    ids = [number for choice in streamed[1:-1] for number in choice["token_ids"]]
    assert whole["token_ids"] == ids
    for form, values in whole["logprobs"].items():
        pieces = [choice["logprobs"][form] for choice in streamed[1:-1]]
        assert values == [item for piece in pieces for item in piece]


async def test_token_ids_of_the_prompt_are_at_the_root_of_the_first_chunk(sim):
    fields = {"return_token_ids": True, "stream_options": {"include_usage": True}}
    chunks = (await ask(sim, stream=True, **fields)).chunks
    prompt = chunks[0]["prompt_token_ids"]
    assert len(prompt) == chunks[-1]["usage"]["prompt_tokens"]
    assert not any("prompt_token_ids" in chunk for chunk in chunks[1:])
    assert (await ask(sim, **fields)).json["prompt_token_ids"] == prompt


async def test_raw_output_comes_with_the_end_of_the_choice(sim):
    grammar = {"type": "grammar", "grammar": "root ::= x"}
    fields = {"raw_output": True, "response_format": grammar, "logprobs": True}
    *others, last = await choices_of_stream(sim, **fields)
    raw = last["raw_output"]
    assert raw["prompt_fragments"] == ["Hello"]
    assert raw["completion"] == "SoThe river"
    assert len(raw["completion_token_ids"]) == 3
    assert len(raw["completion_logprobs"]["content"]) == 3
    assert raw["grammar"] == "root ::= x"
    assert not any("raw_output" in choice for choice in others)
    [whole] = (await ask(sim, **fields)).json["choices"]
    assert whole["raw_output"] == raw


async def test_nothing_is_told_unasked(sim):
    for choice in await choices_of_stream(sim):
        assert set(choice) == {"index", "delta", "finish_reason"}

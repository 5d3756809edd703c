import pytest

from fireworks_async.simulator import Simulator
from fireworks_async.simulator._context import kept_messages
from fireworks_async.simulator._text import count_prompt_tokens
from tests.support.simulated import MODEL, ask


def said(role, text):
    return {"role": role, "content": text}


CHAT = [
    said("system", "s" * 40),
    said("user", "a" * 40),
    said("assistant", "b" * 40),
    said("user", "c" * 40),
]


@pytest.mark.parametrize(
    ("limit", "kept"),
    [(59, "sabc"), (58, "sbc"), (44, "sc"), (30, "c"), (1, "c"), (None, "sabc")],
)
def test_the_oldest_turns_go_first_and_the_system_last(limit, kept):
    body = {"messages": CHAT, "prompt_truncate_len": limit}
    messages = kept_messages(body)
    assert "".join(message["content"][0] for message in messages) == kept
    if limit and limit > 16:
        assert count_prompt_tokens(messages, None) <= limit
    assert kept_messages({**body, "safe_tokenization": True}) == CHAT


@pytest.fixture
async def small():
    async with Simulator(context_length=20) as simulator:
        yield simulator


async def test_an_answer_ends_where_the_context_does(small):
    for fields in (
        {"max_tokens": 50, "ignore_eos": True},
        {"max_completion_tokens": 12},
        {},
    ):
        answer = (await ask(small, **fields)).json
        assert answer["usage"]["prompt_tokens"] == 9
        assert answer["usage"]["completion_tokens"] == 11
        assert answer["choices"][0]["finish_reason"] == "length"
    answer = (await ask(small, max_tokens=11)).json
    assert answer["usage"]["completion_tokens"] == 11


async def test_it_is_an_error_for_who_wants_one(small):
    strict = {"context_length_exceeded_behavior": "error"}
    assert (await ask(small, max_tokens=11, **strict)).status == 200
    refused = await ask(small, max_tokens=12, **strict)
    assert refused.status == 400
    assert "prompt is too long: 21, model maximum context length: 20" in refused.message


async def test_a_prompt_that_leaves_no_room_is_refused(small):
    long = [said("user", "a" * 100)]
    assert "prompt is too long" in (await ask(small, messages=long)).message
    body = {"model": MODEL, "prompt": ["a", "b" * 80]}
    assert (await ask(small, body, path="/completions")).status == 400
    body = {"model": MODEL, "prompt": ["a", "b" * 60]}
    answer = await ask(small, body, path="/completions")
    assert answer.json["usage"]["completion_tokens"] == 10


async def test_a_prompt_that_is_cut_costs_less(sim):
    usage = (await ask(sim, messages=CHAT, prompt_truncate_len=30)).json["usage"]
    assert usage["prompt_tokens"] == 17

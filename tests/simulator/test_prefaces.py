"""The echo; that of text completions is looked at where their chunks are."""

import pytest

from fireworks_async.simulator import Reply
from fireworks_async.simulator._prefaces import rendered
from tests.support.simulated import ask

PROMPT = "<|user|>Hello\n<|assistant|>"


@pytest.fixture(autouse=True)
def _short(sim):
    sim.always(Reply(text="the river", reasoning="So"))


def test_a_chat_is_rendered_with_its_roles():
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    chat = [{"role": "system", "content": "x"}, {"role": "user", "content": parts}]
    assert rendered(chat) == "<|system|>x\n<|user|>ab\n<|assistant|>"
    assert rendered([{"role": "assistant", "content": None}]) == (
        "<|assistant|>\n<|assistant|>"
    )


async def content_of_stream(sim, **fields):
    chunks = (await ask(sim, stream=True, **fields)).chunks
    deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
    return "".join(delta.get("content") or "" for delta in deltas)


@pytest.mark.parametrize(
    ("fields", "echo"),
    [({"echo": True}, PROMPT), ({"echo_last": 2}, PROMPT[-7:]), ({"echo": False}, "")],
)
async def test_a_chat_can_show_its_prompt(sim, fields, echo):
    message = (await ask(sim, **fields)).json["choices"][0]["message"]
    assert message["content"] == f"{echo}the river"
    assert message["reasoning_content"] == "So"
    assert await content_of_stream(sim, **fields) == f"{echo}the river"


@pytest.mark.parametrize("logprobs", [True, 1])
async def test_probabilities_of_the_prompt_come_first(sim, logprobs):
    fields = {"echo": True, "logprobs": logprobs}
    [whole] = (await ask(sim, **fields)).json["choices"]
    told = whole["logprobs"]
    tokens = (
        [row["token"] for row in told["content"]]
        if logprobs is True
        else told["tokens"]
    )
    assert "".join(tokens) == PROMPT + "So" + "the river"


async def test_what_was_generated_is_counted_without_the_echo(sim):
    usage = (await ask(sim, echo=True)).json["usage"]
    assert usage["completion_tokens"] == 3

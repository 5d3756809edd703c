"""What the answers of both kinds of completions share, asked of both."""

import json

import pytest

from fireworks_async.simulator import Reply, Simulator, Without
from fireworks_async.simulator._framing import (
    DONE,
    PLACE,
    event,
    filled,
    filled_in_bulk,
)
from tests.support.simulated import HELLO, MODEL, REASONER, ask

USAGE = {"include_usage": True}
BOTH = pytest.mark.parametrize("endpoint", ["chat", "text"])


async def asked(sim, endpoint, **fields):
    if endpoint == "chat":
        return await ask(sim, {"model": MODEL, "messages": HELLO, **fields})
    body = {"model": MODEL, "prompt": "Hello", **fields}
    return await ask(sim, body, path="/completions")


def test_an_event_is_one_line_of_data():
    assert event({"a": "b\nc"}) == b'data: {"a":"b\\nc"}\n\n'
    assert DONE == b"data: [DONE]\n\n"


def test_a_template_is_filled_with_any_text():
    tokens = ['"', "\u2028", PLACE, "é"]
    events = list(filled(event({"a": [PLACE]}), tokens))
    assert [json.loads(data[6:])["a"] for data in events] == [[text] for text in tokens]


def test_pieces_are_the_same_events_joined():
    tokens = [str(number) for number in range(150)]
    template = event({"a": PLACE})
    pieces = list(filled_in_bulk(template, tokens))
    assert [count for _, count in pieces] == [64, 64, 22]
    assert b"".join(data for data, _ in pieces) == b"".join(filled(template, tokens))


@BOTH
@pytest.mark.parametrize(
    ("placement", "where"),
    [
        ("trailing", [False, True]),
        ("trailing-no-choices", [False, True]),
        ("finish", [True]),
        ("both", [True, True]),
        ("none", [False]),
    ],
)
async def test_usage_is_where_it_was_put(endpoint, placement, where):
    async with Simulator(usage=placement) as sim:
        answer = await asked(sim, endpoint, stream=True, stream_options=USAGE)
        unasked = await asked(sim, endpoint, stream=True)
    *chunks, last = answer.chunks
    tail = [chunks[-1], last] if len(where) == 2 else [last]
    assert [bool(chunk["usage"]) for chunk in tail] == where
    assert ("choices" in last) == (placement != "trailing-no-choices")
    assert bool(unasked.chunks[-1]["usage"]) == (placement in ("finish", "both"))


@BOTH
async def test_choices_take_turns(endpoint, sim):
    sim.always(Reply(text="a b c"))
    answer = await asked(sim, endpoint, stream=True, n=2)
    order = [choice["index"] for chunk in answer.chunks for choice in chunk["choices"]]
    assert order[-8:] == [0, 1] * 4


@BOTH
async def test_what_is_refused_is_refused_in_the_same_words(endpoint, sim):
    long = await asked(sim, endpoint, max_tokens=4097)
    assert long.message == "Requests with max_tokens > 4096 must have stream=true"
    assert (await asked(sim, endpoint, max_tokens=4097, stream=True)).status == 200
    missing = await asked(sim, endpoint, model="kimi-k2p6")
    assert (missing.status, missing.json["error"]["code"]) == (404, "NOT_FOUND")
    several = await asked(sim, endpoint, n=0, best_of=2)
    assert several.message.startswith("2 request validation errors: ")


@BOTH
async def test_a_stream_and_a_whole_answer_say_the_same(endpoint, sim):
    whole = (await asked(sim, endpoint, n=3, seed=7)).json
    streamed = (await asked(sim, endpoint, n=3, seed=7, stream=True)).chunks
    texts = ["", "", ""]
    for chunk in streamed:
        for choice in chunk["choices"]:
            texts[choice["index"]] += choice.get("text") or choice.get("delta", {}).get(
                "content", ""
            )
    told = [
        choice.get("text") or choice["message"]["content"]
        for choice in whole["choices"]
    ]
    assert texts == told
    assert len(set(texts)) == 3


@BOTH
@pytest.mark.parametrize("fields", [{}, {"stop": ["zz"]}, {"n": 2}, {"logprobs": 1}])
async def test_large_steps_say_what_small_ones_do(endpoint, fields):
    async def texts(sim):
        headers = {"X-Request-Id": "same"}
        fixed = {
            "model": REASONER,
            "stream": True,
            "max_tokens": 200,
            "ignore_eos": True,
        }
        body = {**fixed, "stream_options": USAGE, **fields}
        if endpoint == "chat":
            answer = await ask(sim, {**body, "messages": HELLO}, headers=headers)
        else:
            body = {**body, "prompt": "Hello", "echo": True}
            answer = await ask(sim, body, path="/completions", headers=headers)
        return [{**chunk, "created": 0} for chunk in answer.chunks]

    async with Simulator() as sim:
        large = await texts(sim)
        # Faults want to tell the events apart.
        sim.always(Without())
        assert await texts(sim) == large
        assert [one.generated_tokens for one in sim.requests] == [
            200 * fields.get("n", 1)
        ] * 2

"""The endpoint of text completions as plain HTTP clients see it."""

import pytest

from fireworks_async.simulator import Cut, Rejection, Reply, Simulator
from tests.support.simulated import MODEL, ask

IMAGE = "data:image/png;base64,AAAA"


async def complete(sim, prompt, **fields):
    body = {"model": MODEL, "prompt": prompt, **fields}
    return await ask(sim, body, path="/completions")


async def texts(sim, prompt, **fields):
    answer = await complete(sim, prompt, **fields)
    assert answer.status == 200, answer.data
    return [choice["text"] for choice in answer.json["choices"]]


async def test_an_answer_is_of_its_own_kind(sim):
    sim.script(Reply(text="there"))
    answer = await complete(sim, "Hello")
    assert answer.json["object"] == "text_completion"
    assert answer.json["choices"] == [
        {"index": 0, "text": "there", "finish_reason": "stop"}
    ]
    assert answer.json["usage"]["completion_tokens"] == 1
    assert answer.headers["fireworks-prompt-tokens"] == "2"


@pytest.mark.parametrize(
    ("prompt", "tokens"),
    [("", 1), ("abcd", 1), ("abcde", 2), ("éé", 1), ([7, 8, 9], 3)],
)
async def test_prompts_are_counted(sim, prompt, tokens):
    usage = (await complete(sim, prompt)).json["usage"]
    assert usage["prompt_tokens"] == tokens


async def test_each_of_several_prompts_is_answered_as_if_it_came_alone(sim):
    prompts = ["One day", "Two days"]
    alone = [text for prompt in prompts for text in await texts(sim, prompt, n=2)]
    assert await texts(sim, prompts, n=2) == alone
    answer = await complete(sim, prompts, n=2)
    assert answer.json["usage"]["prompt_tokens"] == 4
    assert answer.json["usage"]["completion_tokens"] == 4 * 16


async def test_lists_of_token_ids_are_prompts_too(sim):
    assert await texts(sim, [[1, 2], [3]]) == [
        *await texts(sim, [1, 2]),
        *await texts(sim, [3]),
    ]


@pytest.mark.parametrize("prompt", [[], [[]], ["a", 1], [1, "a"], [1.5], [-1], 5, None])
async def test_what_is_no_prompt_is_refused(sim, prompt):
    answer = await complete(sim, prompt)
    assert answer.status == 400
    assert "field: 'prompt" in answer.message


@pytest.mark.parametrize(
    "field", ["messages", "tools", "tool_choice", "best_of", "suffix", "guided_json"]
)
async def test_fields_of_other_apis_are_refused(sim, field):
    answer = await complete(sim, "a", **{field: 1})
    assert answer.message == (
        f"Extra inputs are not permitted, field: '{field}', value: 1"
    )


@pytest.mark.parametrize(
    ("prompt", "images"),
    [
        ("<image>What?", [IMAGE]),
        (["<image>", "none", "<image><image>"], [[IMAGE], [], [IMAGE, IMAGE]]),
        ([32000, 1], [IMAGE]),
        ("plain", None),
    ],
)
async def test_images_fill_their_places_and_are_counted(sim, prompt, images):
    with_images = (await complete(sim, prompt, images=images)).json["usage"]
    count = len(str(images).split(IMAGE)) - 1
    plain = (await complete(sim, "a")).json["usage"]["prompt_tokens"]
    assert with_images["prompt_tokens"] // 256 == count
    assert plain == 1


@pytest.mark.parametrize(
    ("prompt", "images", "given", "places"),
    [
        ("<image>", [], 0, 1),
        ("none", [IMAGE], 1, 0),
        (["<image>", "none"], [[], [IMAGE]], 1, 1),
        (["<image>"], [[IMAGE], [IMAGE]], 2, 1),
    ],
)
async def test_images_without_their_place_are_refused(
    sim, prompt, images, given, places
):
    answer = await complete(sim, prompt, images=images)
    assert answer.message == (
        f"Number of images ({given}) does not match number of <image> tokens in the"
        f" prompt ({places})"
    )


async def test_json_mode_works(sim):
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    assert await texts(sim, "a", response_format=wanted) == ['{"a":1}']


async def test_stop_and_max_tokens_limit_the_text(sim):
    sim.always(Reply(text="one two three"))
    [choice] = (await complete(sim, "a", max_tokens=2)).json["choices"]
    assert (choice["text"], choice["finish_reason"]) == ("one two", "length")
    assert await texts(sim, "a", stop=["thr"]) == ["one two "]


async def test_models_that_reason_do_not_in_a_text(sim):
    body = {"model": "accounts/fireworks/models/kimi-k2p6", "prompt": "a"}
    usage = (await ask(sim, body, path="/completions")).json["usage"]
    assert "completion_tokens_details" not in usage


async def test_scripts_faults_and_keys_work_as_for_chat(sim):
    sim.script(Rejection.overloaded(), (Reply(text="a b c"), Cut(2, ending="eof")))
    assert (await complete(sim, "a", stream=True)).status == 503
    cut = await complete(sim, "a", stream=True)
    assert [chunk["choices"][0]["text"] for chunk in cut.events] == ["a", " b"]
    body = {"model": MODEL, "prompt": "a"}
    assert (await ask(sim, body, path="/completions", key=None)).status == 401


async def test_the_pace_is_that_of_chat():
    async with Simulator(ttft=0.02, gap=0.005, tokens=3) as sim:
        answer = await complete(sim, "a", perf_metrics_in_response=True)
    assert answer.json["perf_metrics"]["server-processing-time"] == 0.03

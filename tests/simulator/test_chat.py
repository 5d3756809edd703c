import pytest

from fireworks_async.simulator import Simulator
from tests.support.simulated import ask

UNKNOWN = "Model not found, inaccessible, and/or not deployed"


async def test_an_invalid_request_is_refused_with_the_captured_body(sim):
    answer = await ask(sim, reasoning_history="x", stream=True)
    assert answer.status == 400
    assert answer.headers["content-type"] == "application/json"
    assert answer.json == {
        "error": {
            "object": "error",
            "type": "invalid_request_error",
            "code": "invalid_request_error",
            "message": (
                "Input should be 'disabled', 'interleaved' or 'preserved',"
                " field: 'reasoning_history', value: 'x'"
            ),
        }
    }


async def test_several_problems_are_counted(sim):
    answer = await ask(sim, n=0, nonsense=1)
    assert answer.message == (
        "2 request validation errors: Input should be greater than or equal to 1,"
        " field: 'n', value: 0; Extra inputs are not permitted,"
        " field: 'nonsense', value: 1"
    )


@pytest.mark.parametrize("model", ["kimi-k2p6", "fireworks/qwen3-8b"])
async def test_a_short_model_name_is_not_found(sim, model):
    answer = await ask(sim, model=model)
    assert (answer.status, answer.message) == (404, UNKNOWN)
    assert answer.json["error"]["code"] == "NOT_FOUND"


async def test_the_models_can_be_named():
    async with Simulator(models=["mine"]) as sim:
        assert (await ask(sim, model="mine")).status == 200
        assert (await ask(sim)).status == 404


async def test_some_models_cannot_stop_thinking(sim):
    oss = "accounts/fireworks/models/gpt-oss-20b"
    answer = await ask(sim, model=oss, reasoning_effort="none")
    assert (answer.status, answer.message) == (400, "Invalid reasoning effort: none")


async def test_the_cap_on_answers_that_are_not_streamed_can_be_off(sim):
    answer = await ask(sim, max_tokens=5000)
    text = "Requests with max_tokens > 4096 must have stream=true"
    assert (answer.status, answer.message) == (400, text)
    async with Simulator(non_stream_cap=False) as generous:
        assert (await ask(generous, max_tokens=5000)).status == 200
    answer = await ask(sim, max_tokens=5000, ignore_eos=True, stream=True)
    assert len(answer.chunks) == 5000 + 2


async def test_streams_and_objects_say_what_they_are(sim):
    answer = await ask(sim, stream=True)
    assert answer.headers["content-type"] == "text/event-stream"
    answer = await ask(sim)
    assert answer.headers["content-type"] == "application/json"
    assert int(answer.headers["content-length"]) == len(answer.data)

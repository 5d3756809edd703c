import json

from fireworks_async.simulator import Simulator
from fireworks_async.simulator._metrics import gateway_headers
from tests.support.simulated import ask


async def test_a_whole_answer_has_all_headers(sim):
    answer = await ask(sim, temperature=0.5, max_tokens=7)
    headers = answer.headers
    assert headers["fireworks-prompt-tokens"] == "9"
    assert headers["fireworks-cached-prompt-tokens"] == "0"
    assert float(headers["fireworks-server-time-to-first-token"]) == 0
    assert float(headers["fireworks-server-processing-time"]) == 0
    assert headers["fireworks-speculation-prompt-matched-tokens"] == "0"
    options = json.loads(headers["fireworks-sampling-options"])
    assert [options["temperature"], options["max_tokens"]] == [0.5, 7]
    assert options["mirostat_lr"] == 0.1
    assert headers["x-ratelimit-over-limit"] == "no"


async def test_limits_are_told_of_except_by_deployments(sim):
    def told(answer):
        return {name for name in answer.headers if name.startswith("x-ratelimit")}

    limits = ("requests", "tokens-prompt", "tokens-generated")
    for answer in (await ask(sim), await ask(sim, stream=True)):
        assert told(answer) >= {f"x-ratelimit-limit-{name}" for name in limits}
        assert told(answer) >= {f"x-ratelimit-remaining-{name}" for name in limits}
    assert not told(await ask(sim, model="accounts/me/deployments/d"))


async def test_a_stream_has_what_is_known_at_its_beginning(sim):
    headers = (await ask(sim, stream=True)).headers
    assert headers["fireworks-prompt-tokens"] == "9"
    assert headers["fireworks-server-time-to-first-token"] == "0.000"
    assert "fireworks-server-processing-time" not in headers


async def test_every_answer_comes_through_the_gateway(sim):
    for answer in (await ask(sim), await ask(sim, stream=True), await ask(sim, key="")):
        for name, value in gateway_headers("x").items():
            assert answer.headers[name] == value or name == "x-request-id"


async def test_the_request_id_is_the_answers_id(sim):
    answer = await ask(sim)
    assert answer.headers["x-request-id"] == answer.json["id"]
    assert answer.json["id"].startswith("chatcmpl-")
    answer = await ask(sim, stream=True)
    assert answer.headers["x-request-id"] == answer.events[0]["id"]
    answer = await ask(sim, headers={"X-Request-Id": "mine"})
    assert answer.headers["x-request-id"] == answer.json["id"] == "mine"


async def test_perf_metrics_tell_the_pace():
    async with Simulator(ttft=0.02, gap=0.01, tokens=3) as sim:
        answer = await ask(sim, perf_metrics_in_response=True)
    assert answer.json["perf_metrics"] == {
        "prompt-tokens": 9,
        "cached-prompt-tokens": 0,
        "server-time-to-first-token": 0.02,
        "server-processing-time": 0.04,
    }


async def test_perf_metrics_can_be_strings_and_tell_of_speculation():
    async with Simulator(perf_as_strings=True) as sim:
        answer = await ask(sim, perf_metrics_in_response=True, prediction="x")
    metrics = answer.json["perf_metrics"]
    assert metrics["prompt-tokens"] == "9"
    assert metrics["speculation-prompt-tokens"] == "0"

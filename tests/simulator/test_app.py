import pytest

from fireworks_async.simulator import Cut, Rejection, Simulator
from tests.support.simulated import MODEL, ask, chat

KEYS = ["fw_good", "fw_better"]


@pytest.mark.parametrize("prefix", ["/v1", "/inference/v1"])
async def test_both_bases_answer(sim, prefix):
    path = f"/..{prefix}/chat/completions"
    assert (await ask(sim, path=path)).status == 200


@pytest.mark.parametrize(
    "path", ["/nothing", "/../chat/completions", "/../../v2/models"]
)
async def test_an_unknown_path_is_not_found(sim, path):
    answer = await ask(sim, path=path)
    assert (answer.status, answer.message) == (404, "Path not found")


async def test_a_wrong_method_is_refused(sim):
    answer = await ask(sim, method="GET")
    assert answer.status == 405
    assert answer.headers["allow"] == "POST"
    assert (await ask(sim, path="/models")).headers["allow"] == "GET"


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer ", "fw_good"])
async def test_a_request_without_a_key_is_refused(sim, authorization):
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = await ask(sim, key=None, headers=headers)
    assert answer.status == 401
    assert answer.json == {
        "error": {
            "message": "The API key you provided is invalid.",
            "param": None,
            "code": "UNAUTHORIZED",
            "type": "error",
        }
    }


async def test_only_the_good_keys_are_good():
    async with Simulator(api_keys=KEYS) as sim:
        assert (await ask(sim, key="fw_bad")).status == 401
        assert [(await ask(sim, key=key)).status for key in KEYS] == [200, 200]


async def test_the_models_are_listed(sim):
    answer = await ask(sim, method="GET", path="/models")
    assert answer.json["object"] == "list"
    assert MODEL in [model["id"] for model in answer.json["data"]]
    answer = await ask(sim, method="GET", path="/models", key=None)
    assert (answer.status, answer.json) == (403, {"error": "unauthorized"})


async def test_the_given_models_are_listed():
    async with Simulator(models=["accounts/me/models/mine", "short"]) as sim:
        data = (await ask(sim, method="GET", path="/models")).json["data"]
    owners = {model["id"]: model["owned_by"] for model in data}
    assert owners == {"accounts/me/models/mine": "me", "short": "fireworks"}


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000])
async def test_a_body_that_is_not_json_is_refused(sim, body):
    answer = await ask(sim, body)
    assert (answer.status, answer.message) == (400, "Request body is not valid JSON")


async def test_requests_are_remembered_without_the_key(sim):
    await ask(sim, path="/chat/completions?a=b", headers={"X-Session-Affinity": "s"})
    [request] = sim.requests
    assert (request.number, request.method) == (1, "POST")
    assert request.path == "/v1/chat/completions?a=b"
    assert request.body == chat()
    assert request.headers["x-session-affinity"] == "s"
    assert request.connection == 1
    assert (request.status, request.finished, request.left_at) == (200, True, None)
    assert "authorization" not in request.headers
    assert "fw_test" not in repr(request)


async def test_only_the_latest_requests_are_remembered():
    async with Simulator(keep_requests=2) as sim:
        for _ in range(3):
            await ask(sim)
        assert [request.number for request in sim.requests] == [2, 3]


async def test_an_order_is_for_completions_only(sim):
    sim.script(Rejection.overloaded())
    assert (await ask(sim, method="GET", path="/models")).status == 200
    assert (await ask(sim)).status == 503


async def test_a_refused_request_is_told_as_it_was_answered(sim):
    await ask(sim, key=None)
    [request] = sim.requests
    assert (request.status, request.finished) == (401, True)


async def test_what_was_sent_is_told_with_its_times():
    async with Simulator(ttft=0.02, gap=0.005, tokens=4) as sim:
        sim.script((), (), Cut(2, ending="eof"), Rejection.overloaded())
        await ask(sim, stream=True)
        await ask(sim)
        await ask(sim, stream=True)
        await ask(sim)
        stream, whole, _, refused = sim.requests
    assert [one.generated_tokens for one in sim.requests] == [4, 4, 1, 0]
    assert [one.prompt_tokens for one in sim.requests] == [9, 9, 9, None]
    for one in (stream, whole):
        assert one.arrived_at <= one.started_at <= one.first_byte_at
        assert one.first_byte_at <= one.first_token_at <= one.ended_at
        assert one.ended_at - one.started_at >= 0.035
    assert stream.first_token_at - stream.first_byte_at >= 0.015
    assert refused.started_at is refused.first_token_at is None
    assert refused.ended_at >= refused.first_byte_at

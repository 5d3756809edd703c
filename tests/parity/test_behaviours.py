"""What LiteLLM, ReqLLM and the SDKs do well, and callers rely on: it is so here too.

Bodies are compared in ``test_wire``; here is the rest, beginning with the vectors of
LiteLLM's and ReqLLM's own tests.
"""

from typing import Any

import pytest
from pydantic import BaseModel

import fireworks_async
from fireworks_async import (
    AsyncFireworks,
    BadRequestError,
    RateLimitError,
    Timeout,
)
from fireworks_async.simulator import Rejection, Reply
from tests.parity.corpus import HELLO, MODEL, WEATHER
from tests.support.raw_server import Send
from tests.support.wire import (
    answer,
    json_response,
    stream_body,
    stream_head,
    stream_response,
)

FULL = "accounts/fireworks/"


def ask(client: AsyncFireworks, **fields: Any) -> Any:
    return client.chat.completions.create(
        **{"model": MODEL, "messages": HELLO, **fields}
    )


async def sent(sim: Any, call: Any) -> Any:
    await call
    return sim.requests[-1].body


class TestOfLiteLLM:
    @pytest.mark.parametrize("prefix", ["", "fireworks_ai/", "fireworks_ai:"])
    @pytest.mark.parametrize(
        ("name", "full"),
        [
            ("routers/glm-latest", FULL + "routers/glm-latest"),
            ("models/glm-4p6", FULL + "models/glm-4p6"),
            ("glm-4p6", FULL + "models/glm-4p6"),
            ("kimi-k2p6-fast", FULL + "routers/kimi-k2p6-fast"),
            ("firerouter", FULL + "routers/firerouter"),
            ("accounts/me/models/mine", "accounts/me/models/mine"),
            ("x#accounts/g/deployments/1", FULL + "models/x#accounts/g/deployments/1"),
            ("FW-Kimi-K3", "FW-Kimi-K3"),
        ],
    )
    async def test_names(self, client, sim, prefix, name, full):
        assert (await sent(sim, ask(client, model=prefix + name)))["model"] == full

    @pytest.mark.parametrize("choice", ["auto", "none", "required", None])
    async def test_words_of_tool_choice_pass(self, client, sim, choice):
        body = await sent(sim, ask(client, tools=[WEATHER], tool_choice=choice))
        assert body.get("tool_choice") == choice

    @pytest.mark.parametrize(
        ("fields", "session"),
        [
            ({}, None),
            ({"session_affinity": "s-1"}, "s-1"),
            ({"extra_headers": {"x-session-affinity": "s-2"}}, "s-2"),
            (
                {
                    "session_affinity": "s-1",
                    "extra_headers": {"X-Session-Affinity": "s-2"},
                },
                "s-2",
            ),
        ],
    )
    async def test_the_session(self, client, sim, fields, session):
        await ask(client, **fields)
        assert sim.requests[0].headers.get("x-session-affinity") == session

    async def test_thinking_and_effort_exclude_each_other(self, client, sim):
        with pytest.raises(ValueError, match="thinking and reasoning_effort"):
            ask(client, thinking={"type": "enabled"}, reasoning_effort="low")
        assert sim.requests == []

    @pytest.mark.parametrize(
        ("options", "on_the_wire"),
        [
            (None, {"include_usage": True}),
            ({"buffer_ms": 5}, {"include_usage": True, "buffer_ms": 5}),
        ],
    )
    async def test_usage_is_asked_for(self, client, sim, options, on_the_wire):
        body = await sent(sim, ask(client, stream_options=options))
        assert body["stream_options"] == on_the_wire

    async def test_what_the_api_adds_is_given(self, client):
        completion = await ask(
            client,
            raw_output=True,
            return_token_ids=True,
            perf_metrics_in_response=True,
        )
        assert completion.prompt_token_ids
        assert completion.perf_metrics
        assert completion.choices[0].raw_output
        assert completion.choices[0].token_ids

    async def test_headers_of_the_answer_are_given(self, play):
        head = stream_head(x_ratelimit_remaining_requests="5", x_mine="1")
        body = stream_body(*answer("Hi")) + b"0\r\n\r\n"
        client, _ = await play([Send(head + body)])
        stream = ask(client)
        await stream
        assert stream.response.request_id == "req-scripted"
        assert stream.response.rate_limit.remaining_requests == 5
        assert stream.response.headers["x-mine"] == "1"

    async def test_a_key_and_a_base_may_be_another_ones(self, client, sim):
        view = client.with_options(api_key="fw_other", base_url=sim.base_url + "/")
        assert (await ask(view)).choices


class Answer(BaseModel):
    verdict: bool
    grounds: str | None = None


class TestOfReqLLM:
    @pytest.mark.parametrize(
        ("effort", "word"),
        [
            ("none", "none"),
            ("minimal", "low"),
            ("low", "low"),
            ("medium", "medium"),
            ("high", "high"),
            ("xhigh", "xhigh"),
            ("max", "max"),
            ("default", None),
            (None, None),
        ],
    )
    async def test_efforts(self, client, sim, effort, word):
        body = await sent(sim, ask(client, reasoning_effort=effort))
        assert body.get("reasoning_effort") == word

    @pytest.mark.parametrize("mode", ["auto", "json_schema"])
    @pytest.mark.parametrize("strict", [True, False])
    async def test_a_format_by_schema(self, client, sim, mode, strict):
        sim.script(Reply(text='{"verdict":true,"grounds":null}'))
        call = client.chat.completions.parse(
            model=MODEL,
            messages=HELLO,
            response_format=Answer,
            mode=mode,
            strict=strict,
        )
        completion = await call
        assert completion.choices[0].message.parsed == Answer(verdict=True)
        body = sim.requests[0].body
        assert "tools" not in body
        assert body["response_format"]["type"] == "json_schema"
        asked = body["response_format"]["json_schema"]
        assert (asked["name"], asked["strict"]) == ("Answer", strict)
        required = ["verdict", "grounds"] if strict else ["verdict"]
        assert asked["schema"]["required"] == required
        assert ("additionalProperties" in asked["schema"]) is strict

    async def test_a_format_by_tool(self, client, sim):
        call = client.chat.completions.parse(
            model=MODEL,
            messages=HELLO,
            response_format=Answer,
            mode="tool",
            tools=[WEATHER],
        )
        assert (await call).choices[0].message.parsed
        body = sim.requests[0].body
        names = [tool["function"]["name"] for tool in body["tools"]]
        assert sorted(names) == ["Answer", "weather"]
        assert body["tool_choice"] == {
            "type": "function",
            "function": {"name": "Answer"},
        }
        assert "response_format" not in body

    def test_unknown_options_name_the_nearest(self, client):
        for typo, meant in (
            ("repetition_penality", "repetition_penalty"),
            ("prompt_cache_keys", "prompt_cache_key"),
        ):
            with pytest.raises(TypeError, match=f"did you mean '{meant}'"):
                ask(client, **{typo: 1})

    async def test_the_stream_can_be_seen_as_text_and_as_events(self, client):
        texts = [text async for text in ask(client).text()]
        kinds = [event.type async for event in ask(client).events()]
        assert texts
        assert kinds.count("finish") == 1

    def test_the_default_limit_of_silence_is_five_minutes(self):
        assert Timeout() == Timeout(connect=10, pool=None, receive=300, total=None)


class TestOfTheSDKs:
    @pytest.mark.parametrize(
        "name",
        [
            "APIConnectionError",
            "APIError",
            "APIStatusError",
            "APITimeoutError",
            "AuthenticationError",
            "BadRequestError",
            "ConflictError",
            "ContentFilterFinishReasonError",
            "FireworksError",
            "InternalServerError",
            "LengthFinishReasonError",
            "NotFoundError",
            "PermissionDeniedError",
            "RateLimitError",
            "UnprocessableEntityError",
        ],
    )
    def test_errors_have_the_names_that_are_known(self, name):
        assert issubclass(getattr(fireworks_async, name), Exception)

    async def test_a_call_is_written_in_the_ways_of_all(self, client):
        stream = await ask(client, stream=True)
        whole = "".join([chunk.content async for chunk in stream])
        assert whole == "".join([chunk.content async for chunk in ask(client)])
        async with ask(client, stream=True) as opened:
            assert "".join([text async for text in opened.text()]) == whole
        assert (await ask(client)).choices[0].message.content == whole

    async def test_extras_go_along(self, client, sim):
        view = client.with_options(default_headers={"X-One": "1", "X-Two": "1"})
        await ask(
            view,
            extra_headers={"x-two": "2"},
            extra_query={"a": "b c"},
            extra_body={"top_k": 3},
        )
        [request] = sim.requests
        assert request.path == "/v1/chat/completions?a=b+c"
        assert (request.headers["x-one"], request.headers["x-two"]) == ("1", "2")
        assert request.body["top_k"] == 3

    @pytest.mark.parametrize(
        ("headers", "attempts"),
        [
            ({"x-should-retry": "false"}, 1),
            ({"retry-after-ms": "1"}, 2),
            ({"retry-after": "0.001"}, 2),
            ({"retry-after": "3600"}, 1),
        ],
    )
    async def test_the_servers_word_on_retrying(
        self, play, monkeypatch, headers, attempts
    ):
        monkeypatch.setattr("random.random", lambda: 0.0)
        refused = [Send(json_response(429, {}, headers))]
        client, server = await play(
            refused, [Send(stream_response(*answer("Hi")))], max_retries=1
        )
        if attempts == 1:
            with pytest.raises(RateLimitError):
                await ask(client)
        else:
            await ask(client)
        assert len(server.log) == attempts

    async def test_a_200_that_is_no_stream_is_read(self, client, sim):
        sim.script(Reply(text="Hi", stream=False))
        assert (await ask(client)).choices[0].message.content == "Hi"

    async def test_a_refusal_comes_when_the_stream_is_opened(self, client, sim):
        sim.script(Rejection.invalid("no"), Rejection.invalid("no"))
        with pytest.raises(BadRequestError):
            async with ask(client):
                pass
        with pytest.raises(BadRequestError):
            await ask(client, stream=True)

    @pytest.mark.slow
    async def test_their_messages_are_taken_as_they_are(self, client, sim):
        from fireworks.types.shared import ChatMessage
        from openai.types.chat import ChatCompletionMessage

        call = {
            "index": 0,
            "id": "call_1",
            "type": "function",
            "function": {"name": "weather", "arguments": "{}"},
        }
        turn = {"role": "assistant", "reasoning_content": "Hm.", "tool_calls": [call]}
        received = {**turn, "content": None, "refusal": None, "annotations": []}
        result = {"role": "tool", "tool_call_id": "call_1", "content": "sunny"}
        for kind in (ChatMessage, ChatCompletionMessage):
            history = [*HELLO, kind.model_validate(received), result]
            body = await sent(sim, ask(client, messages=history, tools=[WEATHER]))
            plain = {name: call[name] for name in ("id", "type", "function")}
            expected = {**turn, "content": None, "tool_calls": [plain]}
            assert body["messages"] == [*HELLO, expected, result]

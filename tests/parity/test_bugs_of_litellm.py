"""Bugs of LiteLLM that Fireworks' users met, each shown to be absent here.

The first line of each test says what went wrong there, and where it is told: a number is
an issue or pull request of BerriAI/litellm, "measured" what its release 1.109.1 does.
"""

import asyncio
import copy
import gc
import json
import random
import subprocess
import sys
from typing import Any

import pytest

from fireworks_async import (
    AccountSuspendedError,
    APIStatusError,
    APITimeoutError,
    AsyncFireworks,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    ContextLengthExceededError,
    InternalServerError,
    MissingAPIKeyError,
    PaymentRequiredError,
    PermissionDeniedError,
    RateLimitError,
    RequestTimeoutError,
    RequestTooLargeError,
    ServiceUnavailableError,
    StreamProtocolError,
    StreamTruncatedError,
    Timeout,
    TooEarlyError,
)
from fireworks_async.simulator import Raw, Rejection, Reply, Simulator
from tests.parity.corpus import HELLO, JSON_SCHEMA, MODEL, PDF, PNG, UNLISTED, WEATHER
from tests.support.raw_server import Fin, Hang, Send, WaitFor
from tests.support.wire import (
    DONE,
    USAGE,
    answer,
    chunk,
    json_response,
    stream_body,
    stream_head,
    stream_response,
)

KEYS = (
    "FIREWORKS_API_KEY",
    "FIREWORKS_AI_API_KEY",
    "FIREWORKSAI_API_KEY",
    "FIREWORKS_AI_TOKEN",
)
BASES = ("FIREWORKS_BASE_URL", "FIREWORKS_API_BASE", "FIREWORKS_AI_API_BASE")
DOCUMENT = {"type": "image_url", "image_url": {"url": PDF}}
BLIND = "llama-v3p3-70b-instruct"


@pytest.fixture
def bare_environment(monkeypatch):
    for name in (*KEYS, *BASES, "FIREWORKS_AUDIO_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


async def sent(sim: Any, call: Any) -> Any:
    await call
    return sim.requests[-1].body


def ask(client: AsyncFireworks, **fields: Any) -> Any:
    return client.chat.completions.create(
        **{"model": MODEL, "messages": HELLO, **fields}
    )


def refusal(status: int, error: Any = None, **headers: str) -> list[Any]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return [Send(json_response(status, error or {"error": "no"}, named))]


class TestNames:
    @pytest.mark.parametrize("suffix", ["-us", "-spot", "-latest", "-fast"])
    async def test_routers_are_taken_for_models(self, client, sim, suffix):
        """Measured: ``glm-5p3-us`` goes out under ``models/``."""
        body = await sent(sim, ask(client, model=f"fireworks_ai/glm-5p3{suffix}"))
        assert body["model"] == f"accounts/fireworks/routers/glm-5p3{suffix}"

    async def test_a_short_name_before_a_deployment_is_not_expanded(self, client, sim):
        """Measured: ``short#deployment`` is sent as it is, and is not found."""
        body = await sent(sim, ask(client, model="qwen3-8b#accounts/me/deployments/d"))
        assert body["model"] == (
            "accounts/fireworks/models/qwen3-8b#accounts/me/deployments/d"
        )

    async def test_a_full_name_for_rerank_gets_an_account_before_it(self, client, sim):
        """Measured: ``fireworks/accounts/fireworks/models/..`` is sent."""
        name = "accounts/fireworks/models/qwen3-reranker-8b"
        call = client.rerank.create(model=name, query="q", documents=["d"])
        assert (await sent(sim, call))["model"] == name

    async def test_embedding_names_are_not_resolved(self, client, sim):
        """Measured: ``qwen3-embedding-8b`` goes out bare."""
        call = client.embeddings.create(model="qwen3-embedding-8b", input="a")
        assert (await sent(sim, call))["model"] == "fireworks/qwen3-embedding-8b"

    async def test_the_answers_model_is_renamed(self, play):
        """Measured: ``fireworks_ai/`` is put before the name that the API sends."""
        client, _ = await play([Send(stream_response(*answer("Hi")))])
        assert (await ask(client)).model == "accounts/fireworks/models/m"


class TestConfiguration:
    def test_a_missing_key_is_a_connection_error_with_status_500(
        self, bare_environment
    ):
        """Measured: APIConnectionError from chat, another error from embeddings."""
        with pytest.raises(MissingAPIKeyError) as caught:
            AsyncFireworks()
        assert all(name in str(caught.value) for name in KEYS)

    @pytest.mark.parametrize("name", KEYS)
    def test_a_name_of_the_key_is_not_read(self, bare_environment, name):
        """The documentation has one name, the code four."""
        bare_environment.setenv(name, "fw_test")
        AsyncFireworks()

    @pytest.mark.parametrize("name", BASES)
    async def test_the_documented_base_is_not_read(self, sim, bare_environment, name):
        """Measured: FIREWORKS_AI_API_BASE, as documented, is read nowhere."""
        bare_environment.setenv(name, sim.base_url)
        async with AsyncFireworks(api_key="fw_test") as client:
            await ask(client)
            await client.rerank.create(model="m", query="q", documents=["d"])
        assert len(sim.requests) == 2

    async def test_the_page_has_chats_sent_to_the_audio_host(self, bare_environment):
        """The inlining example sets the audio host as base, which nothing reads."""
        bare_environment.setenv(
            "FIREWORKS_AI_API_BASE", "https://audio-prod.api.fireworks.ai/v1"
        )
        client = AsyncFireworks(api_key="fw_test")
        assert "https://api.fireworks.ai/inference/v1" in repr(client)

    @pytest.mark.parametrize("end", ["", "/v1", "/v1/", "/inference", "/inference/v1"])
    async def test_the_list_of_models_is_at_v1_v1(self, sim, end):
        """#23106."""
        base = sim.base_url.removesuffix("/v1") + end
        async with AsyncFireworks(api_key="fw_test", base_url=base) as client:
            await client.models.list()
        assert sim.requests[0].path in ("/v1/models", "/inference/v1/models")

    def test_the_import_asks_the_network_and_takes_seconds(self):
        """#7605, #2677, #6175: 2953 modules, 190 MB, a price list from GitHub."""
        program = (
            "import socket, sys\n"
            "def refuse(*args): raise SystemExit('asked the network')\n"
            "socket.socket.connect = socket.getaddrinfo = refuse\n"
            "import fireworks_async, fireworks_async.errors\n"
            "heavy = {'aiohttp', 'msgspec'} & sys.modules.keys()\n"
            "fireworks_async.AsyncFireworks(api_key='fw_test')\n"
            "unwanted = {'pydantic', 'httpx', 'openai'} & sys.modules.keys()\n"
            "sys.exit(bool(heavy or unwanted))"
        )
        subprocess.run([sys.executable, "-c", program], check=True)


class TestParameters:
    async def test_the_misspelt_prompt_truncate_length(self, client, sim):
        """#30842: the list had a name that the API does not."""
        with pytest.raises(TypeError, match="did you mean 'prompt_truncate_len'"):
            ask(client, prompt_truncate_length=100)
        body = await sent(sim, ask(client, prompt_truncate_len=100))
        assert body["prompt_truncate_len"] == 100

    async def test_a_seed_is_refused(self, client, sim):
        """Measured on 1.81: UnsupportedParamsError for ``seed``."""
        assert (await sent(sim, ask(client, seed=7)))["seed"] == 7

    async def test_the_name_and_strictness_of_a_schema_are_lost(self, client, sim):
        """#6797, #7533: ``json_schema`` became ``json_object``."""
        body = await sent(sim, ask(client, response_format=JSON_SCHEMA))
        assert body["response_format"] == JSON_SCHEMA

    @pytest.mark.parametrize("order", [1, -1])
    async def test_a_format_vanishes_beside_tools(self, client, sim, order):
        """Measured: with ``tools`` the whole ``response_format`` is gone."""
        both = [("response_format", JSON_SCHEMA), ("tools", [WEATHER])]
        body = await sent(sim, ask(client, **dict(both[::order])))
        assert body["response_format"] == JSON_SCHEMA
        assert body["tools"] == [WEATHER]

    async def test_metadata_is_swallowed(self, client, sim):
        """Measured: it never reaches Fireworks."""
        body = await sent(sim, ask(client, metadata={"trace": "t-1"}))
        assert body["metadata"] == {"trace": "t-1"}

    async def test_models_of_ones_own_have_no_tools_and_no_reasoning(self, client, sim):
        """#6976: what is not in the price map raises UnsupportedParamsError."""
        body = await sent(
            sim,
            ask(
                client,
                model=UNLISTED,
                tools=[WEATHER],
                tool_choice="auto",
                reasoning_effort="low",
                response_format=JSON_SCHEMA,
            ),
        )
        assert body["tool_choice"] == "auto"
        assert body["reasoning_effort"] == "low"

    @pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
    async def test_more_than_4096_tokens_are_refused(self, client, name):
        """Measured: sent without a stream, which the API refuses."""
        completion = await ask(client, **{name: 100_000})
        assert completion.choices[0].finish_reason == "stop"

    async def test_each_request_has_a_session_of_its_own(self, client, sim):
        """#35647: a random id each time, so that no cache is ever warm."""
        await ask(client)
        await ask(client, session_affinity="s-1")
        await ask(client, session_affinity="s-1")
        named = [r.headers.get("x-session-affinity") for r in sim.requests]
        assert named == [None, "s-1", "s-1"]

    async def test_references_to_definitions_dangle(self, client, sim):
        """#26692: the API knows ``$defs`` only."""
        schema = {
            "type": "object",
            "properties": {"to": {"$ref": "#/definitions/P"}},
            "definitions": {"P": {"type": "string"}},
        }
        tool = {"type": "function", "function": {"name": "f", "parameters": schema}}
        body = await sent(sim, ask(client, tools=[tool]))
        assert body["tools"][0]["function"]["parameters"] == {
            "type": "object",
            "properties": {"to": {"$ref": "#/$defs/P"}},
            "$defs": {"P": {"type": "string"}},
        }

    async def test_dimensions_are_for_one_model_only(self, client, sim):
        """Measured: refused unless "nomic-ai" is in the model's name."""
        call = client.embeddings.create(
            model="qwen3-embedding-8b", input="a", dimensions=64
        )
        assert (await sent(sim, call))["dimensions"] == 64

    @pytest.mark.parametrize("prompt", [[1, 2, 3], [[1, 2], [3]]])
    async def test_token_ids_are_no_prompt(self, client, sim, prompt):
        """Measured: an error that asks to file an issue."""
        call = client.completions.create(model=MODEL, prompt=prompt)
        assert (await sent(sim, call))["prompt"] == prompt

    @pytest.mark.parametrize(
        "name", ["rank_fields", "max_chunks_per_doc", "max_tokens_per_doc"]
    )
    async def test_what_rerank_does_not_take_is_ignored(self, client, sim, name):
        """Dropped without a word."""
        with pytest.raises(TypeError, match=name):
            await client.rerank.create(
                model="m", query="q", documents=["d"], **{name: 1}
            )
        assert sim.requests == []

    async def test_rerank_rows_without_a_score_are_taken(self, play):
        """A row without index or score has to be an error that says so."""
        client, _ = await play([Send(json_response(200, {"data": [{"index": 0}]}))])
        with pytest.raises(Exception, match="relevance_score") as caught:
            await client.rerank.create(model="m", query="q", documents=["d"])
        assert type(caught.value).__name__ == "APIError"


class TestMessages:
    async def test_what_it_received_is_refused_when_sent_back(self, client, sim):
        """#20334 and measured: 400 "Extra inputs are not permitted"."""
        received = {
            "role": "assistant",
            "content": None,
            "function_call": None,
            "annotations": [],
            "images": [],
            "audio": None,
            "refusal": None,
            "thinking_blocks": [],
            "provider_specific_fields": {"a": 1},
            "tool_calls": [
                {
                    "index": 0,
                    "id": "call_1",
                    "type": "function",
                    "function": {"name": "weather", "arguments": "{}"},
                    "provider_specific_fields": {"a": 1},
                }
            ],
        }
        result = {"role": "tool", "tool_call_id": "call_1", "content": "sunny"}
        history = [*HELLO, received, {**result, "metadata": {"took": 3}}]
        before = copy.deepcopy(history)
        body = await sent(sim, ask(client, messages=history, tools=[WEATHER]))
        assert body["messages"][1].keys() == {"role", "content", "tool_calls"}
        assert body["messages"][2] == result
        assert history == before

    async def test_reasoning_is_sent_under_a_name_that_is_refused(self, client, sim):
        """earendil-works/pi#4514: the API takes ``reasoning_content`` only."""
        turn = {"role": "assistant", "content": "Hi."}
        said = {**turn, "reasoning": "Greet.", "reasoning_content": "Greet."}
        body = await sent(sim, ask(client, messages=[*HELLO, said, *HELLO]))
        assert body["messages"][1] == {**turn, "reasoning_content": "Greet."}

    async def test_the_callers_messages_grow_with_each_call(self, client, sim):
        """Measured on 1.81: three calls put three fragments on the caller's URL."""
        messages = [{"role": "user", "content": [copy.deepcopy(DOCUMENT)]}]
        before = copy.deepcopy(messages)
        for _ in range(3):
            body = await sent(sim, ask(client, model=BLIND, messages=messages))
            assert body["messages"][0]["content"][0]["image_url"]["url"] == (
                PDF + "#transform=inline"
            )
        assert messages == before

    @pytest.mark.parametrize(
        ("model", "url", "expected"),
        [
            (BLIND, PNG, PNG),
            (BLIND, PDF + "#transform=inline", PDF + "#transform=inline"),
            (BLIND, PDF + "?a=1&b=2", PDF + "?a=1&b=2#transform=inline"),
            ("kimi-k2p6", PDF, PDF),
            ("qwen2p5-vl-32b-instruct", PDF, PDF),
            (UNLISTED, PDF, PDF),
        ],
    )
    async def test_inlining_spoils_what_it_marks(
        self, client, sim, model, url, expected
    ):
        """Measured on 1.81: in data, twice, and for models that see."""
        part = {"type": "image_url", "image_url": {"url": url}}
        messages = [{"role": "user", "content": [part]}]
        body = await sent(sim, ask(client, model=model, messages=messages))
        assert body["messages"][0]["content"][0]["image_url"]["url"] == expected

    async def test_inlining_cannot_be_switched_off_as_documented(self, client, sim):
        """No such name as ``auto_add_transform_inline`` exists in any version."""
        messages = [{"role": "user", "content": [DOCUMENT]}]
        off = client.with_options(document_inlining=False)
        for call in (
            ask(client, model=BLIND, messages=messages, document_inlining=False),
            ask(off, model=BLIND, messages=messages),
        ):
            assert (await sent(sim, call))["messages"] == messages


class TestToolCallsWrittenAsText:
    CALL = '{"name": "weather", "parameters": {"city": "Bonn"}}'

    @pytest.mark.parametrize(
        "text",
        [
            CALL,
            CALL.replace("parameters", "arguments"),
            f"[{CALL}]",
            f"```json\n{CALL}\n```",
        ],
    )
    @pytest.mark.parametrize("streams", [True, False])
    async def test_they_are_missed_or_end_with_stop(self, client, sim, text, streams):
        """#7209, #33036: lists, fences and streams; and ``finish_reason: stop``."""
        sim.script(Reply(text=text))
        call = ask(client, tools=[WEATHER])
        if streams:
            async with call as stream:
                async for _ in stream:
                    pass
                completion = stream.snapshot
        else:
            completion = await call
        [choice] = completion.choices
        [made] = choice.message.tool_calls
        assert made.function.name == "weather"
        assert json.loads(made.function.arguments) == {"city": "Bonn"}
        assert choice.finish_reason == "tool_calls"

    async def test_json_that_is_no_call_becomes_one(self, client, sim):
        """The other side: an answer in JSON stays an answer."""
        text = '{"name": "nobody", "parameters": {}}'
        sim.script(Reply(text=text))
        [choice] = (await ask(client, tools=[WEATHER])).choices
        assert (choice.message.content, choice.message.tool_calls) == (text, None)


class TestStreams:
    async def test_usage_is_hidden_unless_asked_for(self, client):
        """Measured: requested, received, and kept from the caller."""
        chunks = [chunk async for chunk in ask(client)]
        assert [chunk.usage for chunk in chunks if chunk.usage]

    @pytest.mark.parametrize("streams", [True, False])
    async def test_usage_of_text_completions_is_not_asked_for(
        self, client, sim, streams
    ):
        """Measured."""
        call = client.completions.create(model=MODEL, prompt="Once", stream=streams)
        if streams:
            stream = await call
            assert [chunk.usage async for chunk in stream][-1]
        else:
            assert (await call).usage

    async def test_usage_beside_choices_is_dropped(self, play):
        """#36168: cached tokens lost, and the cost four times too high."""
        last = chunk(finish_reason="stop", usage=USAGE | CACHED)
        client, _ = await play([Send(stream_response(chunk("Hi"), last, DONE))])
        completion = await ask(client)
        assert completion.usage.prompt_tokens_details.cached_tokens == 8

    async def test_an_error_in_the_stream_has_status_500(self, play):
        """Measured: MidStreamFallbackError, whatever it says."""
        error = {"error": {"message": "slow down", "code": 429}}
        client, _ = await play([Send(stream_response(chunk("Hi"), error))])
        with pytest.raises(RateLimitError, match="slow down") as caught:
            await ask(client)
        assert caught.value.partial.choices[0].message.content == "Hi"

    async def test_a_stream_that_is_left_goes_on_being_generated(self, play):
        """Measured: after ``break`` no disconnection is seen."""
        client, server = await play(
            [Send(stream_head() + stream_body(chunk("Hi"))), Hang()]
        )
        async for _ in ask(client):
            break
        await server.emptied()

    @pytest.mark.parametrize("limit", [Timeout(total=0.05), Timeout(receive=0.05)])
    async def test_a_timeout_does_not_fire(self, play, limit):
        """Measured: ``timeout=1`` on a stream of 4 seconds; 6000 s by default."""
        client, _ = await play([Send(stream_head() + stream_body(chunk("Hi"))), Hang()])
        with pytest.raises(APITimeoutError):
            await ask(client, timeout=limit)
        assert Timeout().receive == 300

    async def test_equal_chunks_are_taken_for_a_loop(self, play):
        """The same chunk 100 times raises an error."""
        same = [chunk("-")] * 150
        client, _ = await play(
            [Send(stream_response(*same, chunk(finish_reason="stop"), DONE))]
        )
        completion = await ask(client)
        assert completion.choices[0].message.content == "-" * 150

    async def test_all_tokens_come_at_once(self, play):
        """#26102: a stream that is buffered whole."""
        seen = asyncio.Event()
        rest = stream_body(chunk("Ho", finish_reason="stop"), DONE) + b"0\r\n\r\n"
        client, _ = await play(
            [Send(stream_head() + stream_body(chunk("Hi"))), WaitFor(seen), Send(rest)]
        )
        texts = []
        async for text in (stream := ask(client)).text():
            texts.append(text)
            seen.set()
        assert texts == ["Hi", "Ho"]
        assert stream.finish_reason == "stop"

    async def test_a_cut_loses_what_had_come(self, play):
        """What came before an error is kept, and its class says what happened."""
        client, _ = await play([Send(stream_head() + stream_body(chunk("Hi"))), Fin()])
        with pytest.raises(StreamTruncatedError) as caught:
            await ask(client)
        assert caught.value.partial.choices[0].message.content == "Hi"


CACHED = {"prompt_tokens_details": {"cached_tokens": 8}}


class TestErrors:
    @pytest.mark.parametrize(
        ("status", "kind"),
        [
            (400, BadRequestError),
            (401, AuthenticationError),
            (402, PaymentRequiredError),
            (403, PermissionDeniedError),
            (405, APIStatusError),
            (408, RequestTimeoutError),
            (409, ConflictError),
            (412, AccountSuspendedError),
            (413, RequestTooLargeError),
            (424, APIStatusError),
            (425, TooEarlyError),
            (429, RateLimitError),
            (500, InternalServerError),
            (502, InternalServerError),
            (503, ServiceUnavailableError),
            (504, InternalServerError),
            (520, InternalServerError),
            (529, InternalServerError),
        ],
    )
    async def test_a_word_in_the_text_decides_the_class(self, play, status, kind):
        """Measured: ``invalid_request_error`` makes a 503 a BadRequestError."""
        error = {
            "type": "invalid_request_error",
            "code": "some_code",
            "param": "some_param",
            "message": "no",
        }
        client, _ = await play(refusal(status, {"error": error}))
        with pytest.raises(APIStatusError) as caught:
            await ask(client)
        assert type(caught.value) is kind
        assert caught.value.status_code == status
        # And they are fields, not text inside a text.
        assert caught.value.type == "invalid_request_error"
        assert (caught.value.code, caught.value.param) == ("some_code", "some_param")

    async def test_a_prompt_that_is_too_long_is_not_recognised(self, client, sim):
        """Measured: Fireworks' own words are not among those it looks for."""
        sim.script(Rejection.prompt_too_long())
        with pytest.raises(ContextLengthExceededError):
            await ask(client)

    async def test_retries_are_silently_none(self, sim, monkeypatch):
        """#5690: without tenacity, which it does not declare, no retry is made."""
        monkeypatch.setattr(random, "random", lambda: 0.0)
        sim.script(Rejection.overloaded(), Rejection.overloaded())
        async with AsyncFireworks(base_url=sim.base_url, api_key="fw_test") as client:
            stream = ask(client)
            await stream
        assert stream.response.retries_taken == 2

    @pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 412, 422])
    async def test_what_cannot_succeed_is_tried_again(self, play, status):
        """Measured with tenacity: three attempts for every status."""
        client, server = await play(refusal(status), max_retries=2)
        with pytest.raises(APIStatusError):
            await ask(client)
        assert len(server.log) == 1

    async def test_the_wait_that_is_asked_for_is_not_consulted(self, play):
        """Measured: Retry-After is ignored; #21553: and not passed on."""
        client, server = await play(refusal(429, retry_after="100"), max_retries=2)
        with pytest.raises(RateLimitError) as caught:
            await ask(client)
        assert caught.value.retry_after == 100
        assert len(server.log) == 1


class TestCost:
    @pytest.mark.parametrize(
        "model",
        ["llama-0p6b", "llama-1.5b", "mixtral-16x70b", "brand-new-model", "me/x-7b"],
    )
    async def test_prices_are_guessed_from_names(self, client, model):
        """Measured: ``0p6b`` is read as 6B; a name without a size costs 0."""
        name = f"accounts/me/models/{model.replace('/', '-')}"
        cost = (await ask(client, model=name)).cost()
        assert (cost.status, cost.usd) == ("unknown", None)

    async def test_cached_tokens_cost_as_much_as_others(self, play):
        """#25950, #31714."""
        head = {"model": "accounts/fireworks/models/glm-5p2"}
        usage = USAGE | CACHED | {"prompt_tokens": 9}
        whole = chunk("Hi", finish_reason="stop", usage=usage, **head)
        client, _ = await play([Send(stream_response(whole, DONE))])
        completion = await ask(client)
        prices = client.models.facts("glm-5p2").prices
        assert completion.cost().usd == pytest.approx(
            (1 * prices.input + 8 * prices.cached_input + 3 * prices.output) / 1e6
        )

    async def test_a_wrong_price_cannot_be_corrected(self, client):
        """#33796: a cached rate copied from another model, 86 % too high."""
        before = client.models.facts("glm-5p2").prices
        try:
            facts = client.models.register("glm-5p2", prices={"cached_input": 0.01})
            assert facts.prices.cached_input == 0.01
            assert facts.prices.input == before.input
        finally:
            client.models.register("glm-5p2", prices=before)


class TestResources:
    async def test_sessions_are_left_open(self, sim):
        """#24230: "Unclosed client session" after every program."""
        async with AsyncFireworks(base_url=sim.base_url, api_key="fw_test") as client:
            await ask(client)
        # The fixture of all tests looks for sessions that are open, and warnings fail.
        assert client.statistics().in_flight == 0

    async def test_memory_grows_with_each_call(self):
        """#12685, #27954, #15128: what a call made is kept for ever."""
        async with (
            Simulator(tokens=2, keep_requests=1) as sim,
            AsyncFireworks(base_url=sim.base_url, api_key="fw_test") as client,
        ):

            async def calls(count: int) -> int:
                for _ in range(count):
                    await ask(client)
                gc.collect()
                return len(gc.get_objects())

            await calls(5)
            before = await calls(5)
            assert await calls(40) - before < 40

    async def test_the_loop_waits_for_somebody_else(self, play):
        """#20268: a synchronous ``next()`` inside ``__anext__``."""
        client, _ = await play([Send(stream_head() + stream_body(chunk("Hi"))), Hang()])
        stream = ask(client)
        await anext(stream)
        waiting = asyncio.ensure_future(anext(stream))
        # The loop turns while the stream waits.
        for _ in range(5):
            await asyncio.sleep(0)
        assert not waiting.done()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting


class TestAudio:
    async def test_temperature_is_refused(self, client, sim):
        """Measured on 1.90: not in its list of parameters."""
        call = client.audio.transcriptions.create(file=b"RIFF", temperature=0.5)
        assert (await sent(sim, call))["temperature"] == "0.5"


async def test_a_server_that_speaks_no_sse_is_an_empty_answer(client, sim):
    """Measured: a 200 with HTML, or with nothing, gives an empty answer."""
    for pieces in ((b"<html>busy</html>",), ()):
        sim.script(Raw(pieces=pieces, content_type="text/html"))
        with pytest.raises(StreamProtocolError):
            await ask(client)

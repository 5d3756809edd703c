"""Bugs of the OpenAI SDK and the official Fireworks SDK, each shown to be absent here.

The first line of each test says what goes wrong there: "both" are fireworks-ai 1.2.28 and
openai 3.54.0, a number is an issue or pull request of openai/openai-python.
"""

import asyncio
import copy
import gc
import pickle
import ssl
import warnings
from typing import Any

import pytest
from pydantic import BaseModel

from fireworks_async import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    AsyncFireworks,
    BadRequestError,
    InternalServerError,
    LengthFinishReasonError,
    NotFoundError,
    RateLimitError,
    StreamProtocolError,
    StreamTruncatedError,
    Timeout,
    TooEarlyError,
)
from fireworks_async._protocol.strict_schema import strict_schema
from fireworks_async.simulator import Reply
from tests.parity.corpus import HELLO, MODEL
from tests.support.raw_server import Fin, Hang, Pause, Reset, Send
from tests.support.wire import (
    DONE,
    USAGE,
    answer,
    chunk,
    json_response,
    sse,
    stream_body,
    stream_head,
    stream_response,
)

LAST = chunk(finish_reason="stop")


def ask(client: AsyncFireworks, **fields: Any) -> Any:
    return client.chat.completions.create(
        **{"model": MODEL, "messages": HELLO, **fields}
    )


def played(*items: Any) -> list[Any]:
    return [Send(stream_response(*items))]


def calls(*deltas: dict[str, Any]) -> list[Any]:
    chunks = [chunk(delta={"tool_calls": [delta]}) for delta in deltas]
    return played(*chunks, chunk(finish_reason="tool_calls"), DONE)


def piece(arguments: str, **more: Any) -> dict[str, Any]:
    named = {"name": more.pop("name")} if "name" in more else {}
    return {"function": {**named, "arguments": arguments}, **more}


class TestWhatComesInAStream:
    """Section 5.1 of the notes: the matrix of what servers send."""

    @pytest.mark.parametrize(
        ("item", "kind"),
        [
            ({"error": {"message": "no", "code": 503}}, InternalServerError),
            ({"error": {"message": "no", "type": "rate_limit_error"}}, RateLimitError),
            ({"error": "no"}, APIError),
            (b'event: error\ndata: {"message": "no"}\n\n', APIError),
            (b"event: error\ndata: no\n\n", APIError),
        ],
    )
    async def test_an_error_goes_by_unnoticed(self, play, item, kind):
        """fireworks-ai: an unusable chunk and a clean end; openai: some of them."""
        client, _ = await play(played(chunk("Hi"), item, DONE))
        with pytest.raises(kind, match="no") as caught:
            await ask(client)
        assert caught.value.partial.choices[0].message.content == "Hi"

    @pytest.mark.parametrize("rest", [(), (DONE,), (sse(chunk("Ho"))[:-20],)])
    async def test_an_answer_that_is_cut_is_a_whole_one(self, play, rest):
        """Both: a clean end (#2065, #2356); pydantic/pydantic-ai#6610."""
        client, _ = await play(played(chunk("Hi"), *rest))
        with pytest.raises(StreamTruncatedError) as caught:
            await ask(client)
        assert caught.value.partial.choices[0].message.content == "Hi"

    @pytest.mark.parametrize(
        "event", [b"retry: 5\n\n", b": alive\n\n", b"id: 5\n\n", b"\xef\xbb\xbf"]
    )
    async def test_what_the_standard_allows_is_stumbled_over(self, play, event):
        """Both: JSONDecodeError (#2722, #3833), and a BOM swallows an event."""
        client, _ = await play(played(event, *answer("Hi", "Ho")))
        assert (await ask(client)).choices[0].message.content == "HiHo"

    @pytest.mark.parametrize("data", [b"data: {oops\n\n", b"data: []\n\n"])
    async def test_what_is_no_json_raises_what_the_parser_raises(self, play, data):
        """Both: a bare JSONDecodeError, outside of their own family of errors."""
        client, _ = await play(played(data, DONE))
        with pytest.raises(StreamProtocolError):
            await ask(client)

    async def test_a_broken_character_raises_what_the_codec_raises(self, play):
        """Both: a bare UnicodeDecodeError, and the answer is lost."""
        broken = sse(chunk("H?i")).replace(b"?", b"\xff")
        client, _ = await play(played(broken, LAST, DONE))
        assert (await ask(client)).choices[0].message.content == "H\ufffdi"

    @pytest.mark.parametrize(
        "body",
        [
            json_response(200, b"<html>busy</html>", {"content-type": "text/html"}),
            json_response(200, b"", {"content-type": "text/event-stream"}),
        ],
    )
    async def test_html_or_nothing_is_an_empty_answer(self, play, body):
        """Both: no chunk and a clean end; fireworks-ai gives a str, not streamed."""
        client, _ = await play([Send(body)])
        with pytest.raises(StreamProtocolError):
            await ask(client)

    @pytest.mark.parametrize("end", [Fin(), Reset()])
    async def test_a_lost_connection_raises_what_the_transport_raises(self, play, end):
        """fireworks-ai: a bare httpx.ReadError."""
        client, _ = await play([Send(stream_head() + stream_body(chunk("Hi"))), end])
        with pytest.raises(APIError) as caught:
            await ask(client)
        assert caught.value.partial.choices[0].message.content == "Hi"

    async def test_silence_raises_what_the_transport_raises(self, play):
        """fireworks-ai: a bare httpx.ReadTimeout."""
        client, _ = await play([Send(stream_head() + stream_body(chunk("Hi"))), Hang()])
        with pytest.raises(APITimeoutError) as caught:
            await ask(client, timeout=0.05)
        assert caught.value.phase == "receive"
        assert caught.value.partial.choices[0].message.content == "Hi"

    async def test_a_stream_is_asked_for_as_json(self, play):
        """Both send ``Accept: application/json``."""
        client, server = await play(played(*answer("Hi")))
        await ask(client)
        assert server.log[0].headers["accept"] == "text/event-stream"

    async def test_a_chunk_without_choices_breaks_the_loop(self, play):
        """``chunk.choices[0]`` is the classic crash; langchain-ai/langchain#36977."""
        bare = {k: v for k, v in chunk(usage=USAGE).items() if k != "choices"}
        client, _ = await play(played(chunk("Hi"), LAST, bare, DONE))
        texts = [chunk.content async for chunk in ask(client)]
        assert texts == ["Hi", "", ""]


class TestConnections:
    async def test_each_stream_costs_a_connection(self, play):
        """fireworks-ai: 10 streams, 10 connections; #95, #3440, #3580."""
        late = [
            Send(stream_head() + stream_body(chunk("Hi"), LAST, DONE)),
            Pause(0.001),
            Send(b"0\r\n\r\n"),
        ]
        client, server = await play(*[late] * 5)
        for _ in range(5):
            await ask(client)
        assert server.connections == 1

    async def test_a_stream_that_is_left_stays_open(self, play):
        """Both: after ``break`` until close(), or a pass of the collector."""
        client, server = await play(
            [Send(stream_head() + stream_body(chunk("Hi"))), Hang()]
        )
        gc.disable()
        try:
            async for _ in ask(client):
                break
            await server.emptied()
        finally:
            gc.enable()

    async def test_streams_have_no_aclose(self, play):
        """fireworks-ai; #2853. And closing twice has to be nothing more."""
        client, server = await play(
            [Send(stream_head() + stream_body(chunk("Hi"))), Hang()]
        )
        stream = ask(client)
        await anext(stream)
        await stream.aclose()
        await stream.aclose()
        await server.emptied()

    async def test_a_base_with_v1_becomes_v1_v1(self, play):
        """fireworks-ai appends ``/v1`` to whatever it is given."""
        client, server = await play(played(*answer("Hi")))
        await ask(client)
        assert server.log[0].path == "/v1/chat/completions"

    def test_each_client_builds_a_tls_context(self, monkeypatch):
        """Both: 30 ms each; crewAIInc/crewAI#6763, ogx-ai/ogx#4221."""

        def refuse(*args: Any, **kwargs: Any) -> None:
            raise AssertionError("a context was made")

        monkeypatch.setattr(ssl, "create_default_context", refuse)
        AsyncFireworks(api_key="fw_test")

    async def test_options_of_one_call_need_a_new_client(self, client):
        """#865: with_options at each request, and memory grows."""
        view = client.with_options(timeout=5, max_retries=0)
        assert view.statistics() == client.statistics()
        await ask(view)
        assert view.statistics().connections == client.statistics().connections == 1

    async def test_waiting_for_a_connection_looks_like_connecting(self, play):
        """pixeltable/pixeltable#1062, #769: mysterious timeouts under load."""
        client, server = await play([Hang()], max_concurrency=1)
        busy = asyncio.ensure_future(_first(client))
        await server.request()
        with pytest.raises(APITimeoutError) as caught:
            await ask(client, timeout=Timeout(pool=0.01))
        assert caught.value.phase == "pool"
        busy.cancel()
        with pytest.raises(asyncio.CancelledError):
            await busy

    async def test_a_client_that_is_dropped_closes_on_the_wrong_loop(self):
        """#2388, NousResearch/hermes-agent#3398: aclose() from ``__del__``."""
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            client = AsyncFireworks(api_key="fw_test")
            del client
            gc.collect()


async def _first(client: AsyncFireworks) -> Any:
    return await ask(client)


class TestCollecting:
    """Section 5: what servers do that its accumulator does not expect."""

    @pytest.mark.parametrize(
        "script",
        [
            pytest.param(
                calls(
                    piece('{"a', index=0, id="call_1", name="f"),
                    piece('":1}', index=0, id="call_1", name="f"),
                ),
                id="id and name repeated",
            ),
            pytest.param(
                calls(
                    piece('{"a', id="call_1", name="f"),
                    piece('":1}'),
                ),
                id="no index (#2806, #3246)",
            ),
            pytest.param(
                calls(
                    piece('{"a', index=1, id="call_1", name="f"),
                    piece('":1}', index=1),
                ),
                id="an index that begins at 1",
            ),
        ],
    )
    async def test_tool_calls_are_put_together_wrong(self, play, script):
        """openai: "call_1call_1", TypeError, IndexError."""
        client, _ = await play(script)
        [call] = (await ask(client)).choices[0].message.tool_calls
        assert (call.id, call.function.name) == ("call_1", "f")
        assert call.function.arguments == '{"a":1}'

    async def test_two_calls_of_one_index_become_one(self, play):
        """#3201, #3245: Kimi K2.6 numbers them all 0."""
        client, _ = await play(
            calls(
                piece("{}", index=0, id="call_1", name="f"),
                piece("{}", index=0, id="call_2", name="g"),
            )
        )
        made = (await ask(client)).choices[0].message.tool_calls
        assert [call.function.name for call in made] == ["f", "g"]

    async def test_a_role_that_is_repeated_is_doubled(self, play):
        """openai: "assistantassistant"."""
        delta = {"role": "assistant", "content": "Hi"}
        client, _ = await play(played(chunk(delta=delta), chunk(delta=delta), LAST))
        message = (await ask(client)).choices[0].message
        assert (message.role, message.content) == ("assistant", "HiHi")

    async def test_choices_that_come_in_another_order(self, play):
        """openai: IndexError when choice 1 comes before choice 0."""
        chunks = [chunk("b", index=1, finish_reason="stop"), chunk("a"), LAST]
        client, _ = await play(played(*chunks, DONE))
        choices = (await ask(client)).choices
        assert [choice.message.content for choice in choices] == ["a", "b"]

    async def test_a_delta_that_is_null(self, play):
        """openai: AttributeError."""
        null = chunk("x")
        null["choices"][0]["delta"] = None
        client, _ = await play(played(chunk("Hi"), null, LAST, DONE))
        assert (await ask(client)).choices[0].message.content == "Hi"

    async def test_usage_is_overwritten_with_nothing(self, play):
        """openai: a later chunk without usage makes it None."""
        client, _ = await play(played(chunk("Hi", usage=USAGE), chunk("Ho"), LAST))
        assert (await ask(client)).usage.total_tokens == 12

    async def test_an_answer_that_was_cut_short_is_an_error_without_a_type(self, play):
        """openai: LengthFinishReasonError where no schema was asked for (#3589)."""
        client, _ = await play(played(chunk("Hi", finish_reason="length"), DONE))
        async with client.chat.completions.stream(
            model=MODEL, messages=HELLO
        ) as stream:
            completion = await stream.collect()
        assert completion.choices[0].finish_reason == "length"

    async def test_what_came_of_an_answer_that_was_cut_short_is_lost(self, client, sim):
        """#2406: the error shows nothing of it; UKGovernmentBEIS/inspect_ai#4552."""
        sim.script(Reply(text='{"a": "', finish_reason="length"))
        with pytest.raises(LengthFinishReasonError) as caught:
            await client.chat.completions.parse(
                model=MODEL, messages=HELLO, response_format={"type": "object"}
            )
        assert caught.value.partial.choices[0].message.content == '{"a": "'
        assert caught.value.usage.completion_tokens

    async def test_reasoning_is_hidden(self, client, sim):
        """microsoft/agent-framework#5327: typed SDKs have no field and no event."""
        sim.script(Reply(text="Hi", reasoning="Greet."))
        async with client.chat.completions.stream(
            model=MODEL, messages=HELLO
        ) as stream:
            kinds = {event.type async for event in stream}
        assert {"reasoning.delta", "reasoning.done", "content.delta"} <= kinds
        assert stream.snapshot.choices[0].message.reasoning_content == "Greet."


class TestErrors:
    async def test_errors_have_no_request_id_and_no_code(self, play):
        """fireworks-ai: neither, nor ``param`` nor ``type``."""
        error = {"message": "no", "code": "C", "param": "p", "type": "t"}
        headers = {"x-request-id": "req-1"}
        client, _ = await play([Send(json_response(404, {"error": error}, headers))])
        with pytest.raises(NotFoundError) as caught:
            await ask(client)
        failure = caught.value
        assert (failure.code, failure.param, failure.type) == ("C", "p", "t")
        assert failure.request_id == "req-1"
        assert pickle.loads(pickle.dumps(failure)) == failure

    async def test_the_field_that_was_refused_is_only_in_the_text(self, client, sim):
        """FlowiseAI/Flowise#2866, anomalyco/opencode#24696: it has to be searched."""
        tool = {"type": "function", "function": {"name": "f"}, "eager": True}
        with pytest.raises(BadRequestError) as caught:
            await ask(client, tools=[tool])
        assert caught.value.fields == ("tools[0].eager",)

    async def test_a_long_wait_is_not_waited_for(self, play):
        """fireworks-ai: with ``Retry-After: 100``, three tries within 1.3 s."""
        client, server = await play(
            [Send(json_response(429, {}, {"retry-after": "100"}))], max_retries=2
        )
        with pytest.raises(RateLimitError) as caught:
            await ask(client)
        assert caught.value.retry_after == 100
        assert len(server.log) == 1

    async def test_a_deployment_that_rolls_over_is_not_asked_again(
        self, play, monkeypatch
    ):
        """fireworks-ai: 425 is final."""
        monkeypatch.setattr("random.random", lambda: 0.0)
        refused = [Send(json_response(425, {}))]
        client, _ = await play(refused, played(*answer("Hi")), max_retries=1)
        await ask(client)
        client, _ = await play(refused)
        with pytest.raises(TooEarlyError):
            await ask(client)

    async def test_each_retry_gets_the_whole_timeout_again(self, play, monkeypatch):
        """#3828: 30 s become 91 s; there is no limit of all attempts."""
        monkeypatch.setattr("random.random", lambda: 0.0)
        refused = [Send(json_response(503, {}))]
        client, server = await play(*[refused] * 3, [Hang()], max_retries=9)
        with pytest.raises(APITimeoutError) as caught:
            await ask(client, timeout=Timeout(total=0.1))
        assert caught.value.phase == "total"
        assert len(server.log) == 4

    async def test_a_silent_server_is_asked_again_and_paid_twice(self, play):
        """#3828: a read timeout is retried, and the answer generated twice."""
        client, server = await play([Hang()], max_retries=2)
        with pytest.raises(APITimeoutError):
            await ask(client, timeout=0.05)
        assert len(server.log) == 1

    async def test_an_answer_with_holes_fails_later(self, play):
        """fireworks-ai: built without validation, and an AttributeError at its use."""
        client, _ = await play([Send(json_response(200, {"id": "x"}))])
        with pytest.raises(APIError):
            await ask(client)


class Inner(BaseModel):
    a: int = 0


class TestSchemas:
    def test_the_callers_schema_is_changed(self):
        """openai: the strict transformation works on its input."""
        schema = {"type": "object", "properties": {"x": Inner.model_json_schema()}}
        before = copy.deepcopy(schema)
        strict_schema(schema)
        assert schema == before

    def test_an_optional_property_becomes_required_without_null(self):
        """openai: the model has to make something up."""
        strict = strict_schema(Inner.model_json_schema())
        assert strict["required"] == ["a"]
        assert {"type": "null"} in strict["properties"]["a"]["anyOf"]


class TestSurface:
    """What the official SDK does not have at all."""

    async def test_embeddings_rerank_and_audio_are_missing(self, client):
        """fireworks-ai: chat, completions and messages only."""
        assert (await client.embeddings.create(model="m", input="a")).data
        ranked = await client.rerank.create(model="m", query="q", documents=["d"])
        assert ranked.data
        assert (await client.audio.transcriptions.create(file=b"RIFF")).text

    async def test_stream_and_parse_are_missing(self, client, sim):
        """fireworks-ai: no helpers."""
        call = client.chat.completions.stream(model=MODEL, messages=HELLO)
        assert "finish" in [event.type async for event in call]
        parsed = await client.chat.completions.parse(
            model=MODEL, messages=HELLO, response_format=Inner
        )
        assert isinstance(parsed.choices[0].message.parsed, Inner)

    async def test_stream_options_are_missing(self, client, sim):
        """fireworks-ai: not in its signature, so that some models report no usage."""
        assert (await ask(client)).usage
        assert sim.requests[0].body["stream_options"] == {"include_usage": True}

    async def test_tool_calls_of_chunks_have_no_index(self, play):
        """fireworks-ai: the type does not declare it."""
        client, _ = await play(calls(piece("{}", index=3, id="call_1", name="f")))
        [first, *_] = [chunk async for chunk in ask(client)]
        assert first.choices[0].delta.tool_calls[0].index == 3

    async def test_a_connection_error_is_of_the_family(self):
        """One root catches all that the library raises."""
        async with AsyncFireworks(
            base_url="http://127.0.0.1:9", api_key="fw_test", max_retries=0
        ) as client:
            with pytest.raises(APIConnectionError):
                await ask(client)

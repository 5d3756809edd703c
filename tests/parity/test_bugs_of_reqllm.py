"""Faults of ReqLLM's Fireworks provider, each shown to be absent here.

The first line of each test says what goes wrong there; ReqLLM is Elixir and was read, not
run.
"""

import asyncio
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from fireworks_async import (
    AsyncFireworks,
    RateLimitError,
    SchemaMismatchError,
    StreamProtocolError,
    StreamTruncatedError,
    Timeout,
    Usage,
)
from fireworks_async._protocol.strict_schema import strict_schema, without_fillers
from fireworks_async.simulator import Rejection, Reply
from tests.parity.corpus import HELLO, MODEL, PNG, WEATHER
from tests.support.raw_server import Hang, Send
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


def ask(client: AsyncFireworks, **fields: Any) -> Any:
    return client.chat.completions.create(
        **{"model": MODEL, "messages": HELLO, **fields}
    )


async def sent(sim: Any, call: Any) -> Any:
    await call
    return sim.requests[-1].body


class TestOptions:
    @pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
    async def test_long_answers_are_cut_to_4096_tokens(self, client, sim, name):
        """With a line in the log, and the other name of the field is forgotten."""
        body = await sent(sim, ask(client, **{name: 100_000}))
        assert body[name] == 100_000

    async def test_a_limit_is_filled_in_that_nobody_set(self, client, sim):
        """From the model's record: the whole context, or 4096 for objects."""
        body = await sent(sim, ask(client))
        assert not {"max_tokens", "max_completion_tokens", "n"} & body.keys()

    @pytest.mark.parametrize(
        "fields",
        [
            {"top_k": 0},
            {"seed": 0},
            {"frequency_penalty": 0},
            {"presence_penalty": 1},
            {"temperature": 0},
            {"parallel_tool_calls": False},
        ],
    )
    async def test_values_that_the_api_takes_are_refused(self, client, sim, fields):
        """``top_k`` and ``seed`` of 0, whole numbers for penalties."""
        body = await sent(sim, ask(client, **fields))
        assert body.items() >= fields.items()

    async def test_effort_words_have_to_be_nested(self, client, sim):
        """``max`` only by way of ``provider_options``."""
        body = await sent(sim, ask(client, reasoning_effort="max"))
        assert body["reasoning_effort"] == "max"

    async def test_a_table_of_models_denies_what_they_can(self, client, sim):
        """LLMDB says of every model that it knows no JSON; eleven of 13 are gone."""
        facts = client.models.register(MODEL.removeprefix("fireworks_ai/"))
        client.models.register(facts.id, json_schema=False, tools=False)
        try:
            schema = {"type": "json_object"}
            body = await sent(sim, ask(client, response_format=schema, tools=[WEATHER]))
        finally:
            client.models.register(
                facts.id, json_schema=facts.json_schema, tools=facts.tools
            )
        assert body["response_format"] == schema
        assert body["tools"] == [WEATHER]

    async def test_a_tool_choice_in_its_own_words(self, client, sim):
        """The one rewriting that it promises, and two that it does not know."""
        named = {"type": "function", "function": {"name": "weather"}}
        for choice in (
            {"type": "tool", "name": "weather"},
            {"type": "function", "name": "weather"},
            "weather",
        ):
            body = await sent(sim, ask(client, tools=[WEATHER], tool_choice=choice))
            assert body["tool_choice"] == named


class TestMessages:
    async def test_reasoning_is_stripped_from_the_history(self, client, sim):
        """So that preserved thinking is lost; the API wants it back."""
        turn = {"role": "assistant", "content": "Hi.", "reasoning_content": "Greet."}
        body = await sent(sim, ask(client, messages=[*HELLO, turn, *HELLO]))
        assert body["messages"][1] == turn

    async def test_metadata_of_messages_is_refused(self, client, sim):
        """That it strips; and so do we, and the request's own goes through."""
        message = {**HELLO[0], "metadata": {"id": 1}}
        fields = {"messages": [message], "metadata": {"trace": "t-1"}}
        body = await sent(sim, ask(client, **fields))
        assert body["messages"] == HELLO
        assert body["metadata"] == {"trace": "t-1"}

    async def test_images_get_a_key_that_the_api_does_not_know(self, client, sim):
        """``media_type`` beside the URL."""
        image = {"url": PNG, "media_type": "image/png"}
        part = {"type": "image_url", "image_url": image}
        body = await sent(
            sim, ask(client, messages=[{"role": "user", "content": [part]}])
        )
        assert body["messages"][0]["content"][0]["image_url"] == {"url": PNG}


OPEN_MAP = {"type": "object", "additionalProperties": {"type": "integer"}}
PART = {"type": "object", "properties": {"a": {"type": "integer"}}}
CLOSED_PART = {
    "type": "object",
    "properties": {"a": {"anyOf": [{"type": "integer"}, {"type": "null"}]}},
    "required": ["a"],
    "additionalProperties": False,
}


def root(schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"x": schema},
        "required": ["x"],
        "additionalProperties": False,
        **more,
    }


class TestStrictSchemas:
    """The transformation misses places, and changes what schemas mean."""

    @pytest.mark.parametrize(
        ("schema", "strict"),
        [
            (root({"type": "array", "items": PART}), "items"),
            (root({"anyOf": [PART, {"type": "null"}]}), "anyOf"),
            (root({"type": "array", "prefixItems": [PART]}), "prefixItems"),
            (root({"$ref": "#/$defs/P"}, **{"$defs": {"P": PART}}), "$defs"),
            (root({"$ref": "#/definitions/P"}, definitions={"P": PART}), "definitions"),
            (root({**PART, "type": ["object", "null"]}), "type lists"),
            ({"type": "array", "items": PART}, "a root that is no object"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_a_place_is_missed(self, schema, strict):
        """oneOf, $ref, definitions, prefixItems, type lists, roots of other types."""
        text = str(strict_schema(schema))
        assert str(CLOSED_PART["properties"]) in text
        assert text.count("'additionalProperties': False") == (
            str(schema).count("'additionalProperties': False") + 1
        )

    @pytest.mark.parametrize("word", ["oneOf", "allOf"])
    def test_what_cannot_be_closed_stays_true(self, word):
        """An object that several schemas describe is not closed by one of them."""
        other = {"type": "object", "properties": {"b": {"type": "string"}}}
        schema = root({word: [PART, {**other, "required": ["b"]}]})
        strict = Draft202012Validator(strict_schema(schema))
        plain = Draft202012Validator(schema)
        for value in ({"a": 1, "b": "x"}, {"b": "x"}, {"a": "x"}):
            assert strict.is_valid({"x": value}) is plain.is_valid({"x": value})

    def test_what_was_optional_is_required_and_may_not_be_null(self):
        """Which changes the meaning: the model has to make something up."""
        strict = strict_schema(PART)
        assert strict == CLOSED_PART
        assert without_fillers({"a": None}, strict) == {}

    def test_open_maps_are_closed(self):
        """``additionalProperties`` with a schema becomes false: nothing fits."""
        assert strict_schema(OPEN_MAP) == OPEN_MAP
        validator = Draft202012Validator(strict_schema(root(OPEN_MAP)))
        assert validator.is_valid({"x": {"any": 1, "name": 2}})


class TestAnswers:
    @pytest.mark.parametrize("text", ["no JSON", '{"name": 5}', '{"name": "a"'])
    async def test_an_object_that_cannot_be_read_is_nil(self, client, sim, text):
        """No error says so, and what came is gone."""
        sim.script(Reply(text=text))
        schema = {
            "type": "object",
            "properties": {"name": {"type": "string"}},
            "required": ["name"],
        }
        with pytest.raises(SchemaMismatchError) as caught:
            await client.chat.completions.parse(
                model=MODEL, messages=HELLO, response_format=schema
            )
        assert caught.value.partial.choices[0].message.content == text
        assert caught.value.usage

    async def test_calls_without_json_arguments_are_dropped(self, play):
        """The call is gone; here it is kept as the model wrote it."""
        call = {"index": 0, "id": "c", "function": {"name": "f", "arguments": "oops"}}
        client, _ = await play(
            [
                Send(
                    stream_response(
                        chunk(delta={"tool_calls": [call]}),
                        chunk(finish_reason="tool_calls"),
                        DONE,
                    )
                )
            ]
        )
        [made] = (await ask(client)).choices[0].message.tool_calls
        assert made.function.arguments == "oops"

    @pytest.mark.parametrize("reason", ["function_call", "brand_new"])
    async def test_a_finish_reason_that_it_does_not_know_is_an_error(
        self, play, reason
    ):
        """Even ``function_call``, which is documented."""
        last = chunk("Hi", finish_reason=reason)
        client, _ = await play([Send(stream_response(last, DONE))])
        assert (await ask(client)).choices[0].finish_reason == reason

    async def test_only_the_first_choice_is_read(self, client):
        """Of ``n`` answers the others are lost."""
        completion = await ask(client, n=3)
        assert [choice.index for choice in completion.choices] == [0, 1, 2]
        assert all(choice.message.content for choice in completion.choices)

    async def test_all_tokens_are_taken_for_reasoning(self, play):
        """Where the server does not say, it says all of them."""
        first = chunk(delta={"reasoning_content": "Hm."})
        last = chunk("Hi", finish_reason="stop", usage=USAGE)
        client, _ = await play([Send(stream_response(first, last, DONE))])
        usage = (await ask(client)).usage
        assert usage.completion_tokens == 3
        assert usage.completion_tokens_details is None

    async def test_usage_that_was_not_reported_is_zero(self, play):
        """And cached tokens are 0 where nobody counted them."""
        last = chunk("Hi", finish_reason="stop")
        counted = chunk(choices=[], usage={"prompt_tokens": 9, "total_tokens": 9})
        client, _ = await play(
            [Send(stream_response(last, DONE))],
            [Send(stream_response(last, counted, DONE))],
        )
        assert (await ask(client)).usage is None
        assert (await ask(client)).usage == Usage(prompt_tokens=9, total_tokens=9)

    async def test_what_is_missing_in_a_price_list_costs_the_usual_price(self, play):
        """A missing cache rate falls back to the input rate."""
        name = "accounts/me/models/no-cache-rate"
        usage = USAGE | {"prompt_tokens_details": {"cached_tokens": 8}}
        whole = chunk("Hi", finish_reason="stop", usage=usage, model=name)
        client, _ = await play([Send(stream_response(whole, DONE))])
        client.models.register(name, prices={"input": 1, "output": 1})
        try:
            cost = (await ask(client)).cost()
        finally:
            client.models.register(name, prices=None)
        assert (cost.status, cost.usd) == ("unknown", None)


class TestStreams:
    async def test_a_delta_of_several_parts_loses_all_but_one(self, play):
        """Content, reasoning and tool calls of one delta: the first wins."""
        call = {"index": 0, "id": "c", "function": {"name": "f", "arguments": "{}"}}
        delta = {"content": "Hi", "reasoning_content": "Hm.", "tool_calls": [call]}
        client, _ = await play(
            [
                Send(
                    stream_response(
                        chunk(delta=delta), chunk(finish_reason="stop"), DONE
                    )
                )
            ]
        )
        message = (await ask(client)).choices[0].message
        assert (message.content, message.reasoning_content) == ("Hi", "Hm.")
        assert message.tool_calls[0].id == "c"

    async def test_usage_after_the_finish_is_missed(self, play):
        """The chunk with ``finish_reason`` ends the metadata."""
        client, _ = await play([Send(stream_response(*answer("Hi")))])
        async with ask(client) as stream:
            async for _ in stream:
                pass
        assert stream.usage.total_tokens == 12

    async def test_a_stream_that_just_ends_is_incomplete_and_no_error(self, play):
        """A third state that callers have to know of."""
        client, _ = await play([Send(stream_response(chunk("Hi")))])
        with pytest.raises(StreamTruncatedError):
            await ask(client)

    @pytest.mark.parametrize("data", ["5", "not JSON", "[]", '"text"'])
    async def test_what_is_no_chunk_is_logged_and_skipped(self, play, data):
        """Or, when it is a JSON scalar, ends the process."""
        client, _ = await play([Send(stream_response(chunk("Hi"), data, DONE))])
        with pytest.raises(StreamProtocolError):
            await ask(client)

    async def test_what_had_come_is_out_of_reach_after_closing(self, play):
        """Usage cannot be asked for once a stream is closed."""
        first = chunk("Hi", usage=USAGE)
        client, _ = await play([Send(stream_head() + stream_body(first)), Hang()])
        async with ask(client) as stream:
            await anext(stream)
        assert stream.usage.total_tokens == 12
        assert stream.snapshot.choices[0].message.content == "Hi"

    async def test_a_server_that_only_pings_is_waited_for(self, play):
        """Bytes are no progress; a limit of inactivity has to see through them."""

        pings = [Send(stream_head()), *[Send(b"7\r\n: ping\n\r\n")] * 3, Hang()]
        client, _ = await play(pings)
        with pytest.raises(TimeoutError):
            await ask(client, timeout=Timeout(receive=0.05))

    async def test_streams_that_are_left_leave_processes_behind(self, play):
        """Each stream has a process, and some outlived it (#492)."""
        client, server = await play(
            [Send(stream_head() + stream_body(chunk("Hi"))), Hang()]
        )
        async with ask(client) as stream:
            await anext(stream)
        await server.emptied()
        running = [task.get_coro().cr_code for task in asyncio.all_tasks()]
        assert not [code for code in running if "fireworks_async/" in code.co_filename]


class TestRetries:
    @pytest.fixture(autouse=True)
    def _at_once(self, monkeypatch):
        monkeypatch.setattr("random.random", lambda: 0.0)

    @pytest.mark.parametrize("status", [408, 409, 425, 500, 502, 503, 504])
    async def test_what_may_pass_is_not_tried_again(self, play, status):
        """A 5xx never is, though its error says that it could be."""
        client, server = await play(
            [Send(json_response(status, {}))],
            [Send(stream_response(*answer("Hi")))],
            max_retries=1,
        )
        await ask(client)
        assert len(server.log) == 2

    async def test_a_date_to_come_back_at_is_not_read(self, client, sim):
        """Only whole seconds are."""
        sim.script(Rejection.rate_limited("Fri, 31 Dec 2100 23:59:59 GMT"))
        with pytest.raises(RateLimitError) as caught:
            await ask(client, max_retries=1)
        assert caught.value.retry_after > 10_000_000

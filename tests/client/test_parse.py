"""Answers as values: from the keywords to the bytes, and back to the type."""

import json

import msgspec
import pytest

from fireworks_async import AsyncFireworks
from fireworks_async._client.chat import Chat
from fireworks_async._client.options import ChatCallParams, ParseParams
from fireworks_async._client.parse import ParsedStream
from fireworks_async.errors import (
    LengthFinishReasonError,
    SchemaMismatchError,
    StreamTruncatedError,
)
from fireworks_async.simulator import Reply, Simulator, ToolCall
from tests.support.calls import MESSAGES, failure
from tests.support.leaks import settle
from tests.support.scripted_transport import Answer, ok
from tests.support.wire import chunk, sse


class Point(msgspec.Struct):
    x: int
    y: int = 0


class Tree(msgspec.Struct):
    name: str
    left: "Tree | None" = None


SEARCH = {"type": "function", "function": {"name": "search"}}


@pytest.fixture
def service(service_of):
    return service_of(ok('{"x": ', '1, "y"', ": null}"))


@pytest.fixture
def parse(service):
    def parse(response_format=Point, **params):
        completions = Chat(service).completions
        arguments = {"model": "m", "messages": MESSAGES, **params}
        return completions.parse(response_format=response_format, **arguments)

    return parse


def body_of(service):
    return json.loads(service.transport.calls[-1].body)


async def test_awaiting_gives_the_value(parse, service):
    completion = await parse(temperature=0)
    assert completion.choices[0].message.parsed == Point(1)
    body = body_of(service)
    assert body["temperature"] == 0
    assert body["stream"] is True
    assert body["response_format"]["json_schema"]["strict"] is True


async def test_nothing_is_sent_before_it_is_used(parse, service):
    assert isinstance(parse(), ParsedStream)
    await settle()
    assert service.transport.calls == []


async def test_its_items_are_events_with_the_value_so_far(parse):
    async with parse() as stream:
        seen = [
            json.dumps(event.parsed_partial)
            async for event in stream
            if event.type == "content.delta"
        ]
        completion = await stream.collect()
    assert seen == ["{}", '{"x": 1}', '{"x": 1, "y": null}']
    assert completion.choices[0].message.parsed == Point(1)


async def test_the_events_have_it_too(parse):
    async with parse() as stream:
        last = [e async for e in stream.events() if e.type == "content.delta"][-1]
    assert last.parsed_partial == {"x": 1, "y": None}


async def test_without_strict_the_schema_goes_as_it_is(parse, service):
    call = parse(strict=False)
    error = await failure(call.collect(), SchemaMismatchError)
    assert error.partial.choices[0].message.content == '{"x": 1, "y": null}'
    assert error.usage.total_tokens == 12
    described = body_of(service)["response_format"]["json_schema"]
    assert described["strict"] is False
    assert described["schema"]["required"] == ["x"]


async def test_the_users_tools_go_along(parse, service):
    await parse(tools=[SEARCH], mode="tool")
    body = body_of(service)
    assert [tool["function"]["name"] for tool in body["tools"]] == ["search", "Point"]
    assert body["tool_choice"]["function"]["name"] == "Point"
    assert "response_format" not in body


async def test_an_answer_that_was_cut_says_so(service_of):
    events = [chunk('{"x": 1'), chunk(finish_reason="length"), "[DONE]"]
    service = service_of(Answer([sse(*events)]))
    call = Chat(service).completions.parse(
        model="m", messages=MESSAGES, response_format=Point
    )
    error = await failure(call.collect(), LengthFinishReasonError)
    assert error.partial.choices[0].message.content == '{"x": 1'


async def test_a_stream_that_breaks_is_no_answer(service_of):
    broken = [Answer([sse(chunk('{"x": 1}'))]) for _ in range(3)]
    call = Chat(service_of(*broken)).completions.parse(
        model="m", messages=MESSAGES, response_format=Point
    )
    await failure(call.collect(), StreamTruncatedError)


def test_what_is_wrong_is_said_before_anything_is_sent(parse, service):
    with pytest.raises(TypeError, match=r"parse\(\) got .*'temprature'; did you mean"):
        parse(temprature=1)
    with pytest.raises(TypeError, match=r"parse\(\) got .*'stream'"):
        parse(stream=True)
    with pytest.raises(TypeError, match="has no JSON Schema"):
        parse(complex)
    with pytest.raises(ValueError, match="mode: expected one of"):
        parse(mode="xml")
    assert service.transport.calls == []


def test_it_takes_what_every_chat_call_takes():
    others = ChatCallParams.__optional_keys__ - ParseParams.__optional_keys__
    assert others == {"response_format"}


class TestOnTheSimulator:
    """It validates the body as the API does, and answers schemas by what they say."""

    @pytest.fixture
    async def simulator(self):
        async with Simulator() as simulator:
            yield simulator

    @pytest.fixture
    async def client(self, simulator):
        async with AsyncFireworks(
            base_url=simulator.base_url, api_key="fw_test", max_retries=0
        ) as client:
            yield client

    @pytest.mark.parametrize("mode", ["auto", "json_schema", "json_object", "tool"])
    @pytest.mark.parametrize("kind", [Point, Tree, list[Point]])
    @pytest.mark.parametrize("strict", [True, False])
    async def test_every_mode_gives_a_value(self, client, kind, mode, strict):
        completion = await client.chat.completions.parse(
            model="deepseek-v3p1",
            messages=MESSAGES,
            response_format=kind,
            mode=mode,
            strict=strict,
        )
        value = completion.choices[0].message.parsed
        assert isinstance(value, list if kind not in (Point, Tree) else kind)

    async def test_a_grammar_gives_text(self, client, simulator):
        simulator.script(Reply(text="yes"))
        completion = await client.chat.completions.parse(
            model="deepseek-v3p1", messages=MESSAGES, response_format="root ::= 'yes'"
        )
        assert completion.choices[0].message.parsed == "yes"

    async def test_a_parsed_message_is_taken_back(self, client):
        history = list(MESSAGES)
        for _ in range(2):
            completion = await client.chat.completions.parse(
                model="deepseek-v3p1", messages=history, response_format=Point
            )
            history.append(completion.choices[0].message)
        assert history[-1].parsed == Point(1, 1)

    async def test_the_users_tool_may_be_called_instead(self, client, simulator):
        simulator.script(Reply(tool_calls=[ToolCall("search", "{}")]))
        completion = await client.chat.completions.parse(
            model="deepseek-v3p1",
            messages=MESSAGES,
            response_format=Point,
            tools=[SEARCH],
        )
        message = completion.choices[0].message
        assert message.parsed is None
        assert message.tool_calls[0].function.name == "search"

"""What type checkers make of answers as values; checked, never run."""

# pyright: reportUnnecessaryTypeIgnoreComment=true

from dataclasses import dataclass
from typing import Any, assert_type

from fireworks_async import AsyncFireworks, ParsedChatCompletion, tool_of
from fireworks_async.types import (
    ChatCompletion,
    ChatEvent,
    ContentDeltaEvent,
    FunctionTool,
    ParsedChoice,
    ParsedMessage,
    ToolRun,
)

MESSAGES = [{"role": "user", "content": "Hi"}]


@dataclass
class Point:
    x: int


async def weather(city: str) -> str:
    return city


async def parses(client: AsyncFireworks) -> None:
    parse = client.chat.completions.parse
    completion = await parse(model="m", messages=MESSAGES, response_format=Point)
    assert_type(completion, ParsedChatCompletion[Point])
    assert_type(completion.choices, list[ParsedChoice[Point]])
    assert_type(completion.choices[0].message, ParsedMessage[Point])
    assert_type(completion.choices[0].message.parsed, Point | None)
    as_any_other: ChatCompletion = completion
    assert_type(as_any_other.choices[0].message.content, str | None)

    raw = await parse(
        model="m", messages=MESSAGES, response_format={"type": "object"}, mode="tool"
    )
    assert_type(raw, ParsedChatCompletion[Any])
    text = await parse(model="m", messages=MESSAGES, response_format="root ::= [a]")
    assert_type(text, ParsedChatCompletion[str])

    async with parse(
        model="m", messages=MESSAGES, response_format=Point, temperature=0
    ) as stream:
        async for event in stream:
            assert_type(event, ChatEvent)
            if isinstance(event, ContentDeltaEvent):
                assert_type(event.parsed_partial, object)
        assert_type(await stream.collect(), ParsedChatCompletion[Point])

    parse(model="m", messages=MESSAGES, response_format=Point, mode="xml")  # type: ignore[call-overload]
    parse(model="m", messages=MESSAGES, response_format=Point, temprature=0)  # type: ignore[call-overload]


async def runs_tools(client: AsyncFireworks) -> None:
    tool = tool_of(weather, name="sky")
    assert_type(tool, FunctionTool)
    run = await client.chat.completions.run_tools(
        model="m",
        messages=MESSAGES,
        tools=[weather, tool, tool.definition],
        temperature=0,
        max_rounds=3,
    )
    assert_type(run, ToolRun)
    assert_type(run.completion, ChatCompletion)
    await client.chat.completions.create(
        model="m", messages=MESSAGES, tools=[tool.definition]
    )

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from fireworks_async import AsyncFireworks, FireworksError, tool_of
from fireworks_async.cli._conversation import Conversation
from fireworks_async.cli._exits import UsageError
from fireworks_async.errors import SchemaMismatchError
from fireworks_async.simulator import Reply, Simulator, ToolCall
from fireworks_async.types import ContentPart
from tests.support.calls import KEY

SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}


class Seen:
    """A form that keeps what it is told."""

    def __init__(self) -> None:
        self.done: list[tuple[str, str]] = []

    def add(self, chunks: Sequence[Any]) -> None:
        text = "".join(chunk.content for chunk in chunks)
        if text:
            self.done.append(("add", text))

    def step(self, text: str) -> None:
        self.done.append(("step", text))

    def end(self, stream: Any) -> None:
        self.done.append(("end", stream.finish_reason))

    def fail(self, error: FireworksError) -> None:
        raise AssertionError(error)

    @property
    def text(self) -> str:
        return "".join(text for kind, text in self.done if kind == "add")

    def __getitem__(self, kind: str) -> list[str]:
        return [text for what, text in self.done if what == kind]


@pytest.fixture
async def simulator():
    async with Simulator() as simulator:
        yield simulator


@pytest.fixture
async def show(simulator: Simulator):
    """Ask one prompt, and give what was shown."""
    async with AsyncFireworks(
        base_url=simulator.base_url, api_key=KEY, max_retries=0
    ) as client:

        async def show(**options: Any) -> Seen:
            options = {"params": {}, "extra_body": {}, **options}
            conversation = Conversation(model="deepseek-v3p1", **options)
            [showing] = await conversation.prepare(client, ["Why?"])
            assert simulator.requests == []
            seen = Seen()
            await showing(seen)
            return seen

        yield show


async def add(a: int, b: int = 1) -> int:
    return a + b


def now() -> dict[str, int]:
    return {"hour": 3}


def later() -> Any:
    return add(1)


def fail(how: str) -> None:
    raise LookupError(how)


async def wait() -> None:
    await asyncio.sleep(60)


TOOLS = [tool_of(function) for function in (add, now, later, fail, wait)]


async def test_the_prompt_goes_out_as_it_was_asked(
    show: Callable[..., Any], simulator: Simulator
):
    simulator.script(Reply(text="So."))
    seen = await show(
        system="Be brief.", params={"n": 1, "seed": 3}, extra_body={"user": "me"}
    )
    assert seen.text == "So."
    assert seen.done[-1] == ("end", "stop")
    body = simulator.requests[0].body
    assert body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Why?"},
    ]
    assert (body["seed"], body["user"]) == (3, "me")
    assert "tools" not in body


async def test_what_it_comes_with_stands_before_it(
    show: Callable[..., Any], simulator: Simulator
):
    async def parts() -> list[ContentPart]:
        return [{"type": "text", "text": "a"}]

    await show(parts=parts)
    assert simulator.requests[0].body["messages"] == [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "a"},
                {"type": "text", "text": "Why?"},
            ],
        }
    ]


class TestSchemas:
    async def test_the_answer_is_asked_for_and_shown_as_it_comes(
        self, show: Callable[..., Any], simulator: Simulator
    ):
        simulator.script(Reply(text=['{"a"', ": 1}"]))
        seen = await show(wanted=SCHEMA)
        assert seen.text == '{"a": 1}'
        assert seen["end"] == ["stop"]
        wanted = simulator.requests[0].body["response_format"]
        assert wanted["json_schema"]["schema"]["properties"].keys() == {"a"}
        assert wanted["json_schema"]["strict"] is True

    async def test_one_that_does_not_fit_is_shown_and_fails(
        self, show: Callable[..., Any], simulator: Simulator
    ):
        simulator.script(Reply(text='"x"'))
        with pytest.raises(SchemaMismatchError):
            await show(wanted=int)

    async def test_what_is_no_type_is_found_before_anything_is_sent(
        self, show: Callable[..., Any], simulator: Simulator
    ):
        with pytest.raises(TypeError):
            await show(wanted=object)
        assert simulator.requests == []


class TestTools:
    async def test_calls_are_run_and_shown(
        self, show: Callable[..., Any], simulator: Simulator
    ):
        calls = [ToolCall("add", '{"a":\n2}'), ToolCall("now"), ToolCall("later")]
        simulator.script(
            Reply(text="Let me.", tool_calls=calls), Reply(text="It is 3.")
        )
        seen = await show(tools=TOOLS, params={"seed": 1})
        assert seen.text == "Let me.It is 3."
        assert seen["end"] == ["tool_calls", "stop"]
        assert seen["step"][:3] == ['→ add({"a": 2})', "→ now({})", "→ later({})"]
        assert sorted(seen["step"][3:]) == [
            "← add: 3",
            "← later: 2",
            "← now: {'hour': 3}",
        ]
        first, second = [request.body for request in simulator.requests]
        assert len(first["tools"]) == 5
        assert (first["seed"], second["seed"]) == (1, 1)
        told = [m["content"] for m in second["messages"] if m["role"] == "tool"]
        assert told == ["3", '{"hour":3}', "2"]

    async def test_what_goes_wrong_in_one_is_shown_and_told_to_the_model(
        self, show: Callable[..., Any], simulator: Simulator
    ):
        simulator.script(Reply(tool_calls=[ToolCall("fail", '{"how": "so"}')]))
        simulator.script(Reply(text="Sorry."))
        seen = await show(tools=TOOLS)
        assert seen["step"] == ['→ fail({"how": "so"})', "← fail: LookupError: so"]
        told = simulator.requests[1].body["messages"][-1]["content"]
        assert told == "Error: LookupError: so"

    async def test_a_model_that_never_stops_calling_is_stopped(
        self, show: Callable[..., Any], simulator: Simulator
    ):
        simulator.always(Reply(tool_calls=[ToolCall("now")]))
        with pytest.raises(FireworksError, match="still calls tools after 10 rounds"):
            await show(tools=TOOLS)
        assert len(simulator.requests) == 10

    async def test_the_last_answer_has_to_fit_the_schema(
        self, show: Callable[..., Any], simulator: Simulator
    ):
        simulator.script(Reply(tool_calls=[ToolCall("now")]), Reply(text="3"))
        await show(tools=TOOLS, wanted=int)
        assert "response_format" in simulator.requests[0].body

    async def test_one_that_does_not_fit_fails(
        self, show: Callable[..., Any], simulator: Simulator
    ):
        simulator.script(Reply(text="three"))
        with pytest.raises(SchemaMismatchError):
            await show(tools=TOOLS, wanted=int)

    async def test_several_answers_and_bad_values_are_found_before_anything_is_sent(
        self, show: Callable[..., Any], simulator: Simulator
    ):
        with pytest.raises(UsageError, match="--n and --tools"):
            await show(tools=TOOLS, params={"n": 2})
        with pytest.raises(ValueError, match="thinking"):
            await show(
                tools=TOOLS,
                params={"reasoning_effort": "low"},
                extra_body={"thinking": {}},
            )
        assert simulator.requests == []

    async def test_cancelled_it_ends_its_calls(
        self, show: Callable[..., Any], simulator: Simulator
    ):
        simulator.script(Reply(tool_calls=[ToolCall("wait")]))
        showing = asyncio.create_task(show(tools=TOOLS))
        await simulator.until(lambda: simulator.requests and not simulator.in_flight)
        showing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await showing

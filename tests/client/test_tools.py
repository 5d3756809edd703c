"""Conversations in which the model calls functions."""

import asyncio
import json
import threading

import pytest

from fireworks_async import AsyncFireworks, tool_of
from fireworks_async._client.options import ChatCallParams, RunToolsParams
from fireworks_async._client.tools import Toolbox
from fireworks_async.errors import ServiceUnavailableError, StreamTruncatedError
from fireworks_async.simulator import Cut, Hold, Rejection, Reply, Simulator, ToolCall
from tests.support.calls import MESSAGES, failure


@pytest.fixture
async def simulator():
    async with Simulator() as simulator:
        yield simulator


@pytest.fixture
async def run(simulator):
    async with AsyncFireworks(
        base_url=simulator.base_url, api_key="fw_test", max_retries=0
    ) as client:

        def run(*tools, **params):
            arguments = {"model": "deepseek-v3p1", "messages": MESSAGES, **params}
            return client.chat.completions.run_tools(tools=tools, **arguments)

        yield run


def calls(*named, **more):
    return Reply(
        tool_calls=[ToolCall(name, json.dumps(given)) for name, given in named], **more
    )


def bodies(simulator):
    return [request.body for request in simulator.requests]


def answers(run):
    """What the model was told, by tool message."""
    return [
        message["content"]
        for message in run.messages
        if isinstance(message, dict) and message["role"] == "tool"
    ]


async def add(a: int, b: int = 1) -> int:
    """Add."""
    return a + b


def shout(text: str) -> str:
    """Say it louder."""
    return text.upper()


async def test_calls_are_run_until_there_are_none(run, simulator):
    simulator.script(calls(("add", {"a": 1, "b": 2})), calls(("shout", {"text": "a"})))
    simulator.script(Reply(text="Done."))
    result = await run(add, shout)
    assert result.completion.choices[0].message.content == "Done."
    assert answers(result) == ["3", "A"]
    assert [len(body["messages"]) for body in bodies(simulator)] == [1, 3, 5]
    assert len(result.completions) == 3
    assert result.completions[-1] is result.completion
    assert result.messages[-1] is result.completion.choices[0].message
    assert result.messages[:1] == MESSAGES
    assert len(MESSAGES) == 1
    assert all(
        [tool["function"]["name"] for tool in body["tools"]] == ["add", "shout"]
        for body in bodies(simulator)
    )


async def test_an_answer_without_calls_is_the_end(run, simulator):
    simulator.script(Reply(text="No need."))
    result = await run(add)
    assert len(result.completions) == 1
    assert answers(result) == []


async def test_the_calls_of_a_round_run_at_the_same_time(run, simulator):
    meeting = asyncio.Barrier(2)
    threads = threading.Barrier(2)

    async def meet() -> str:
        await meeting.wait()
        return "met"

    def meet_in_a_thread() -> str:
        threads.wait(timeout=5)
        return "met"

    simulator.script(
        calls(
            ("meet", {}),
            ("meet_in_a_thread", {}),
            ("meet_in_a_thread", {}),
            ("meet", {}),
        )
    )
    simulator.script(Reply(text="Done."))
    result = await run(meet, meet_in_a_thread)
    assert answers(result) == ["met"] * 4
    told = [
        m["tool_call_id"]
        for m in result.messages
        if isinstance(m, dict) and m["role"] == "tool"
    ]
    assert told == [call.id for call in result.messages[1].tool_calls]


async def test_whatever_goes_wrong_in_a_call_is_told_to_the_model(run, simulator):
    def fail() -> None:
        raise OSError("the disk is gone")

    simulator.script(
        calls(("add", {"a": "x"}), ("fail", {}), ("missing", {}), ("add", {"a": 1}))
    )
    simulator.script(Reply(text="Done."))
    wrong_type, failed, missing, right = answers(await run(add, fail))
    assert wrong_type.startswith("Error: the arguments of add do not fit: Expected")
    assert failed == "Error: OSError: the disk is gone"
    assert missing == "Error: there is no tool 'missing', only add, fail"
    assert right == "2"


async def test_arguments_that_were_cut_are_told_too(run, simulator):
    simulator.script(Reply(tool_calls=[ToolCall("add", '{"a": ')]))
    simulator.script(Reply(text="Done."))
    (told,) = answers(await run(add))
    assert "truncated" in told


async def test_rounds_have_an_end(run, simulator):
    simulator.script(*[calls(("add", {"a": 1}))] * 5)
    result = await run(add, max_rounds=3)
    assert len(result.completions) == 3
    assert len(answers(result)) == 2
    assert result.completion.choices[0].message.tool_calls


async def test_a_call_that_only_the_caller_can_answer_is_the_end(run, simulator):
    described = {"type": "function", "function": {"name": "ask_user"}}
    simulator.script(calls(("add", {"a": 1}), ("ask_user", {})))
    result = await run(add, described)
    assert answers(result) == []
    assert len(result.completion.choices[0].message.tool_calls) == 2
    assert bodies(simulator)[0]["tools"][1] == described


async def test_a_forced_choice_holds_for_the_first_round(run, simulator):
    result = await run(add, tool_choice="required", temperature=0)
    assert [body["tool_choice"] for body in bodies(simulator)] == ["required", "auto"]
    assert all(body["temperature"] == 0 for body in bodies(simulator))
    assert answers(result) == ["2"]
    await run(add, tool_choice="none")
    assert bodies(simulator)[-1]["tool_choice"] == "none"


async def test_a_plain_function_that_gives_an_awaitable_is_awaited(run, simulator):
    simulator.script(calls(("later", {"a": 4})))
    result = await run(tool_of(lambda a: add(a, b=0), name="later"))
    assert answers(result) == ["4"]


async def test_a_failed_call_of_the_api_is_raised(run, simulator):
    simulator.script(calls(("add", {"a": 1})), Rejection.overloaded())
    await failure(run(add), ServiceUnavailableError)


async def test_cancelling_ends_the_functions_too(run, simulator):
    started, ended = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    simulator.script(calls(("wait", {})))
    task = asyncio.create_task(run(wait))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


async def test_what_is_wrong_is_said_before_anything_is_sent(run, simulator):
    with pytest.raises(TypeError, match=r"run_tools\(\) got .*'temprature'; did you"):
        await run(add, temprature=1)
    with pytest.raises(ValueError, match="max_rounds: expected at least 1"):
        await run(add, max_rounds=0)
    with pytest.raises(ValueError, match="n: a conversation"):
        await run(add, n=2)
    for twice in ((add, add), (add, tool_of(add).definition)):
        with pytest.raises(ValueError, match=r"tools\[1\]: there are two of 'add'"):
            await run(*twice)
    with pytest.raises(TypeError, match=r"tools\[0\]: expected a function"):
        await run("add")
    assert simulator.requests == []


def test_it_takes_what_every_chat_call_takes():
    others = ChatCallParams.__optional_keys__ - RunToolsParams.__optional_keys__
    assert others == {"tools"}


def test_a_mapping_without_a_function_goes_as_typed():
    odd = {"type": "other"}
    assert Toolbox([odd, odd]).definitions == [odd, odd]


class TestWatching:
    async def test_each_answer_is_read_as_it_comes(self, run, simulator):
        simulator.script(calls(("add", {"a": 1}), text="Let me add."))
        simulator.script(Reply(text="It is 2."))
        seen = []

        async def watch(stream):
            seen.append([text async for text in stream.text()])

        result = await run(add, watch=watch)
        assert ["".join(texts) for texts in seen] == ["Let me add.", "It is 2."]
        assert result.completion.choices[0].message.content == "It is 2."
        assert result.completion.usage is not None
        assert answers(result) == ["2"]

    async def test_what_it_leaves_is_read_after_it(self, run, simulator):
        simulator.script(Reply(text="It is two and no more."))

        async def watch(stream):
            async for _ in stream:
                break

        result = await run(add, watch=watch)
        assert result.completion.choices[0].message.content == "It is two and no more."

    async def test_what_goes_wrong_in_it_ends_the_run(self, run, simulator):
        simulator.always(Reply(text="Yes."))

        async def watch(stream):
            raise LookupError

        with pytest.raises(LookupError):
            await run(add, watch=watch)
        await simulator.until(lambda: simulator.in_flight == 0)
        assert len(simulator.requests) == 1


class TestCallsWrittenAsText:
    CALL = '{"name": "add", "parameters": {"a": 1, "b": 2}}'

    async def test_they_are_run(self, run, simulator):
        simulator.script(Reply(text=self.CALL), Reply(text="It is 3."))
        result = await run(add)
        assert answers(result) == ["3"]
        assert result.completion.choices[0].message.content == "It is 3."
        said, told = bodies(simulator)[1]["messages"][1:]
        assert "content" not in said or said["content"] is None
        assert said["tool_calls"][0]["id"] == told["tool_call_id"]

    async def views(self, client, **params):
        """The same answer by every way of reading it."""
        create = client.chat.completions.create
        arguments = {"model": "deepseek-v3p1", "messages": MESSAGES, **params}
        yield await create(**arguments)
        async with create(**arguments) as stream:
            yield [chunk async for chunk in stream], stream
        async with create(**arguments) as stream:
            batches = [batch async for batch in stream.batches()]
            yield [chunk for batch in batches for chunk in batch], stream
        async with create(**arguments) as stream:
            events = [event async for event in stream.events()]
            done = [e for e in events if e.type.endswith("arguments.done")]
            assert [(e.name, e.id) for e in done] == [
                (c.function.name, c.id)
                for c in stream.snapshot.choices[0].message.tool_calls or ()
            ]
            texts = [e.delta for e in events if e.type == "content.delta"]
            assert "".join(texts) == (stream.snapshot.choices[0].message.content or "")
            yield None, stream
        async with create(**arguments) as stream:
            texts = [text async for text in stream.text()]
            assert "".join(texts) == (stream.snapshot.choices[0].message.content or "")
            yield None, stream

    @pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
    @pytest.mark.parametrize(
        ("text", "content", "count"),
        [
            (CALL, None, 1),
            (f"See:\n<tool_call>{CALL}</tool_call>", "See:\n", 1),
            (CALL.replace("add", "odd"), CALL.replace("add", "odd"), 0),
        ],
    )
    async def test_all_ways_of_reading_agree(
        self, text, content, count, stream, simulator
    ):
        simulator.always(Reply(text=list(text) if stream else text, stream=stream))
        async with AsyncFireworks(
            base_url=simulator.base_url, api_key="fw_test"
        ) as client:
            tools = [tool_of(add).definition]
            async for view in self.views(client, tools=tools):
                chunks, stream = view if isinstance(view, tuple) else (None, None)
                completion = stream.snapshot if stream else view
                [choice] = completion.choices
                assert choice.message.content == content
                assert len(choice.message.tool_calls or ()) == count
                assert choice.finish_reason == ("tool_calls" if count else "stop")
                if stream:
                    assert stream.finish_reason == choice.finish_reason
                if chunks:
                    assert "".join(c.content for c in chunks) == (content or "")

    @pytest.mark.parametrize(
        "params",
        [
            {},
            {"tools": [tool_of(add).definition], "tool_choice": "none"},
            {"tools": [tool_of(shout).definition]},
        ],
        ids=["no tools", "none to be called", "another tool"],
    )
    async def test_where_none_can_be_called_it_is_text(self, params, simulator):
        simulator.always(Reply(text=self.CALL))
        async with AsyncFireworks(
            base_url=simulator.base_url, api_key="fw_test"
        ) as client:
            completion = await client.chat.completions.create(
                model="deepseek-v3p1", messages=MESSAGES, **params
            )
        assert completion.choices[0].message.content == self.CALL
        assert completion.choices[0].finish_reason == "stop"

    async def test_one_that_is_cut_is_in_the_partial_answer(self, simulator):
        simulator.script((Reply(text=list(self.CALL)), Cut(20)))
        async with AsyncFireworks(
            base_url=simulator.base_url, api_key="fw_test", max_retries=0
        ) as client:
            call = client.chat.completions.create(
                model="deepseek-v3p1",
                messages=MESSAGES,
                tools=[tool_of(add).definition],
            )
            error = await failure(call.collect(), StreamTruncatedError)
        text = error.partial.choices[0].message.content
        assert text
        assert self.CALL.startswith(text)
        assert error.partial == call.snapshot

    async def test_it_counts_as_output_from_its_first_token_on(self, simulator):
        simulator.script((Reply(text=list(self.CALL)), Hold(3)))
        async with AsyncFireworks(
            base_url=simulator.base_url, api_key="fw_test"
        ) as client:
            call = client.chat.completions.create(
                model="deepseek-v3p1",
                messages=MESSAGES,
                tools=[tool_of(add).definition],
            )
            async with call as stream:
                async for chunk in stream:
                    assert chunk.content == ""
                    if stream.timings.first_delta_at is not None:
                        break
                assert stream.snapshot.choices[0].message.content

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest

from fireworks_async import AsyncFireworks
from fireworks_async.cli._asking import Question, Showing, ask, show
from fireworks_async.cli._exits import ExitCode, UsageError
from fireworks_async.cli._output import Output
from fireworks_async.simulator import (
    Cut,
    ErrorReply,
    Hold,
    RecordedRequest,
    Reply,
    Simulator,
)
from tests.support.calls import KEY


def question(
    *prompts: str, json: bool = False, raw: bool = False, **params: Any
) -> Question:
    async def prepare(
        client: AsyncFireworks, prompts: Sequence[str]
    ) -> Sequence[Showing]:
        return [
            partial(
                show,
                client.chat.completions.create(
                    model="deepseek-v3p1",
                    messages=[{"role": "user", "content": prompt}],
                    **params,
                ),
            )
            for prompt in prompts
        ]

    return Question(
        prompts=prompts, prepare=prepare, choices=params.get("n", 1), json=json, raw=raw
    )


def prompt_of(request: RecordedRequest) -> str:
    return request.body["messages"][-1]["content"]


async def ask_simulator(sim: Simulator, asked: Question) -> ExitCode:
    client = AsyncFireworks(base_url=sim.base_url, api_key=KEY, max_retries=0)
    return await ask(client, asked)


async def test_all_prompts_are_under_way_at_once_and_shown_in_order(
    capsys: pytest.CaptureFixture[str],
):
    go = asyncio.Event()
    async with Simulator() as sim:
        for name in ("one", "two", "three"):
            held = (Reply(text=f"answer {name}"), Hold(1, go))
            sim.always(held, when=lambda request, name=name: prompt_of(request) == name)
        asking = asyncio.create_task(
            ask_simulator(sim, question("one", "two", "three"))
        )
        await sim.until(lambda: sim.in_flight == 3)
        go.set()
        assert await asking is ExitCode.OK
    assert capsys.readouterr().out == (
        "==> one <==\nanswer one\n\n==> two <==\nanswer two\n\n"
        "==> three <==\nanswer three\n"
    )


async def test_one_that_fails_does_not_disturb_the_others(
    capsys: pytest.CaptureFixture[str],
):
    async with Simulator() as sim:
        sim.always(Reply(text="fine"))
        refusal = ErrorReply(400, {"error": {"message": "no such thing"}})
        sim.always(refusal, when=lambda request: prompt_of(request) == "two")
        assert (
            await ask_simulator(sim, question("one", "two", "three")) is ExitCode.FAILED
        )
    captured = capsys.readouterr()
    assert captured.out == ("==> one <==\nfine\n\n==> two <==\n\n==> three <==\nfine\n")
    first, second, third = captured.err.splitlines()
    assert first.startswith("prompt 1: ")
    assert second.startswith("error: prompt 2: 400: no such thing")
    assert third.startswith("prompt 3: ")


async def test_what_came_of_an_answer_that_was_cut_is_shown(
    capsys: pytest.CaptureFixture[str],
):
    async with Simulator() as sim:
        sim.script((Reply(text=["Half", " of"]), Cut(3)))
        assert await ask_simulator(sim, question("Why?")) is ExitCode.FAILED
    captured = capsys.readouterr()
    assert captured.out == "Half of\n"
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1


async def test_a_parameter_that_cannot_be_sent_is_found_before_anything_is():
    async with Simulator() as sim:
        asked = question("Why?", reasoning_effort="low", thinking={})
        with pytest.raises(UsageError, match="reasoning_effort"):
            await ask_simulator(sim, asked)
        assert sim.requests == []


@pytest.mark.parametrize("prompts", [1, 3])
async def test_when_nobody_reads_any_more_all_calls_end(
    prompts: int, monkeypatch: pytest.MonkeyPatch
):
    def closed(self: Output, text: str) -> None:
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr(Output, "answer", closed)
    async with Simulator() as sim:
        sim.always((Reply(text=["One", "two"]), Hold(2)))
        with pytest.raises(BrokenPipeError):
            await ask_simulator(sim, question(*["Why?"] * prompts))
        await sim.until(lambda: sim.in_flight == 0)
        assert len(sim.requests) == prompts
        assert all(request.left_at for request in sim.requests)


async def test_cancelled_it_ends_all_calls_and_the_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    shown = asyncio.Event()
    show = Output.answer

    def notice(self: Output, text: str) -> None:
        show(self, text)
        shown.set()

    monkeypatch.setattr(Output, "answer", notice)
    async with Simulator() as sim:
        sim.always((Reply(text=["One", "two"]), Hold(2)))
        asking = asyncio.create_task(ask_simulator(sim, question("a", "b")))
        await sim.until(lambda: sim.in_flight == 2)
        await shown.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await sim.until(lambda: sim.in_flight == 0)
        assert all(request.left_at for request in sim.requests)
    assert capsys.readouterr() == ("==> a <==\nOne\n", "")

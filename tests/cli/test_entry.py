"""The entry point as the shell has it; most tests have a process of their own."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from fireworks_async import AsyncFireworks
from fireworks_async.cli import main
from fireworks_async.simulator import Hold, Reply, Simulator
from tests.support.calls import KEY, MESSAGES

# Each process takes a second to start, and many times that beside others.
pytestmark = pytest.mark.timeout(60)

_SCRIPT = Path(sys.executable).with_name("fireworks-async")
_HELLO = ("chat", "--simulate", "Hello", "--max-tokens", "5")
_ROOM = "fireworks_async.cli._"


@asynccontextmanager
async def process(*words: str | Path, stdout: int = PIPE) -> AsyncIterator[Process]:
    """A program that is running; killed at the end, if it still is."""
    running = await asyncio.create_subprocess_exec(
        *words,
        stdin=DEVNULL,
        stdout=stdout,
        stderr=PIPE,
        env={**os.environ, "PYTHONWARNINGS": "error::ResourceWarning"},
    )
    try:
        yield running
    finally:
        if running.returncode is None:
            running.kill()
        await running.communicate()


@asynccontextmanager
async def chatting(sim: Simulator) -> AsyncIterator[Process]:
    """An answer that has begun and does not go on."""
    sim.script((Reply(text=["One", " two"]), Hold(2)))
    async with process(*_chat_words(sim)) as running:
        assert running.stdout is not None
        assert await running.stdout.readexactly(3) == b"One"
        yield running


async def end_of(running: Process) -> tuple[int | None, str, str]:
    out, err = await running.communicate()
    return running.returncode, (out or b"").decode(), err.decode()


def _chat_words(sim: Simulator) -> tuple[str | Path, ...]:
    options = ("--model", "m", "--api-key", KEY, "--base-url", sim.base_url)
    return (_SCRIPT, "chat", "Why?", *options)


async def test_help_loads_neither_aiohttp_nor_what_a_call_needs():
    program = """
import sys
from fireworks_async.cli import main
for words in (["--help"], ["chat", "--help"], ["simulate", "--help"]):
    assert main(words) == 0
heavy = {"aiohttp", "msgspec", "anyio", "uvloop"} & set(sys.modules)
sys.exit(f"loaded: {heavy}" if heavy else 0)
"""
    async with process(sys.executable, "-c", program) as running:
        code, out, err = await end_of(running)
    assert (code, err) == (0, "")
    assert "--temperature" in out


async def test_simulated_it_works_from_end_to_end():
    async with process(sys.executable, "-m", "fireworks_async", *_HELLO) as running:
        code, out, err = await end_of(running)
    assert code == 0, err
    assert out.strip()
    assert out.endswith("\n")
    assert err.count("\n") == 1
    assert "completion tokens" in err


@pytest.mark.slow
async def test_an_interrupt_ends_the_call_and_is_one_line():
    async with Simulator() as sim:
        async with chatting(sim) as running:
            running.send_signal(signal.SIGINT)
            assert await end_of(running) == (3, "\n", "stopped\n")
        await sim.until(lambda: sim.in_flight == 0)
        assert sim.requests[0].left_at is not None


@pytest.mark.slow
async def test_a_reader_that_leaves_ends_the_call_without_a_word():
    async with Simulator() as sim:
        hold = Hold(2)
        sim.script((Reply(text=["One", " two"]), hold))
        read, write = os.pipe()
        async with process(*_chat_words(sim), stdout=write) as running:
            os.close(write)
            assert await asyncio.to_thread(os.read, read, 100) == b"One"
            os.close(read)
            hold.released.set()
            assert await end_of(running) == (3, "", "")


@pytest.mark.slow
async def test_simulate_serves_until_it_is_interrupted():
    async with process(_SCRIPT, "simulate", "--port", "0") as running:
        assert running.stdout is not None
        line = (await running.stdout.readline()).decode().strip()
        async with AsyncFireworks(base_url=line, api_key=KEY) as client:
            await client.chat.completions.create(model="m", messages=MESSAGES)
        running.send_signal(signal.SIGINT)
        assert await end_of(running) == (0, "", "")


@pytest.mark.slow
async def test_streams_that_are_closed_are_no_failure():
    shell = 'exec "$0" "$@" <&- >&- 2>&-'
    async with process("bash", "-c", shell, _SCRIPT, *_HELLO) as running:
        assert await end_of(running) == (0, "", "")


def test_without_the_extra_one_line_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    for name in [name for name in sys.modules if name.startswith(_ROOM)]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "typer", None)
    assert main(["chat", "--help"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert "install fireworks-async[cli]" in captured.err


def test_an_interrupt_before_the_command_has_begun_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def interrupted(args: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("fireworks_async.cli._app.run", interrupted)
    assert main([]) == 3
    assert capsys.readouterr() == ("", "stopped\n")


def test_a_module_of_ours_that_is_missing_is_not_taken_for_the_extra(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setitem(sys.modules, f"{_ROOM}chat", None)
    with pytest.raises(ModuleNotFoundError, match="_chat"):
        main(["chat", "--help"])

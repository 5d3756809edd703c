"""The command line as a person has it: words, streams, an exit code."""

import io
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from fireworks_async.cli import main
from fireworks_async.simulator import Simulator
from tests.support.calls import KEY


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """What standard error holds, which has to be one line."""
        assert self.err.endswith("\n")
        assert self.err.count("\n") == 1, self.err
        return self.err[:-1]


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("FIREWORKS"):
            monkeypatch.delenv(name)


@pytest.fixture
def stdin(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    """Replace what is piped in."""

    def pipe(data: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    pipe(b"")
    return pipe


@pytest.fixture
def run(
    capsys: pytest.CaptureFixture[str], stdin: Callable[[bytes], None]
) -> Callable[..., Ran]:
    """Run one command in this process."""

    def run(*words: str) -> Ran:
        code = main(words)
        captured = capsys.readouterr()
        assert KEY not in captured.out + captured.err
        return Ran(code, captured.out, captured.err)

    return run


@pytest.fixture
def asked(
    run: Callable[..., Ran], fireworks_simulator: Simulator
) -> Callable[..., Ran]:
    """Run a command that asks a model against the running simulator."""

    def asked(command: str, *words: Any) -> Ran:
        url = fireworks_simulator.base_url
        model = () if "--model" in words else ("--model", "deepseek-v3p1")
        words = tuple(str(word) for word in words)
        return run(command, "--base-url", url, "--api-key", KEY, *model, *words)

    return asked


@pytest.fixture
def chat(asked: Callable[..., Ran]) -> Callable[..., Ran]:
    """Run ``chat`` against the running simulator."""
    return partial(asked, "chat")

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest

from fireworks_async.cli import _simulate
from fireworks_async.simulator import Limits, Simulator
from tests.cli.conftest import Ran

Run = Callable[..., Ran]


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """How simulators were made; each gets its signal as soon as it is announced."""
    made: list[dict[str, Any]] = []
    announce = _simulate._announce

    class Noted(Simulator):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            made.append(options)

    def announce_and_stop(simulator: Simulator) -> None:
        announce(simulator)
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr("fireworks_async.simulator.Simulator", Noted)
    monkeypatch.setattr(_simulate, "_announce", announce_and_stop)
    return made


def test_its_one_line_is_the_base_url(run: Run, served: list[dict[str, Any]]):
    ran = run("simulate", "--port", "0")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("http://127.0.0.1:")
    assert ran.out.endswith("/v1\n")
    assert ran.out.count("\n") == 1


def test_every_option_reaches_the_simulator(run: Run, served: list[dict[str, Any]]):
    ran = run(
        *("simulate", "--host", "localhost", "--port", "0", "--ttft", "0.5"),
        *("--gap", "0.25", "--tokens", "7", "--seed", "3", "--slots", "2"),
        *("--queue", "9", "--patience", "1.5", "--cold-start", "3", "--rpm", "60"),
        *("--no-prompt-cache", "--replicas", "2", "--context-length", "4096"),
    )
    assert ran.code == 0, ran.err
    assert served == [
        {
            "host": "localhost",
            "port": 0,
            "ttft": 0.5,
            "gap": 0.25,
            "tokens": 7,
            "seed": 3,
            "limits": Limits(requests=60),
            "slots": 2,
            "queue": 9,
            "patience": 1.5,
            "cold_start": 3,
            "prompt_cache": False,
            "replicas": 2,
            "context_length": 4096,
        }
    ]


@pytest.mark.parametrize(
    "words",
    [
        ["--port", "-1"],
        ["--port", "65536"],
        ["--ttft", "-1"],
        ["--gap", "-1"],
        ["--tokens", "-1"],
        ["--slots", "-1"],
        ["--replicas", "0"],
        ["--tolerance", "0.5"],
    ],
    ids=" ".join,
)
def test_what_cannot_be_is_a_usage_error(words: list[str], run: Run):
    ran = run("simulate", *words)
    assert ran.code == 2
    assert words[0] in ran.error


def test_a_port_that_is_taken_is_one_line(run: Run, fireworks_simulator: Simulator):
    port = fireworks_simulator.base_url.removesuffix("/v1").rpartition(":")[2]
    ran = run("simulate", "--port", port)
    assert (ran.code, ran.out) == (1, "")
    assert ran.error.startswith("error: ")
    assert "in use" in ran.error

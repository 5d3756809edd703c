import errno
import io
import re
import shlex
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from fireworks_async._version import __version__
from fireworks_async.cli import _app
from fireworks_async.simulator import Reply, Simulator
from tests.cli.conftest import Ran
from tests.support.calls import KEY

Run = Callable[..., Ran]


def test_without_words_the_commands_are_listed(run: Run):
    ran = run()
    assert ran.code == 2
    assert "chat" in ran.out
    assert "simulate" in ran.out
    assert ran.err == ""


@pytest.mark.parametrize("words", [["--help"], ["chat", "--help"]])
def test_asking_for_help_is_no_error(words: list[str], run: Run):
    ran = run(*words)
    assert (ran.code, ran.err) == (0, "")
    assert "Usage: fireworks-async" in ran.out


@pytest.mark.parametrize("name", _app._COMMANDS)
def test_help_has_an_example_that_the_command_understands(
    name: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "speech.wav").touch()
    monkeypatch.setenv("COLUMNS", "80")
    shown = re.findall("For example: (.*)", run(name, "--help").out)
    [(program, named, *words)] = map(shlex.split, shown)
    assert (program, named) == ("fireworks-async", name)
    commands: Any = typer.main.get_command(_app._app([name]))
    assert commands.commands[name].make_context(name, words).params


def test_help_shows_no_key(run: Run, monkeypatch: pytest.MonkeyPatch):
    for name in ("FIREWORKS_API_KEY", "FIREWORKS_AI_API_KEY"):
        monkeypatch.setenv(name, KEY)
    ran = run("chat", "--api-key", KEY, "--help")
    assert ran.code == 0
    assert "--api-key" in ran.out
    assert KEY not in ran.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["chatt"], "No such command 'chatt'."),
        (["--verbose"], "No such option: --verbose"),
        (["chat", "--timeout"], "fireworks-async chat --help"),
        (["simulate", "--port", "70000"], "fireworks-async simulate --help"),
    ],
)
def test_words_that_are_none_are_one_line(words: list[str], said: str, run: Run):
    ran = run(*words)
    assert (ran.code, ran.out) == (2, "")
    assert ran.error.startswith("error: ")
    assert said in ran.error


def test_a_warning_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch):
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        ran = run("chat", "x", "--api-key", KEY, "--base-url", "http://far.example/v1")
    assert ran.code == 2
    first, second = ran.err.splitlines()
    assert first.startswith("warning: http://far.example is another machine")
    assert second.startswith("error: no model")


@pytest.mark.parametrize("way", ["exit code 130", "abort"])
def test_an_interrupt_that_typer_sees_is_as_any_other(
    way: str, run: Run, monkeypatch: pytest.MonkeyPatch
):
    def interrupted() -> int:
        if way == "abort":
            raise typer.Abort
        raise typer.Exit(130)

    monkeypatch.setattr("fireworks_async.cli._chat.chat", interrupted)
    assert run("chat") == Ran(3, "", "stopped\n")


def test_characters_that_the_locale_lacks_are_no_failure(
    run: Run, fireworks_simulator: Simulator, monkeypatch: pytest.MonkeyPatch
):
    fireworks_simulator.script(Reply(text="漢 é"))
    file = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(file, encoding="latin-1"))
    words = ["chat", "x", "--model", "m", "--api-key", KEY]
    code = _app.run([*words, "--base-url", fireworks_simulator.base_url])
    assert code == 0
    assert file.getvalue() == b"? \xe9\n"


def test_the_version_is_told(run: Run):
    assert run("--version") == Ran(0, f"fireworks-async {__version__}\n", "")


@pytest.mark.parametrize("words", [["--help"], ["chat", "--help"], ["keys", "--help"]])
def test_a_flag_is_shown_as_one_that_takes_no_value(words: list[str], run: Run):
    ran = run(*words)
    assert "--help" in ran.out
    assert "bool" not in ran.out.lower()


def test_help_that_cannot_be_written_is_one_line(
    run: Run, monkeypatch: pytest.MonkeyPatch
):
    def full(_: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("sys.stdout.write", full)
    ran = run("--version")
    assert (ran.code, ran.error) == (1, "error: No space left on device")


@pytest.mark.parametrize(
    "words", [["chat", "hi", "-m", "m"], ["loadtest", "-m", "m"], ["proxy", "--check"]]
)
def test_a_missing_key_is_told_in_a_command_s_words(words: list[str], run: Run):
    ran = run(*words)
    assert (ran.code, ran.out) == (2, "")
    assert ran.error == (
        "error: no API key: set FIREWORKS_API_KEY. Without one, the same command works "
        "now with --simulate"
    )

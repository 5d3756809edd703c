import io
import sys

from fireworks_async.cli import _loadtest_screen
from fireworks_async.cli._loadtest_screen import Screen
from fireworks_async.loadtest import Progress

RUNNING = Progress(
    name="concurrency 2",
    elapsed=2.0,
    planned=10,
    started=5,
    completed=3,
    errors=1,
    in_flight=1,
    output_tokens=100,
    ttft=0.25,
)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_table_on_a_terminal(monkeypatch):
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with Screen() as screen:
        screen.show(Progress(name="x", phase="calibration"))
        screen.show(RUNNING)
        screen.note("a note")
    text = terminal.getvalue()
    for said in ("concurrency 2", "4/10", "250.0 ms", "50", "a note"):
        assert said in text


def test_lines_now_and_then_elsewhere(capsys, monkeypatch):
    with Screen() as screen:
        screen.show(Progress(name="x", phase="lengths"))
        screen.show(RUNNING)
        assert capsys.readouterr().err == "finding prompts of the asked length ...\n"
        monkeypatch.setattr(_loadtest_screen, "_EVERY", 0.0)
        screen.show(RUNNING)
    line = capsys.readouterr().err
    assert (
        "requests 4/10 · in flight 1 · errors 1 · tokens/s 50 · ttft 250.0 ms" in line
    )
    assert "tpot -" in line

import io
import sys

import pytest

from fireworks_async.cli._output import Output, RawOutput


class Stream(io.TextIOWrapper):
    """Keeps what is flushed, in order with what its siblings flush."""

    def __init__(self, name: str, screen: list[tuple[str, str]], *, tty: bool) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", newline="")
        self.told = name
        self.screen = screen
        self.tty = tty

    def isatty(self) -> bool:
        return self.tty

    def flush(self) -> None:
        super().flush()
        assert isinstance(self.buffer, io.BytesIO)
        data = self.buffer.getvalue()
        self.buffer.seek(0)
        self.buffer.truncate()
        if data:
            self.screen.append((self.told, data.decode()))


class Watched:
    """Where a command writes to, each stream a terminal or not."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, out: bool, err: bool) -> None:
        self.written: list[tuple[str, str]] = []
        self.monkeypatch = monkeypatch
        self.ttys = {"out": out, "err": err}
        monkeypatch.setenv("TERM", "xterm-256color")
        monkeypatch.delenv("NO_COLOR", raising=False)
        monkeypatch.delenv("FORCE_COLOR", raising=False)

    def output(self, *, raw: bool = False, is_alone: bool = True) -> Output:
        # In the test itself: pytest sets the streams anew when its setup is done.
        for name, tty in self.ttys.items():
            stream = Stream(name, self.written, tty=tty)
            self.monkeypatch.setattr(sys, f"std{name}", stream)
        return RawOutput(is_alone=is_alone) if raw else Output()

    def on(self, stream: str) -> str:
        return "".join(text for name, text in self.written if name == stream)

    @property
    def screen(self) -> str:
        return "".join(text for _, text in self.written)


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> Watched:
    return Watched(monkeypatch, out=False, err=False)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Watched:
    return Watched(monkeypatch, out=True, err=True)


@pytest.fixture
def redirected(monkeypatch: pytest.MonkeyPatch) -> Watched:
    return Watched(monkeypatch, out=False, err=True)


def test_each_part_of_an_answer_is_there_at_once(files: Watched):
    output = files.output()
    output.answer("Hel")
    assert files.written == [("out", "Hel")]
    output.answer("lo")
    assert files.written == [("out", "Hel"), ("out", "lo")]


def test_an_answer_ends_its_line_once(files: Watched):
    output = files.output()
    output.answer("one")
    output.end_answer()
    output.end_answer()
    output.answer("two\n")
    output.end_answer()
    assert files.on("out") == "one\ntwo\n"


def test_nothing_is_ended_where_nothing_was_said(files: Watched):
    output = files.output()
    output.answer("")
    output.end_answer()
    output.close()
    assert files.written == []


def test_a_file_has_no_colours_no_reasoning_and_every_byte(files: Watched):
    output = files.output()
    output.heading("One")
    output.aside("hm")
    output.answer("a\x1b[1m")
    output.close()
    assert files.on("out") == "==> One <==\na\x1b[1m\n"
    assert files.on("err") == ""


def test_reasoning_is_dimmed_and_set_apart_on_a_terminal(terminal: Watched):
    output = terminal.output()
    output.aside("Let me")
    output.aside(" see.")
    output.answer("Yes")
    output.answer(".")
    assert terminal.on("err") == "\x1b[2mLet me\x1b[0m\x1b[2m see.\x1b[0m\n\n"
    assert terminal.on("out") == "Yes."


def test_a_step_is_a_line_of_its_own_dimmed_on_a_terminal(terminal: Watched):
    output = terminal.output()
    output.aside("Hm.")
    output.step('f({"a":\n1})')
    output.answer("Yes")
    output.step("g({})\x1b[1m")
    assert terminal.screen == (
        '\x1b[2mHm.\x1b[0m\n\n\x1b[2mf({"a": 1})\x1b[0m\nYes\n\x1b[2mg({})␛[1m\x1b[0m\n'
    )


def test_a_step_is_a_plain_line_in_a_file_and_nothing_when_raw(files: Watched):
    output = files.output()
    output.answer("Yes")
    output.step("f({})")
    assert files.on("err") == "f({})\n"
    files.output(raw=True).step("f({})")
    assert files.on("err") == "f({})\n"


def test_reasoning_that_ends_its_line_is_followed_by_one_empty_line(terminal: Watched):
    output = terminal.output()
    output.aside("Hm.\n")
    output.answer("Yes")
    assert terminal.on("err").endswith("\x1b[0m\n")


def test_reasoning_in_the_middle_of_an_answer_begins_a_line(terminal: Watched):
    output = terminal.output()
    output.answer("Yes")
    output.aside("Hm")
    output.answer("No")
    assert terminal.screen == "Yes\n\x1b[2mHm\x1b[0m\n\nNo"
    assert terminal.on("out") == "YesNo"


def test_reasoning_is_shown_to_who_watches_while_the_answer_goes_to_a_file(
    redirected: Watched,
):
    output = redirected.output()
    output.answer("Yes")
    output.aside("Hm")
    output.answer("No")
    output.close()
    assert redirected.on("out") == "YesNo\n"
    assert redirected.on("err") == "\x1b[2mHm\x1b[0m\n\n"


def test_a_simple_terminal_gets_no_escape_sequences(
    terminal: Watched, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TERM", "dumb")
    output = terminal.output()
    output.aside("Hm")
    output.heading("One")
    assert terminal.screen == "Hm\n\n==> One <==\n"


def test_an_answer_cannot_control_a_terminal(terminal: Watched):
    output = terminal.output()
    output.aside("\x1b[2J")
    output.heading("\x1b]0;x\x07")
    output.answer("\x1b[8m")
    assert "\x1b[2J" not in terminal.screen
    assert "\x1b]" not in terminal.screen
    assert "\x1b[8m" not in terminal.screen
    assert "␛[8m" in terminal.on("out")


def test_headings_are_apart_from_the_answer_before(terminal: Watched):
    output = terminal.output()
    output.heading("One")
    output.answer("1")
    output.end_answer()
    output.heading("Two")
    assert terminal.on("out") == (
        "\x1b[1m==> One <==\x1b[0m\n1\n\x1b[1m\n==> Two <==\x1b[0m\n"
    )


def test_notes_and_complaints_are_lines_of_their_own(terminal: Watched):
    output = terminal.output()
    output.answer("a")
    output.note("so")
    output.aside("Hm")
    output.complaint("but")
    assert terminal.on("err") == "\nso\n\x1b[2mHm\x1b[0m\n\nerror: but\n"


def test_a_note_does_not_break_a_line_of_another_file(files: Watched):
    output = files.output()
    output.answer("a")
    output.note("so")
    assert files.on("err") == "so\n"
    assert files.on("out") == "a"


def test_closing_ends_what_is_in_the_middle(terminal: Watched):
    output = terminal.output()
    output.answer("half")
    output.close()
    output = terminal.output()
    output.aside("half")
    output.close()
    assert terminal.screen == "half\n\x1b[2mhalf\x1b[0m\n\n"


def test_lines_of_json_are_utf8_and_wait_for_the_flush(files: Watched):
    output = files.output()
    output.json_line('{"a":"é"}'.encode())
    output.json_line(b"{}")
    assert files.written == []
    output.flush()
    assert files.written == [("out", '{"a":"é"}\n{}\n')]


def test_raw_is_the_text_and_nothing_else(terminal: Watched):
    output = terminal.output(raw=True)
    output.heading("One")
    output.aside("Hm")
    output.answer("a\x1b[1m\r")
    output.note("so")
    output.end_answer()
    assert terminal.written == [("out", "a\x1b[1m\r")]


def test_raw_leaves_the_prompt_of_the_shell_a_line_of_its_own(terminal: Watched):
    output = terminal.output(raw=True)
    output.answer("a")
    output.close()
    assert terminal.on("out") == "a"
    assert terminal.on("err") == "\n"


def test_raw_adds_nothing_to_a_file(redirected: Watched):
    output = redirected.output(raw=True)
    output.answer("a")
    output.close()
    assert redirected.written == [("out", "a")]


def test_of_several_raw_answers_each_ends_its_line(files: Watched):
    output = files.output(raw=True, is_alone=False)
    for text in ("a", "b\n", "c"):
        output.answer(text)
        output.end_answer()
    assert files.on("out") == "a\nb\nc\n"


def test_raw_complains_all_the_same(files: Watched):
    files.output(raw=True).complaint("cut")
    assert files.written == [("err", "error: cut\n")]

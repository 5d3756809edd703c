import io
import sys

import pytest

from fireworks_async.cli._lines import (
    complain,
    counted,
    excerpt,
    one_line,
    say,
    shown_on,
)


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_what_could_control_a_terminal_is_made_visible_on_it():
    text = "a\x1b]0;title\x07b\x7f\x9b31mc"
    assert shown_on(Screen(), text) == "a␛]0;title␇b␡\N{REPLACEMENT CHARACTER}31mc"


def test_lines_tabs_and_letters_of_all_scripts_stay():
    text = "a\n\t— 漢字 🎆 é"
    assert shown_on(Screen(), text) == text


def test_a_carriage_return_overwrites_nothing_on_a_terminal():
    assert shown_on(Screen(), "one\r\ntwo\rthree") == "one\ntwothree"


def test_a_file_gets_what_came():
    text = "a\x1b[31m\r\nb\x00"
    assert shown_on(io.StringIO(), text) == text


def test_one_line_has_no_line_breaks_and_no_margin():
    assert one_line(" a\n\n b\tc\r\n") == "a b c"


@pytest.mark.parametrize("length", [59, 60])
def test_a_short_text_is_its_own_excerpt(length: int):
    assert excerpt("x" * length) == "x" * length


def test_an_excerpt_of_a_long_text_shows_that_it_is_cut():
    shown = excerpt("word " * 100)
    assert len(shown) == 60
    assert shown.startswith("word word")
    assert shown.endswith("…")


def test_what_is_said_is_one_line_on_standard_error(capsys: pytest.CaptureFixture[str]):
    say("two\nlines")
    complain("this")
    assert capsys.readouterr() == ("", "two lines\nerror: this\n")


def test_an_error_cannot_control_the_terminal(monkeypatch: pytest.MonkeyPatch):
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    complain("\x1b[2Jgone")
    assert screen.getvalue() == "error: ␛[2Jgone\n"


def test_things_are_counted():
    assert [counted(n, "row") for n in range(3)] == ["0 rows", "1 row", "2 rows"]

import io
import sys
from collections.abc import Callable

import pytest

from fireworks_async.cli._exits import UsageError
from fireworks_async.cli._prompts import read_prompts, read_texts

Pipe = Callable[[bytes], None]


class Keyboard(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_words_are_one_prompt():
    assert read_prompts(["Why", "is it so?"], []) == ["Why is it so?"]


def test_each_option_is_a_prompt_of_its_own_after_the_words():
    assert read_prompts(["a", "b"], ["c d", "e"]) == ["a b", "c d", "e"]
    assert read_prompts([], ["c", "d"]) == ["c", "d"]


def test_what_is_piped_in_is_the_prompt_when_nothing_else_is(stdin: Pipe):
    stdin("Grüße\n  zwei\n".encode())
    assert read_prompts([], []) == ["Grüße\n  zwei"]


def test_what_is_piped_in_is_not_read_when_a_prompt_is_given(stdin: Pipe):
    stdin(b"text")
    assert read_prompts(["a"], []) == ["a"]
    assert sys.stdin.read() == "text"


def test_a_dash_stands_for_standard_input_wherever_it_is(stdin: Pipe):
    stdin(b"text\r\n")
    assert read_prompts(["Sum up:", "-"], ["-", "x"]) == ["Sum up: text", "text", "x"]


def test_the_mark_of_windows_editors_is_not_part_of_the_text(stdin: Pipe):
    stdin("\N{ZERO WIDTH NO-BREAK SPACE}text".encode())
    assert read_prompts([], []) == ["text"]


def test_nothing_at_all_is_an_error_that_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(sys, "stdin", Keyboard("typed"))
    with pytest.raises(UsageError, match="no prompt: write one"):
        read_prompts([], [])


@pytest.mark.parametrize("words", [[], [""], ["a", "\n"], ["-"]])
def test_an_empty_prompt_is_an_error(words: list[str], stdin: Pipe):
    stdin(b"\n")
    with pytest.raises(UsageError, match="the prompt is empty"):
        read_prompts(words[:1], words[1:])


def test_bytes_that_are_no_text_are_an_error(stdin: Pipe):
    stdin(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="not UTF-8"):
        read_prompts([], [])


def test_each_word_and_each_line_is_a_text(stdin):
    stdin("ä b\r\n\nc\n".encode())
    assert read_texts(["x y", "-"], "text") == ["x y", "ä b", "c"]
    stdin(b"one\n")
    assert read_texts([], "text") == ["one"]


def test_no_text_is_usage(stdin):
    with pytest.raises(UsageError, match="no text was piped in"):
        read_texts([], "text")

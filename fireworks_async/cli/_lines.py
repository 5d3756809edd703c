"""Text made fit to be shown to a person; what it says is decided elsewhere."""

import sys
from typing import TextIO

__all__ = ("complain", "counted", "excerpt", "one_line", "say", "shown_on")

_LONGEST_EXCERPT = 60
# An answer is from outside: an escape sequence in it could retitle the window, write
# the clipboard or hide text. Line feed and tab stay; carriage return, which overwrites
# a line, goes without a trace because "\r\n" is common.
_VISIBLE = {
    **{code: 0x2400 + code for code in range(0x20) if chr(code) not in "\n\t"},
    **dict.fromkeys(range(0x80, 0xA0), 0xFFFD),
    ord("\r"): None,
    0x7F: 0x2421,
}


def shown_on(stream: TextIO, text: str) -> str:
    """The text as it may be written to ``stream``: on a terminal, it controls nothing.

    Anywhere else it stays as it is.
    """
    return text.translate(_VISIBLE) if stream.isatty() else text


def counted(number: int, noun: str) -> str:
    """A number of things: ``1 vector``, ``2 vectors``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def one_line(text: str) -> str:
    """The same words without line breaks."""
    return " ".join(text.split())


def excerpt(text: str) -> str:
    """The beginning of a text, short enough for a heading."""
    line = one_line(text)
    if len(line) <= _LONGEST_EXCERPT:
        return line
    return line[: _LONGEST_EXCERPT - 1] + "…"


def say(text: str) -> None:
    """Write a line to standard error."""
    sys.stderr.write(shown_on(sys.stderr, one_line(text)) + "\n")
    sys.stderr.flush()


def complain(text: str) -> None:
    """Write the line of an error to standard error."""
    say(f"error: {text}")

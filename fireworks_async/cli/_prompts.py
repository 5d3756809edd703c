"""Where prompts come from: the words of the command, or standard input."""

import sys
from collections.abc import Sequence

from fireworks_async.cli._exits import UsageError

__all__ = ("read_prompts", "read_texts")

_STANDARD_INPUT = "-"


def read_prompts(words: Sequence[str], options: Sequence[str]) -> list[str]:
    """All prompts, in order.

    Standard input is read to its end where a ``-`` stands for it, and when nothing is
    given and it is not a terminal.

    Args:
        words: The words of the first prompt.
        options: More prompts.

    Raises:
        UsageError: There is none, one is empty, or standard input is not text.
    """
    if not words and not options:
        if sys.stdin.isatty():
            raise UsageError(
                "no prompt: write one, pipe one in, or write - to type it here"
            )
        words = [_STANDARD_INPUT]
    parts = [*words, *options]
    piped = _read_standard_input() if _STANDARD_INPUT in parts else ""
    parts = [piped if part == _STANDARD_INPUT else part for part in parts]
    first = [" ".join(parts[: len(words)])] if words else []
    prompts = [*first, *parts[len(words) :]]
    if not all(prompt.strip() for prompt in prompts):
        raise UsageError("the prompt is empty")
    return prompts


def read_texts(words: Sequence[str], what: str) -> list[str]:
    """Each word is a text, and so is each line of standard input where that is read.

    Args:
        words: The words.
        what: What one of them is called.

    Raises:
        UsageError: There is none, or standard input is not text.
    """
    if not words:
        if sys.stdin.isatty():
            raise UsageError(f"no {what}: write one, or pipe in one a line")
        words = [_STANDARD_INPUT]
    texts: list[str] = []
    for word in words:
        if word == _STANDARD_INPUT:
            texts += [line for line in _read_standard_input().splitlines() if line]
        else:
            texts.append(word)
    if not texts:
        raise UsageError(f"no {what} was piped in")
    return texts


def _read_standard_input() -> str:
    try:
        # Not the locale's encoding: what is piped in is a file's bytes.
        text = sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError("standard input is not UTF-8 text") from None
    return text.rstrip("\r\n")

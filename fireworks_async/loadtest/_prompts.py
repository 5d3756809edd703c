"""Prompts of an exact token length, made of short words; no tokenizer is needed.

Every prompt of a length is the same bag of words in another order: a tokenizer that
splits at blanks gives all of them the same count, whatever it makes of each word, and
no two prompts share more than a chance beginning, so no prompt cache helps.
"""

import random
from collections.abc import Awaitable, Callable

import msgspec

__all__ = ("Fit", "fit_lengths", "prompt_text")

# Three letters and a blank: one token each in the tokenizers of today's models.
_WORDS = [
    "the",
    "and",
    "for",
    "are",
    "but",
    "not",
    "you",
    "all",
    "any",
    "can",
    "had",
    "her",
    "was",
    "one",
    "our",
    "out",
    "day",
    "get",
    "has",
    "him",
    "his",
    "how",
    "man",
    "new",
    "now",
    "old",
    "see",
    "two",
    "way",
    "who",
    "boy",
    "did",
    "its",
    "let",
    "put",
    "say",
    "she",
    "too",
    "use",
    "dad",
    "mom",
    "big",
    "far",
    "few",
    "got",
    "hot",
    "job",
    "low",
    "own",
    "red",
    "run",
    "sun",
    "ten",
    "top",
    "war",
    "win",
    "yes",
    "yet",
    "act",
    "add",
    "age",
    "ago",
    "air",
    "arm",
    "art",
    "ask",
    "bad",
    "bag",
    "bar",
    "bed",
    "bit",
    "box",
    "bus",
    "buy",
    "car",
    "cat",
]
# A piece for the last tokens, where words cost more than one.
_PIECE = " a"
_STEPS = 8
_SAMPLE = 64
# Tokens of a word at least: common ones of three letters are one each.
_LEAST = 0.25


class Fit(msgspec.Struct, frozen=True):
    """How many words and pieces make a length, as the server counts it.

    Attributes:
        overhead: Tokens of an empty prompt: the chat template's.
        per_word: Tokens of one word.
        exact: Words and pieces of the lengths that were tried out.
        missed: What came of a length that could not be hit, by length; None where the
            server does not count.
    """

    overhead: float = 0.0
    per_word: float = 1.0
    exact: dict[int, tuple[int, int]] = {}
    missed: dict[int, int | None] = {}

    def parts(self, tokens: int) -> tuple[int, int]:
        """How many words and pieces a prompt of so many tokens has."""
        if tokens in self.exact:
            return self.exact[tokens]
        return max(1, round((tokens - self.overhead) / self.per_word)), 0


def prompt_text(words: int, pieces: int, dice: random.Random, opening: str = "") -> str:
    """A prompt of so many words, in an order that the dice decide.

    Args:
        words: All of them, with those of the opening.
        pieces: Single letters at its end.
        dice: The same dice give the same order.
        opening: What comes first, made of words of this function's; its words count.
    """
    left = max(0, words - len(opening.split()))
    rounds, rest = divmod(left, len(_WORDS))
    bag = [*_WORDS] * rounds + _WORDS[:rest]
    dice.shuffle(bag)
    spelled = " ".join([*opening.split(), *bag])
    return spelled + _PIECE * pieces


async def fit_lengths(
    count_tokens: Callable[[str], Awaitable[int | None]], lengths: list[int]
) -> Fit:
    """Find out how prompts of these lengths are made, by asking the server.

    A word is taken for a token where the server does not count, or always the same.

    Args:
        count_tokens: Gives the tokens of a prompt, as the server counts them.
        lengths: Those to be hit exactly.
    """
    dice = random.Random(0)  # noqa: S311 - no secret
    few = await count_tokens(prompt_text(_SAMPLE, 0, dice))
    many = await count_tokens(prompt_text(2 * _SAMPLE, 0, dice))
    if few is None or many is None or many - few < _SAMPLE * _LEAST:
        return Fit(missed={length: few for length in lengths if length != few})
    per_word = (many - few) / _SAMPLE
    fit = Fit(few - per_word * _SAMPLE, per_word)
    exact: dict[int, tuple[int, int]] = {}
    missed: dict[int, int | None] = {}
    for length in sorted(set(lengths)):
        parts, counted = await _hit(count_tokens, fit, length, dice)
        exact[length] = parts
        if counted != length:
            missed[length] = counted
    return msgspec.structs.replace(fit, exact=exact, missed=missed)


async def _hit(
    count_tokens: Callable[[str], Awaitable[int | None]],
    fit: Fit,
    length: int,
    dice: random.Random,
) -> tuple[tuple[int, int], int]:
    """Words and pieces that make a length, or what comes nearest, and its tokens."""
    words, pieces = fit.parts(length)
    best: tuple[tuple[int, int], int] = ((words, pieces), -1)
    for _ in range(_STEPS):
        counted = await count_tokens(prompt_text(words, pieces, dice)) or 0
        if best[1] < 0 or abs(counted - length) < abs(best[1] - length):
            best = ((words, pieces), counted)
        short = length - counted
        if short == 0 or (short < 0 and words == 1 and not pieces):
            break
        step = int(short / fit.per_word)
        if step:
            words = max(1, words + step)
        elif short > 0:
            pieces += short
        else:
            words, pieces = max(1, words - 1), 0
    return best

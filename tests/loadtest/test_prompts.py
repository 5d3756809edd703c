import random

import pytest

from fireworks_async.loadtest._prompts import Fit, fit_lengths, prompt_text


def counter(per_word, overhead=7, asked=None):
    """A tokenizer that gives words of the same letters the same count."""

    async def count_tokens(text):
        if asked is not None:
            asked.append(text)
        words = text.split(" ")
        longer = [word for word in words if len(word) > 1]
        singles = len(words) - len(longer)
        return overhead + int(sum(per_word(word) for word in longer)) + singles

    return count_tokens


@pytest.mark.parametrize(
    "per_word",
    [
        lambda _: 1,
        lambda _: 2,
        lambda word: 1 + (word[0] in "aeiou"),
        lambda word: len(word) + 1,
    ],
)
async def test_lengths_are_hit(per_word):
    lengths = [20, 21, 100, 1000, 4097]
    count_tokens = counter(per_word)
    fit = await fit_lengths(count_tokens, lengths)
    assert not fit.missed
    for length in lengths:
        for seed in range(3):
            text = prompt_text(*fit.parts(length), random.Random(seed))
            assert await count_tokens(text) == length


async def test_other_lengths_are_near():
    count_tokens = counter(lambda word: 1 + (word[0] in "aeiou"))
    fit = await fit_lengths(count_tokens, [])
    for length in (50, 500, 5000):
        text = prompt_text(*fit.parts(length), random.Random(1))
        assert await count_tokens(text) == pytest.approx(length, rel=0.1)


async def test_what_cannot_be_hit_is_told():
    fit = await fit_lengths(counter(lambda _: 1, overhead=50), [10])
    assert fit.missed == {10: 51}


@pytest.mark.parametrize("count", [None, 5])
async def test_a_count_that_says_nothing_leaves_words_for_tokens(count):
    async def count_tokens(text):
        return count

    fit = await fit_lengths(count_tokens, [5, 256] if count else [256])
    assert (fit.missed, fit.parts(256)) == ({256: count}, (256, 0))


async def test_few_questions_are_asked():
    asked = []
    await fit_lengths(counter(lambda _: 1, asked=asked), [512, 2048])
    assert len(asked) <= 2 + 2 * 2


def test_prompts_are_the_same_words_in_another_order():
    one, other = (prompt_text(300, 2, random.Random(seed)) for seed in (1, 2))
    assert one != other
    assert sorted(one.split()) == sorted(other.split())
    assert len(one.split()) == 302
    assert one.split()[:3] != other.split()[:3]


def test_an_opening_comes_first_and_counts():
    text = prompt_text(100, 0, random.Random(1), opening="the cat sat")
    assert text.startswith("the cat sat ")
    assert len(text.split()) == 100


def test_a_fit_of_nothing_takes_words_for_tokens():
    assert Fit().parts(12) == (12, 0)
    assert Fit(overhead=20).parts(5) == (1, 0)

"""Text as it grows."""

import tracemalloc

from fireworks_async._protocol.pieces import MANY, Pieces


def test_a_text_is_whole_however_it_was_joined():
    pieces, words = Pieces(), [f"{number} " for number in range(10 * MANY)]
    for word in words:
        pieces.append(word)
        pieces.join()
    assert pieces.whole() == "".join(words)
    assert len(pieces) == 10


def test_few_pieces_are_not_worth_joining():
    pieces = Pieces()
    for word in ("a", "b"):
        pieces.append(word)
        pieces.join()
    assert pieces == ["a", "b"]
    assert pieces.whole() == "ab"


def test_what_was_joined_is_not_copied_again():
    pieces = Pieces()
    for _ in range(2):
        pieces += ["word"] * MANY
        pieces.join()
        first = pieces[0]
    assert pieces[0] is first
    assert pieces == ["word" * MANY] * 2


def test_no_text_is_empty():
    pieces = Pieces()
    pieces.join()
    assert pieces.whole() == ""


def test_a_long_text_takes_little_more_than_its_characters():
    tracemalloc.start()
    try:
        pieces = Pieces()
        for number in range(10_000):
            pieces.append(f"{number % 10_000:04}")
            pieces.join()
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size < 3 * 40_000

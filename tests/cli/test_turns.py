from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from fireworks_async.cli._turns import Turns


def saying(heard: list[str], word: str) -> Callable[[], None]:
    return lambda: heard.append(word)


def test_the_first_is_heard_at_once():
    heard: list[str] = []
    turns = Turns(2)
    turns.say(0, saying(heard, "a"))
    assert heard == ["a"]


def test_another_waits_until_the_one_before_has_ended():
    heard: list[str] = []
    turns = Turns(2)
    turns.say(1, saying(heard, "b"))
    turns.say(0, saying(heard, "a"))
    assert heard == ["a"]
    turns.end(0)
    assert heard == ["a", "b"]


def test_who_is_still_speaking_when_his_turn_comes_is_heard_at_once_from_then_on():
    heard: list[str] = []
    turns = Turns(2)
    turns.say(1, saying(heard, "b1"))
    turns.end(0)
    turns.say(1, saying(heard, "b2"))
    assert heard == ["b1", "b2"]


def test_those_who_ended_early_are_heard_one_after_another():
    heard: list[str] = []
    turns = Turns(3)
    for speaker in (2, 1):
        turns.say(speaker, saying(heard, str(speaker)))
        turns.end(speaker)
    assert heard == []
    turns.end(0)
    assert heard == ["1", "2"]


@given(st.lists(st.integers(0, 3), max_size=40), st.permutations(range(4)))
def test_whatever_the_order_each_is_heard_whole_and_in_turn(
    words: list[int], ends: list[int]
):
    heard: list[tuple[int, int]] = []
    turns = Turns(4)
    for number, speaker in enumerate(words):
        turns.say(speaker, lambda word=(speaker, number): heard.append(word))
    for speaker in ends:
        turns.end(speaker)
    said = [(speaker, number) for number, speaker in enumerate(words)]
    assert heard == sorted(said)

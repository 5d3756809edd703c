"""JSON in pieces: the best value so far, whatever the cuts, in linear time."""

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fireworks_async._protocol.partial_json import PartialJSONReader

DOCUMENT = (
    ' {"a": [1, -2.5e3, true, null, {}], "b\\n\\u00e9": "x\\ud83d\\ude00\\"y",\n'
    ' "c": {"d": [[], {"e": "\u4f60"}], "f": false}, "g": ""} '
)

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4)
    ),
    max_leaves=12,
)


def read(*pieces):
    reader = PartialJSONReader()
    for piece in pieces:
        reader.feed(piece)
    return reader


def snapshots(text):
    reader = PartialJSONReader()
    for letter in text:
        reader.feed(letter)
        yield json.loads(json.dumps(reader.value))


def test_every_cut_gives_the_same_value():
    whole = json.loads(DOCUMENT)
    for cut in range(len(DOCUMENT)):
        reader = PartialJSONReader()
        reader.feed(DOCUMENT[:cut])
        _ = reader.value
        reader.feed(DOCUMENT[cut:])
        assert reader.value == whole
        assert reader.is_complete
    assert list(snapshots(DOCUMENT))[-1] == whole


@given(JSON.filter(lambda value: isinstance(value, dict | list | str)), st.data())
def test_any_value_comes_back_whatever_the_pieces(value, data):
    text = json.dumps(value, ensure_ascii=data.draw(st.booleans()))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    reader = PartialJSONReader()
    for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        reader.feed(text[start:end])
        if data.draw(st.booleans()):
            _ = reader.value
    assert reader.is_complete
    assert reader.value == value


def grows(before, after):
    """Whether a partial value is an earlier state of another."""
    if isinstance(before, str):
        return isinstance(after, str) and after.startswith(before)
    if isinstance(before, list):
        return len(before) <= len(after) and all(map(grows, before, after))
    if isinstance(before, dict):
        return all(key in after and grows(before[key], after[key]) for key in before)
    return before is None or before == after


def test_a_value_only_grows():
    states = list(snapshots(DOCUMENT))
    assert all(map(grows, states, states[1:]))
    assert len({json.dumps(state) for state in states}) > 15


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("  ", None),
        ('{"a', {}),
        ('{"a":', {}),
        ('{"a": "', {"a": ""}),
        ('{"a": "b', {"a": "b"}),
        ('{"a": "b\\', {"a": "b"}),
        ('{"a": "b\\u00', {"a": "b"}),
        ('{"a": "b\\ud83d', {"a": "b"}),
        ('{"a": 12', {}),
        ('{"a": 12,', {"a": 12}),
        ('{"a": tru', {}),
        ('{"a": true}', {"a": True}),
        ("[1, [2, ", [1, [2]]),
        ('["a", "b', ["a", "b"]),
        ('"ab', "ab"),
        ("12 ", 12),
        ('{"a": {"b": {', {"a": {"b": {}}}),
    ],
)
def test_the_best_value_so_far(text, value):
    assert read(text).value == value
    assert read(*text).value == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", None),
        ('{"a": 1, oops "b": 2}', {"a": 1}),
        ('{"a": 1 "b": 2}', {"a": 1}),
        ('{"a" 1}', {}),
        ('{"a": "b\\x", "c": 1}', {}),
        ('{"a": "\\u00zz", "c": 1}', {}),
        ("[1, 01, 2]", [1]),
        ("[1, NaN, 2]", [1]),
        ("[1, }", [1]),
        ("{1: 2}", {}),
        ("[1}", [1]),
    ],
)
def test_the_value_stays_as_it_was_at_what_is_not_json(text, value):
    for reader in (read(text), read(*text)):
        assert not reader.is_complete
        reader.feed(', "d": 3')
        assert reader.value == value
        assert reader.is_broken


def test_what_follows_the_value_is_not_read():
    reader = read('{"a": 1}', "\n```\nThat was it: {}")
    assert reader.value == {"a": 1}
    assert reader.is_complete
    assert not reader.is_broken


def test_halves_of_characters_that_stand_alone_are_replaced():
    assert read('"\\ud83d', 'x\\ude00\\ud83d\\ud83d\\ude00\\ud83d"').value == (
        "\ufffdx\ufffd\ufffd\U0001f600\ufffd"
    )


def test_containers_are_the_same_objects_as_they_grow():
    reader = read('{"a": [1,')
    first = reader.value
    reader.feed(' 2], "b": "c"}')
    assert reader.value is first
    assert first == {"a": [1, 2], "b": "c"}


def steps_to_read(text):
    """Count the calls, in Python and in C, of reading a piece and looking, in turn."""
    calls = 0

    def count(frame, event, argument):
        nonlocal calls
        calls += event in ("call", "c_call")

    reader = PartialJSONReader()
    pieces = [text[at : at + 3] for at in range(0, len(text), 3)]
    sys.setprofile(count)
    try:
        for piece in pieces:
            reader.feed(piece)
            _ = reader.value
    finally:
        sys.setprofile(None)
    assert reader.is_complete
    return calls


@pytest.mark.parametrize(
    "make",
    [
        lambda n: json.dumps(["word"] * n),
        lambda n: json.dumps({str(number): number for number in range(n)}),
        lambda n: json.dumps("word " * n),
        lambda n: "[" * n + "]" * n,
        lambda n: "1" * n + " ",
    ],
    ids=["list", "object", "string", "depth", "number"],
)
def test_four_times_the_text_takes_four_times_the_steps(make):
    few, many = steps_to_read(make(500)), steps_to_read(make(2000))
    assert many < 4.6 * few

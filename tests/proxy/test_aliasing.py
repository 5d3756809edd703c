import json

import msgspec
import pytest

from fireworks_async.proxy._aliasing import Renaming, events_in, renamed_object

NAME = b'"alias"'


def event(model='"m"', gap="", **fields):
    rest = json.dumps(fields)[1:]
    return f'data: {{"id":"1","model":{gap}{model}, {rest}\n\n'.encode()


def test_every_event_of_a_read_is_renamed():
    block = event(n=1) + event(n=2)
    assert Renaming(NAME).apply(block, 2) == block.replace(b'"m"', NAME)


def test_the_servers_spelling_is_learned():
    block = event(gap=" ", n=1)
    assert b'"model": "alias"' in Renaming(NAME).apply(block, 1).replace(
        b'":"a', b'": "a'
    )


def test_what_a_text_says_is_never_renamed():
    text = '{"model":"m"} and "model":"m"'
    block = event(content=text)
    [data] = [json.loads(Renaming(NAME).apply(block, 1)[6:])]
    assert data["content"] == text
    assert data["model"] == "alias"


@pytest.mark.parametrize(
    "odd",
    [
        event(inner={"model": "x"}) + event(model='"other"', n=2),
        event(n=1) + b'data: {"n":2}\n\n',
        b": comment\n\n" + event(model='"a\\"b"', n=1),
        event(model="null", n=1),
    ],
)
def test_events_that_differ_are_taken_apart(odd):
    renaming = Renaming(NAME)
    renaming.apply(event(n=0), 1)
    found = [
        json.loads(each[6:])
        for each in events_in(renaming.apply(odd, 7))
        if each.startswith(b"data")
    ]
    before = [json.loads(e[6:]) for e in events_in(odd) if e.startswith(b"data")]
    for new, old in zip(found, before, strict=True):
        assert new == ({**old, "model": "alias"} if "model" in old else old)


def test_comments_and_ends_stay():
    block = b": ping\n\n" + event(n=1) + b"data: [DONE]\n\n"
    assert Renaming(NAME).apply(block, 1) == block.replace(b'"m"', NAME)


def test_events_are_cut_at_any_blank_line():
    parts = [b"a: 1\r\n\r\n", b"b\n\n", b"c\r\r", b"rest"]
    assert events_in(b"".join(parts)) == parts


def test_an_object_is_renamed_and_keeps_its_spelling():
    data = b'{"model":"m","n":1e0}'
    assert renamed_object(data, msgspec.Raw(NAME)) == b'{"model":"alias","n":1e0}'
    for other in (b'{"n":1}', b"[1]", b"no json", b"\xff"):
        assert renamed_object(other, msgspec.Raw(NAME)) is other

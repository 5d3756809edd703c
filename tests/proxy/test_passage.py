import json

import pytest

from fireworks_async.errors import (
    APIConnectionError,
    StreamProtocolError,
    StreamTruncatedError,
)
from fireworks_async.proxy._passage import Passage
from tests.support.wire import DONE, USAGE, answer, chunk, sse

HEADERS = {"content-type": "text/event-stream"}
BARE_USAGE = sse(chunk(choices=[], usage=USAGE))
WHOLE = sse(*answer("a", "é"))


def passage(*, alias=None, shows_usage=True, headers=HEADERS):
    return Passage(headers, request_id="r", alias=alias, shows_usage=shows_usage)


def carried(through, *reads):
    """All that came out, by read."""
    return [through.feed(read) for read in reads]


@pytest.mark.parametrize("size", [1, 2, 7, 100, 10_000])
def test_f25_f63_bytes_pass_as_they_came_however_they_are_cut(size):
    through = passage()
    reads = [WHOLE[at : at + size] for at in range(0, len(WHOLE), size)]
    assert b"".join(carried(through, *reads)) == WHOLE
    assert through.ended
    assert through.failure is None
    assert through.tally.usage.prompt_tokens == 9


def test_f64_each_event_leaves_with_its_last_byte():
    through = passage()
    events = [sse(item) for item in answer("a", "b")]
    assert carried(through, *events) == events


def test_half_an_event_waits_for_its_other_half():
    through = passage()
    first = sse(chunk("a"))
    assert carried(through, first + b"data: {", b'"choices":[]}\n\n') == [
        first,
        b'data: {"choices":[]}\n\n',
    ]


@pytest.mark.parametrize("size", [1, 50, 10_000])
def test_the_usage_that_was_not_asked_for_stays_out(size):
    through = passage(shows_usage=False)
    reads = [WHOLE[at : at + size] for at in range(0, len(WHOLE), size)]
    assert b"".join(carried(through, *reads)) == WHOLE.replace(BARE_USAGE, b"")
    assert through.tally.usage.completion_tokens == 3


def test_usage_beside_a_choice_stays_in():
    events = sse(chunk(finish_reason="stop", usage=USAGE), DONE)
    through = passage(shows_usage=False)
    assert through.feed(events) == events


def test_an_alias_is_put_back_in_every_event():
    through = passage(alias=b'"my-model"', shows_usage=False)
    events = [
        json.loads(event[6:])
        for event in through.feed(WHOLE).decode().split("\n\n")
        if event.startswith("data: {")
    ]
    assert {event["model"] for event in events} == {"my-model"}
    assert len(events) == len(answer("a", "é")) - 2


def test_f63_comments_and_names_of_events_pass():
    data = (
        b": ping\n\nevent: message\nid: 7\n"
        + sse(chunk("a"))
        + b"event: x\ndata: {}\n\n"
    )
    through = passage()
    assert through.feed(data) == data


@pytest.mark.parametrize("end", [b"\r\n", b"\r"])
def test_other_line_ends_pass(end):
    data = WHOLE.replace(b"\n", end)
    through = passage(shows_usage=False)
    out = b"".join(carried(through, *(data[i : i + 9] for i in range(0, len(data), 9))))
    assert out == data.replace(BARE_USAGE.replace(b"\n", end), b"")
    assert through.failure is None


def test_a_server_that_never_says_done_is_whole_all_the_same():
    through = passage()
    assert through.feed(WHOLE.removesuffix(DONE)) == WHOLE.removesuffix(DONE)
    assert through.feed_eof() == DONE
    assert through.failure is None


@pytest.mark.parametrize("last", [b"", DONE])
def test_f61_an_end_without_a_finish_is_a_failure_and_never_done(last):
    through = passage()
    out = through.feed(sse(chunk("a")) + last)
    out += through.feed_eof() if not through.ended else b""
    assert isinstance(through.failure, StreamTruncatedError)
    assert out.startswith(sse(chunk("a")))


def test_f61_a_loss_after_the_end_is_none():
    lost = APIConnectionError("lost")
    through = passage()
    through.feed(sse(chunk("a"), chunk(finish_reason="stop")))
    assert through.lost(lost) == DONE
    assert through.failure is None
    cut = passage()
    cut.feed(sse(chunk("a")))
    assert cut.lost(lost) == b""
    assert cut.failure is lost


def test_f40_an_error_inside_ends_it_behind_what_was_good():
    through = passage()
    good = sse(chunk("a"))
    bad = b'data: {"error":{"message":"overloaded","code":503}}\n\n'
    assert through.feed(good + bad + sse(chunk("never"))) == good
    assert through.failure.message == "overloaded"


def test_f41_what_is_no_json_does_not_pass():
    through = passage()
    good = sse(chunk("a"))
    assert through.feed(good + b"data: {oops\n\n") == good
    assert isinstance(through.failure, StreamProtocolError)


def test_a_completion_that_came_instead_becomes_a_stream():
    whole = {
        "id": "1",
        "object": "chat.completion",
        "model": "m",
        "choices": [
            {"index": 0, "message": {"content": "hi"}, "finish_reason": "stop"}
        ],
        "usage": USAGE,
    }
    through = passage(headers={"content-type": "application/json"}, alias=b'"x"')
    through.feed(json.dumps(whole).encode())
    event, done, _ = through.feed_eof().split(b"\n\n")
    told = json.loads(event[6:])
    assert done + b"\n\n" == DONE
    assert told["model"] == "x"
    assert told["object"] == "chat.completion.chunk"
    assert told["choices"][0]["delta"] == {"content": "hi"}
    assert through.tally.usage.prompt_tokens == 9


def test_a_stream_that_is_called_json_passes_as_it_comes():
    given = sse(*answer("a", "b"))
    through = passage(headers={"content-type": "application/json"})
    at = given.find(b"\n\n") + 2
    assert through.feed(given[:at]) == given[:at]
    assert through.feed(given[at:]) == given[at:]
    assert through.tally.is_whole


@pytest.mark.parametrize("came", [b'{"error":{"message":"no"}}', b"{", b"{}"])
def test_f16_json_that_is_no_completion_is_a_failure(came):
    through = passage(headers={"content-type": "application/json"})
    out = through.feed(came)
    out += b"" if through.ended else through.feed_eof()
    assert out == b""
    assert through.failure is not None


def test_f29_a_long_line_is_bounded_and_linear():
    through = passage()
    piece = b"x" * (1 << 20)
    through.feed(b"data: ")
    for _ in range(20):
        if through.ended:
            break
        assert through.feed(piece) == b""
    assert isinstance(through.failure, StreamProtocolError)


def test_f33_what_comes_behind_the_end_does_not_pass():
    through = passage()
    assert through.feed(WHOLE + sse(chunk("more"), DONE)) == WHOLE


def deltas(count, **fields):
    return [sse(chunk(f'"{n}\n', **fields)) for n in range(count)]


MANY = deltas(40)
END = sse(chunk(finish_reason="stop", usage=USAGE), DONE)


@pytest.mark.parametrize("alias", [None, b'"mine"', b'"' + b"long-" * 20 + b'"'])
@pytest.mark.parametrize("first", [b"", sse(chunk("", role="assistant"))])
def test_f25_f63_many_like_one_pass_as_they_would_alone(alias, first):
    whole = first + b"".join(MANY) + END
    alone = passage(alias=alias)
    wanted = b"".join(
        alone.feed(event + b"\n\n") for event in whole.split(b"\n\n") if event
    )
    for cut in range(0, len(whole), 97):
        through = passage(alias=alias)
        assert through.feed(whole[:cut]) + through.feed(whole[cut:]) == wanted
        assert through.tally.chunks == alone.tally.chunks
        assert through.tally.usage == alone.tally.usage
        assert through.ended
        assert through.failure is None


def test_many_like_one_are_not_read(monkeypatch):
    through = passage()
    read = []
    feed = through._parser.feed
    monkeypatch.setattr(
        type(through._parser), "feed", lambda _, data: read.append(data) or feed(data)
    )
    whole = b"".join(MANY)
    assert through.feed(whole) == whole
    assert b"".join(read) == b"".join(MANY[:2])
    assert through.progressed
    assert through.tally.chunks == len(MANY)


@pytest.mark.parametrize("place", [0, 1, 2, 20, 39])
def test_f41_one_that_is_no_json_among_many_does_not_pass(place):
    events = [*MANY]
    events[place] = events[place].replace(b'"finish_reason"', b'x"finish_reason"')
    through = passage()
    assert through.feed(b"".join(events)) == b"".join(events[:place])
    assert isinstance(through.failure, StreamProtocolError)


@pytest.mark.parametrize("place", [0, 1, 2, 20, 39])
def test_f40_an_error_among_many_ends_them(place):
    events = [*MANY]
    events[place] = b'data: {"error":{"message":"no","code":503}}\n\n'
    through = passage()
    assert through.feed(b"".join(events)) == b"".join(events[:place])
    assert through.failure.message == "no"


def test_f43_f46_an_end_or_a_usage_among_many_is_seen():
    through = passage()
    last = sse(chunk(finish_reason="stop"))
    through.feed(b"".join([*MANY, last]))
    assert through.tally.is_whole
    # Then the same choice goes on, like those before its end.
    through.feed(b"".join(MANY))
    assert not through.tally.is_whole
    through.feed(b"".join([*MANY[:20], sse(chunk("a", usage=USAGE)), *MANY[20:]]))
    assert through.tally.usage.prompt_tokens == 9
    assert through.tally.chunks == 3 * len(MANY) + 2


def test_f44_choices_that_take_turns_pass():
    through = passage()
    events = [
        event.replace(b'"index":0', b'"index":%d' % (n % 2))
        for n, event in enumerate(MANY)
    ]
    for _ in range(8):
        assert through.feed(b"".join(events)) == b"".join(events)
    assert through.tally.chunks == 8 * len(events)


def test_other_line_ends_among_many_pass():
    through = passage(shows_usage=False)
    whole = b"".join([*MANY, *(event.replace(b"\n\n", b"\r\n\r\n") for event in MANY)])
    assert through.feed(whole) == whole
    assert through.feed(whole) == whole
    assert through.tally.chunks == 4 * len(MANY)

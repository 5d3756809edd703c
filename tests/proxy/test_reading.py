import pytest

from fireworks_async._protocol.completions import Usage
from fireworks_async._protocol.parser import parser_for
from fireworks_async.proxy._reading import PASSING, PassingChoice, PassingChunk, Tally
from tests.support.wire import DONE, answer, chunk, sse

HEADERS = {"content-type": "text/event-stream"}


def tally_of(*items):
    parser = parser_for(PASSING, HEADERS, request_id=None)
    tally = Tally()
    tally.add(parser.feed(sse(*items)))
    return tally


def test_an_answer_is_whole_when_every_choice_is_finished():
    assert tally_of(*answer("a", "b")).is_whole
    assert not tally_of(chunk("a")).is_whole
    assert not tally_of(chunk("a", finish_reason="")).is_whole
    both = (chunk("a"), chunk("b", index=1), chunk(finish_reason="stop"))
    assert not tally_of(*both).is_whole
    assert tally_of(*both, chunk(finish_reason="stop", index=1)).is_whole


def test_usage_is_the_last_that_was_reported():
    usage = tally_of(*answer("a")).usage
    assert (usage.prompt_tokens, usage.completion_tokens) == (9, 3)
    tally = Tally()
    first = PassingChunk(choices=[], usage=Usage(1, 2, 1))
    assert tally.add([first])
    assert not tally.add([PassingChunk(choices=[PassingChoice()])])
    assert tally.usage is first.usage


def test_text_completions_are_read_alike():
    tally = tally_of(
        {"choices": [{"index": 0, "text": "a", "finish_reason": None}]},
        {"choices": [{"index": 0, "text": "", "finish_reason": "length"}]},
        DONE,
    )
    assert tally.is_whole
    assert tally.has_begun


@pytest.mark.parametrize(
    "data", ['{"choices": null}', '{"usage": {"prompt_tokens": "3"}}']
)
def test_oddities_are_forgiven_as_in_the_client(data):
    parser = parser_for(PASSING, HEADERS, request_id=None)
    assert len(parser.feed(f"data: {data}\n\n".encode())) == 1
    assert parser.failure is None

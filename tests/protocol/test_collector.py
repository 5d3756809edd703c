"""What the collectors of all kinds of streams have in common."""

import msgspec
import pytest

from fireworks_async._protocol.completions import LogProbs
from fireworks_async._protocol.dialects import CHAT
from fireworks_async._protocol.text_collector import TEXT
from tests.support.wire import USAGE

BOTH = pytest.mark.parametrize("dialect", [CHAT, TEXT], ids=["chat", "text"])


@pytest.fixture
def collector(dialect):
    return dialect.collector()


@pytest.fixture
def add(dialect, collector):
    def add(*choices, **fields):
        value = {"choices": list(choices), **fields}
        return collector.add([msgspec.convert(value, dialect.chunk)])

    return add


@BOTH
class TestEveryCollector:
    def test_nothing_has_begun_without_a_choice(self, collector, add):
        add(usage=USAGE)
        assert not collector.has_begun
        assert not collector.is_whole
        assert collector.finish_reason is None

    def test_whole_is_what_has_a_reason_for_every_choice(self, collector, add):
        add({"index": 0, "finish_reason": "stop"})
        assert collector.is_whole
        add({"index": 1})
        assert not collector.is_whole
        add({"index": 1, "finish_reason": "length"})
        assert collector.is_whole
        assert collector.finish_reason == "stop"

    def test_no_words_are_no_reason(self, collector, add):
        add({"index": 0, "finish_reason": ""})
        assert not collector.is_whole
        assert collector.finish_reason is None
        add({"index": 0, "finish_reason": "stop"})
        add({"index": 0, "finish_reason": ""})
        assert collector.is_whole
        assert collector.finish_reason == "stop"

    def test_the_first_name_and_the_last_usage_count(self, collector, add):
        add(id="first", created=1, model="m", usage=USAGE)
        add(id="second", created=2, usage={**USAGE, "completion_tokens": 9})
        result = collector.result()
        assert (result.id, result.created, result.model) == ("first", 1, "m")
        assert result.usage.completion_tokens == 9

    @pytest.mark.parametrize("nothing", [None, {}, {"prompt_tokens": 0}])
    def test_usage_of_nothing_is_none(self, collector, add, nothing):
        add(usage=nothing)
        assert collector.usage is None
        add(usage=USAGE)
        add(usage=nothing)
        assert collector.usage.prompt_tokens == USAGE["prompt_tokens"]

    def test_milestones(self, collector, add):
        add({"index": 0})
        add(usage=USAGE, perf_metrics={"a": 1})
        add({"index": 0, "finish_reason": "stop"}, usage=USAGE)
        assert collector.milestones == 4

    def test_a_result_does_not_grow_with_the_stream(self, collector, add):
        more = {"logprobs": {"tokens": ["a"]}, "token_ids": [1]}
        add({"index": 0, **more})
        early = collector.result()
        add({"index": 0, **more})
        assert early.choices[0].token_ids == [1]
        assert early.choices[0].logprobs == LogProbs(tokens=["a"])
        assert collector.result().choices[0].token_ids == [1, 1]

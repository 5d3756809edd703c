"""N against 4N: nothing on the hot path is worse than linear.

Work is counted, not timed: calls of functions here; that no buffer is copied again and
again is held to where the buffers are.
"""

import asyncio

import msgspec
import pytest

from fireworks_async._client.attempts import Service
from fireworks_async._client.chat import Chat
from fireworks_async._client.config import ClientConfig
from fireworks_async._net.drains import Drains
from fireworks_async._net.gate import Gate
from fireworks_async._net.watchdog import Watchdog
from fireworks_async._policy.retry import RetryBudget
from fireworks_async._policy.timeouts import Timeout
from fireworks_async._protocol.chat_collector import ChatCollector
from fireworks_async._protocol.chunks import ChatCompletionChunk
from fireworks_async._protocol.dialects import CHAT
from fireworks_async._protocol.events import EventBuilder
from fireworks_async._protocol.parser import JsonParser, StreamParser
from tests.support.costs import calls_made
from tests.support.manual_clock import ManualClock
from tests.support.scripted_transport import Answer, ScriptedTransport
from tests.support.wire import chunk, sse

FEW, MANY = 200, 800
SLACK = 1.15


def assert_linear(work):
    """``work`` takes a size, and gives what is to be counted."""
    few, many = calls_made(work(FEW)), calls_made(work(MANY))
    assert few > FEW / 2, "the work is not of the size that is asked for"
    assert many <= few * MANY / FEW * SLACK


class TestStreams:
    """By the number of reads, however the events are cut."""

    @staticmethod
    def parse(reads):
        parser = StreamParser(CHAT, request_id=None, headers={})
        return lambda: [parser.feed(read) for read in reads]

    def test_one_event_a_read(self):
        assert_linear(lambda size: self.parse([sse(chunk("a"))] * size))

    def test_events_cut_in_two(self):
        event = sse(chunk("a"))
        half = len(event) // 2
        assert_linear(lambda size: self.parse([event[:half], event[half:]] * size))

    def test_one_long_event_in_many_reads(self):
        assert_linear(lambda size: self.parse([b"data: ", *[b"x" * 1_000] * size]))

    def test_comments_between_events(self):
        assert_linear(lambda size: self.parse([b": hi\n", sse(chunk("a"))] * size))

    def test_forgiven_events(self):
        assert_linear(lambda size: self.parse([sse({"choices": None})] * size))

    def test_json_in_many_reads(self):
        def parse(size):
            parser = JsonParser(CHAT, request_id=None, headers={})
            return lambda: [parser.feed(b" " * 1_000) for _ in range(size)]

        assert_linear(parse)


class TestMeaning:
    """By the number of chunks."""

    @staticmethod
    def chunks(size):
        call = {"index": 0, "id": "c", "function": {"name": "f", "arguments": "x"}}
        delta = {"content": "a", "reasoning_content": "b", "tool_calls": [call]}
        wire = chunk(delta=delta, logprobs=None)
        wire["choices"][0]["logprobs"] = {"tokens": ["a"]}
        wire["choices"][0]["token_ids"] = [1]
        return [msgspec.convert(wire, ChatCompletionChunk)] * size

    def test_collecting(self):
        def collect(size):
            chunks, collector = self.chunks(size), ChatCollector()
            return lambda: ([collector.add([c]) for c in chunks], collector.result())

        assert_linear(collect)

    def test_collecting_many_choices(self):
        def collect(size):
            chunks = [
                msgspec.convert(chunk("a", index=index), ChatCompletionChunk)
                for index in range(size)
            ]
            collector = ChatCollector()
            return lambda: [(collector.add([c]), collector.is_whole) for c in chunks]

        assert_linear(collect)

    def test_collecting_many_tool_calls(self):
        def collect(size):
            chunks = []
            for index in range(size):
                call = {"index": index, "id": f"c{index}", "function": {"name": "f"}}
                wire = chunk(delta={"tool_calls": [call]})
                chunks.append(msgspec.convert(wire, ChatCompletionChunk))
            collector = ChatCollector()
            return lambda: (collector.add(chunks), collector.result())

        assert_linear(collect)

    def test_fragments_without_an_owner(self):
        """Each on an index of its own, so that each looks for the call before it."""

        def collect(size):
            first = {"index": 0, "id": "c", "function": {"name": "f"}}
            calls = [first, *({"index": n + 1} for n in range(size))]
            wire = chunk(delta={"tool_calls": calls})
            collector = ChatCollector()
            collector.add([msgspec.convert(wire, ChatCompletionChunk)])
            return collector.result

        assert_linear(collect)

    def test_events(self):
        def build(size):
            chunks, builder = self.chunks(size), EventBuilder()
            return lambda: [list(builder.feed([c])) for c in chunks]

        assert_linear(build)


class TestTheNet:
    """By the number of calls at once."""

    def test_drains(self):
        def drain(size):
            drains = Drains(ManualClock(), int)

            def work():
                for each in [drains.begin(int) for _ in range(size)]:
                    each.ended()

            return work

        assert_linear(drain)

    def test_giving_drains_up(self):
        def drain(size):
            clock = ManualClock()
            drains = Drains(clock, int)
            for _ in range(size):
                drains.begin(int)
            return lambda: clock.advance(1)

        assert_linear(drain)

    async def test_admission(self):
        """Every second one changes its mind before its turn comes."""
        counts = []
        for size in (FEW, MANY):
            gate = Gate(1)
            await gate.admit()

            async def visit(gate=gate):
                await gate.admit()
                gate.release()

            tasks = [asyncio.create_task(visit()) for _ in range(size)]
            await asyncio.sleep(0)
            assert gate.waiting == size
            turns = asyncio.gather(*tasks, return_exceptions=True)

            def leave(tasks=tasks, gate=gate):
                for task in tasks[::2]:
                    task.cancel()
                gate.release()

            counts.append(calls_made(leave))
            await turns
            assert (gate.admitted, gate.waiting) == (0, 0)
        assert counts[1] <= counts[0] * MANY / FEW * SLACK

    async def test_a_hand_over_costs_the_same_however_many_wait(self):
        counts = []
        for size in (FEW, MANY):
            gate = Gate(1)
            await gate.admit()
            tasks = [asyncio.create_task(gate.admit()) for _ in range(size)]
            await asyncio.sleep(0)
            counts.append(calls_made(gate.release))
            gate.close()
            await asyncio.gather(*tasks, return_exceptions=True)
        assert counts[0] == counts[1]

    async def test_time_limits_restarted_by_every_read(self):
        counts = []
        for size in (FEW, MANY):
            watchdog = Watchdog(ManualClock())
            limits = [watchdog.limit(Timeout(receive=300)) for _ in range(size)]

            def read(limits=limits):
                for limit in limits:
                    with limit.during("receive"):
                        limit.during("receive")

            counts.append(calls_made(read))
        assert counts[1] <= counts[0] * MANY / FEW * SLACK


@pytest.mark.parametrize("per_read", [1, 20])
async def test_a_whole_call(per_read):
    """Every layer together, by the number of events."""
    counts = []
    config = ClientConfig.resolve(environ={}, api_key="k", base_url="http://[::1]")
    for size in (FEW, MANY):
        reads = [sse(*[chunk("a")] * per_read)] * (size // per_read)
        answer = Answer([*reads, sse(chunk(finish_reason="stop"))])
        service = Service(ScriptedTransport(answer), RetryBudget(), config)
        stream = Chat(service).completions.create(model="m", messages=[])
        seen = []

        async def iterate(stream=stream, seen=seen):
            async for each in stream:
                seen.append(each)

        def run(iterate=iterate):
            call = iterate()
            # The scripted answers never wait, so neither does the call.
            with pytest.raises(StopIteration):
                call.send(None)

        counts.append(calls_made(run))
        assert len(seen) == size + 1
    assert counts[1] <= counts[0] * MANY / FEW * SLACK

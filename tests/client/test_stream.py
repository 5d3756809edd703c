"""All ways of using one call, alone and mixed."""

import asyncio
import contextlib
import gc
import inspect

import pytest

from fireworks_async._client.reader import AnswerReader
from fireworks_async._client.stream import Stream, StreamOpening
from fireworks_async._measure.timings import StreamTimings
from fireworks_async._protocol.dialects import CHAT
from fireworks_async._protocol.events import (
    ContentDeltaEvent,
    ContentDoneEvent,
    EventBuilder,
    FinishEvent,
    UsageEvent,
)
from fireworks_async._protocol.requests import WireRequest
from fireworks_async.errors import (
    BadRequestError,
    StreamStateError,
    StreamTruncatedError,
)
from tests.support.leaks import settle
from tests.support.scripted_transport import Answer, Hold, lost, ok
from tests.support.wire import DONE, USAGE, answer, chunk, sse

REQUEST = WireRequest("/chat/completions", {}, b"{}")
WHOLE = ["", "a", "b", "", ""]
FINISH = sse(chunk(finish_reason="stop"))
OPEN = Answer([sse(chunk("a")), sse(chunk("b")), Hold()])


class Rig:
    """One call, and the transport that it goes through."""

    def __init__(self, service, *, events=False):
        timings = StreamTimings()
        self.transport = service.transport
        attempts = service.attempts(REQUEST, {}, timings)
        self.reader = AnswerReader(
            CHAT, attempts, clock=service.transport.clock, timings=timings
        )
        self.stream = Stream(self.reader, EventBuilder().feed if events else _as_is)

    @property
    def ended(self):
        """How the lease of the only answer ended."""
        (response,) = self.transport.responses
        return response.ended


def _as_is(chunks):
    return chunks


@pytest.fixture
def rig_for(service_of):
    rigs = []

    def make(*answers, **options):
        events = options.pop("events", False)
        rigs.append(Rig(service_of(*answers, **options), events=events))
        return rigs[-1]

    yield make
    for rig in rigs:
        statistics = rig.transport.statistics()
        assert (statistics.in_flight, statistics.waiting) == (0, 0)
        assert rig.transport.limits == 0


async def taken(iterator, count=None):
    """The contents of the next chunks: all, or as many as told."""
    given = []
    async for item in iterator:
        given.append(item.content if hasattr(item, "content") else item)
        if len(given) == count:
            break
    return given


class TestIterating:
    async def test_gives_every_chunk(self, rig_for):
        rig = rig_for(ok("a", "b"))
        assert await taken(rig.stream) == WHOLE
        assert rig.ended == "finished"

    async def test_gives_the_chunks_of_one_read_one_by_one(self, rig_for):
        rig = rig_for(Answer([sse(*answer("a", "b"))]))
        assert await taken(rig.stream) == WHOLE

    async def test_again_gives_nothing(self, rig_for):
        rig = rig_for(ok("a", "b"))
        await taken(rig.stream)
        assert await taken(rig.stream) == []

    async def test_by_hand(self, rig_for):
        stream = rig_for(ok("a", "b")).stream
        given = []
        with contextlib.suppress(StopAsyncIteration):
            while True:
                given.append((await anext(stream)).content)
        assert given == WHOLE
        with pytest.raises(StopAsyncIteration):
            await anext(stream)

    async def test_raises_what_the_stream_failed_with_behind_what_came(self, rig_for):
        stream = rig_for(Answer([sse(chunk("a")) + DONE])).stream
        iterator = aiter(stream)
        assert (await anext(iterator)).content == "a"
        with pytest.raises(StreamTruncatedError):
            await anext(iterator)
        with pytest.raises(StreamTruncatedError):
            await taken(stream)

    async def test_by_two_tasks_at_once_is_refused(self, rig_for):
        rig = rig_for(OPEN)
        async with rig.stream as stream:
            first = asyncio.create_task(taken(stream))
            await settle()
            with pytest.raises(StreamStateError, match="another task"):
                await taken(stream)
            first.cancel()
            await asyncio.wait([first])


class TestLeaving:
    async def test_by_break_closes_at_the_loops_next_turn(self, rig_for):
        rig = rig_for(ok("a", "b"))
        assert await taken(rig.stream, 2) == ["", "a"]
        await settle()
        assert rig.ended == "closed"
        with pytest.raises(StreamStateError, match="left before its end"):
            await taken(rig.stream)

    async def test_by_an_exception_closes(self, rig_for):
        rig = rig_for(ok("a"))

        async def fail():
            async for _ in rig.stream:
                raise LookupError

        with pytest.raises(LookupError):
            await fail()
        await settle()
        assert rig.ended == "closed"

    async def test_by_return_closes(self, rig_for):
        rig = rig_for(ok("a"))

        async def first():
            async for each in rig.stream:
                return each.content
            return None

        assert await first() == ""
        await settle()
        assert rig.ended == "closed"

    async def test_by_being_cancelled_closes(self, rig_for):
        rig = rig_for(OPEN)
        task = asyncio.create_task(taken(rig.stream))
        await settle()
        task.cancel()
        await asyncio.wait([task])
        assert rig.ended == "closed"

    async def test_by_break_inside_the_streams_own_block_keeps_it_open(self, rig_for):
        rig = rig_for(ok("a", "b"))
        async with rig.stream as stream:
            assert await taken(stream, 2) == ["", "a"]
            await settle()
            assert rig.ended is None
            assert await taken(stream) == ["b", "", ""]
        assert rig.ended == "finished"

    async def test_the_block_closes_however_it_is_left(self, rig_for):
        rig = rig_for(ok("a"))
        async with rig.stream:
            pass
        assert rig.ended == "closed"
        rig = rig_for(ok("a"))
        with pytest.raises(LookupError):
            async with rig.stream:
                raise LookupError
        assert rig.ended == "closed"

    async def test_what_was_not_taken_of_a_read_is_gone(self, rig_for):
        rig = rig_for(Answer([sse(*answer("a", "b"))]))
        async with rig.stream as stream:
            await anext(stream)
        # The whole answer came in that read, so the stream has ended well.
        assert rig.ended == "finished"
        assert await taken(stream) == []

    async def test_the_iterators_own_close(self, rig_for):
        rig = rig_for(ok("a"))
        text = rig.stream.text()
        assert await anext(text) == "a"
        await text.aclose()
        assert rig.ended == "closed"

    async def test_an_iterator_that_was_never_begun_closes_nothing(self, rig_for):
        rig = rig_for(ok("a"))
        rig.stream.text()
        gc.collect()
        await settle()
        assert await taken(rig.stream.text()) == ["a"]


class TestCollecting:
    async def test_gives_the_whole(self, rig_for):
        rig = rig_for(ok("a", "b"))
        completion = await rig.stream
        assert completion.choices[0].message.content == "ab"
        assert completion.usage.total_tokens == USAGE["total_tokens"]
        assert rig.ended == "finished"

    async def test_twice_gives_equal_wholes(self, rig_for):
        rig = rig_for(ok("a"))
        first = await rig.stream
        assert await rig.stream == await rig.stream.collect() == first
        assert len(rig.transport.calls) == 1

    async def test_by_several_that_wait_one_after_the_other(self, rig_for):
        rig = rig_for(ok("a"))
        first = await asyncio.gather(rig.stream)
        assert first == [await rig.stream]

    async def test_after_iterating(self, rig_for):
        rig = rig_for(ok("a", "b"))
        await taken(rig.stream)
        assert (await rig.stream).choices[0].message.content == "ab"

    async def test_right_after_a_break(self, rig_for):
        rig = rig_for(ok("a", "b"))
        assert await taken(rig.stream, 2) == ["", "a"]
        completion = await rig.stream.collect()
        assert completion.choices[0].message.content == "ab"
        await settle()
        assert rig.ended == "finished"

    async def test_right_after_a_break_while_the_rest_is_awaited(self, rig_for):
        """The iterator that was left is finalized meanwhile, and must not close."""
        hold = Hold()
        rig = rig_for(Answer([sse(chunk("a")), hold, sse(chunk("b")), FINISH]))
        assert await taken(rig.stream, 1) == ["a"]
        collecting = asyncio.ensure_future(rig.stream.collect())
        await settle()
        assert rig.ended is None
        hold.release()
        assert (await collecting).choices[0].message.content == "ab"

    async def test_in_the_middle_of_a_read(self, rig_for):
        rig = rig_for(Answer([sse(*answer("a", "b"))]))
        assert await taken(rig.stream, 2) == ["", "a"]
        assert (await rig.stream).choices[0].message.content == "ab"
        assert await taken(rig.stream) == []

    async def test_too_late_after_a_break(self, rig_for):
        rig = rig_for(ok("a"))
        await taken(rig.stream, 1)
        await settle()
        with pytest.raises(StreamStateError):
            await rig.stream

    async def test_fails_with_what_had_come(self, rig_for):
        rig = rig_for(Answer([sse(chunk("a")), DONE]), max_retries=0)
        with pytest.raises(StreamTruncatedError) as caught:
            await rig.stream
        assert caught.value.partial == rig.stream.snapshot
        with pytest.raises(StreamTruncatedError) as again:
            await rig.stream
        assert again.value is caught.value

    async def test_is_repeated_when_cut_in_the_middle(self, rig_for):
        rig = rig_for(Answer([sse(chunk("x")), lost()]), ok("a"))
        assert (await rig.stream).choices[0].message.content == "a"
        assert rig.stream.response.retries_taken == 1

    async def test_is_not_repeated_once_a_chunk_was_seen(self, rig_for):
        rig = rig_for(Answer([sse(chunk("x")), lost()]), ok("a"))
        async with rig.stream as stream:
            await anext(stream)
            with pytest.raises(StreamTruncatedError):
                await stream.collect()
        assert len(rig.transport.calls) == 1

    async def test_inside_the_block(self, rig_for):
        rig = rig_for(ok("a"))
        async with rig.stream as stream:
            assert (await stream.collect()).choices[0].message.content == "a"

    async def test_as_a_task(self, rig_for):
        rig = rig_for(ok("a"))
        completion = await asyncio.ensure_future(rig.stream)
        assert completion.choices[0].message.content == "a"

    def test_it_is_awaitable_without_being_a_coroutine_that_warns(self, rig_for):
        stream = rig_for().stream
        assert inspect.isawaitable(stream)
        del stream
        gc.collect()


class TestTasks:
    async def test_a_task_collects(self, rig_for):
        rig = rig_for(ok("a", "b"))
        completion = await asyncio.create_task(rig.stream)
        assert completion.choices[0].message.content == "ab"

    async def test_a_cancelled_task_gives_the_connection_back(self, rig_for):
        rig = rig_for(OPEN)
        task = asyncio.create_task(rig.stream)
        await settle()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert rig.ended == "closed"


class TestEntering:
    async def test_sends_and_raises_statuses(self, rig_for):
        rig = rig_for(Answer(status=400))
        with pytest.raises(BadRequestError):
            await rig.stream.__aenter__()
        with pytest.raises(BadRequestError):
            await rig.stream

    async def test_gives_the_stream(self, rig_for):
        rig = rig_for(ok("a"))
        async with rig.stream as stream:
            assert stream is rig.stream
            assert rig.transport.responses[0].reads == 0
            assert stream.response.status == 200

    async def test_twice_sends_once(self, rig_for):
        rig = rig_for(ok("a"))
        async with rig.stream, rig.stream as stream:
            await stream
        assert len(rig.transport.calls) == 1


class TestViews:
    async def test_text(self, rig_for):
        steps = [
            sse(chunk("b", index=1), chunk("a"), chunk("")),
            sse(chunk(choices=[])),
            sse(chunk("c"), chunk(finish_reason="stop")),
            sse(chunk(index=1, finish_reason="stop")) + DONE,
        ]
        assert await taken(rig_for(Answer(steps)).stream.text()) == ["a", "c"]

    async def test_reasoning(self, rig_for):
        steps = [
            sse(chunk(delta={"reasoning_content": "x"})),
            sse(chunk(delta={"reasoning_content": ""}), chunk("a")),
            sse(chunk(delta={"reasoning_content": "y"}, finish_reason="stop")) + DONE,
        ]
        assert await taken(rig_for(Answer(steps)).stream.reasoning()) == ["x", "y"]

    async def test_events(self, rig_for):
        stream = rig_for(ok("a", "b")).stream
        assert [event async for event in stream.events()] == [
            ContentDeltaEvent(0, "a"),
            ContentDeltaEvent(0, "b"),
            ContentDoneEvent(0, "ab"),
            FinishEvent(0, "stop"),
            UsageEvent(stream.usage),
        ]

    async def test_a_stream_whose_items_are_events(self, rig_for):
        stream = rig_for(ok("a"), events=True).stream
        types = [event.type async for event in stream]
        assert types == ["content.delta", "content.done", "finish", "usage"]
        assert (await stream).choices[0].message.content == "a"

    async def test_batches(self, rig_for):
        steps = [sse(chunk("a"), chunk("b")), sse(chunk("c")), FINISH + DONE]
        stream = rig_for(Answer(steps)).stream
        sizes = [[each.content for each in batch] async for batch in stream.batches()]
        assert sizes == [["a", "b"], ["c"], [""]]

    async def test_batches_of_events_are_never_empty(self, rig_for):
        steps = [sse(chunk("")), sse(chunk("a"), chunk("b")), FINISH + DONE]
        stream = rig_for(Answer(steps), events=True).stream
        sizes = [[e.type for e in batch] async for batch in stream.batches()]
        assert sizes == [["content.delta"] * 2, ["content.done", "finish"]]

    async def test_each_is_left_like_the_stream_itself(self, rig_for):
        for name in ("text", "events", "batches"):
            rig = rig_for(ok("a", "b"))
            await taken(getattr(rig.stream, name)(), 1)
            await settle()
            assert rig.ended == "closed"

    async def test_one_goes_on_where_another_stopped(self, rig_for):
        contents = [chr(ord("a") + n) for n in range(8)]
        rig = rig_for(Answer([sse(*answer(*contents))]))
        async with rig.stream as stream:
            assert await taken(stream, 2) == ["", "a"]
            assert await taken(stream.text(), 2) == ["b", "c"]
            assert [len(batch) async for batch in stream.batches()] == [7]
            assert (await stream).choices[0].message.content == "abcdefgh"

    async def test_one_goes_on_where_another_stopped_between_reads(self, rig_for):
        rig = rig_for(ok("a", "b", "c", "d"))
        async with rig.stream as stream:
            assert await taken(stream, 2) == ["", "a"]
            assert await taken(stream.text(), 1) == ["b"]
            assert [
                e.delta async for e in stream.events() if e.type[-5:] == "delta"
            ] == [
                "c",
                "d",
            ]

    async def test_taken_over_at_once_an_iterator_that_is_finalized_closes_nothing(
        self, rig_for
    ):
        rig = rig_for(ok("a", "b"))
        assert await taken(rig.stream.text(), 1) == ["a"]
        assert await taken(rig.stream) == ["b", "", ""]
        assert rig.ended == "finished"


class TestClosing:
    async def test_is_idempotent(self, rig_for):
        rig = rig_for(ok("a"))
        await anext(rig.stream)
        await rig.stream.aclose()
        await rig.stream.aclose()
        assert rig.ended == "closed"
        with pytest.raises(StreamStateError):
            await anext(rig.stream)

    async def test_before_the_first_use(self, rig_for):
        rig = rig_for()
        await rig.stream.aclose()
        with pytest.raises(StreamStateError):
            await rig.stream
        assert rig.transport.calls == []

    async def test_after_the_end_changes_nothing(self, rig_for):
        rig = rig_for(ok("a"))
        completion = await rig.stream
        await rig.stream.aclose()
        assert await rig.stream == completion

    async def test_from_another_task(self, rig_for):
        rig = rig_for(OPEN)
        task = asyncio.create_task(taken(rig.stream))
        await settle()
        await rig.stream.aclose()
        with pytest.raises(StreamStateError):
            await task
        assert rig.ended == "closed"

    async def test_from_another_task_while_it_is_opened(self, rig_for):
        rig = rig_for(Answer(before=Hold()))
        task = asyncio.create_task(rig.stream.collect())
        await settle()
        await rig.stream.aclose()
        with pytest.raises(StreamStateError):
            await task

    async def test_as_other_clients_streams_are_closed(self, rig_for):
        rig = rig_for(ok("a"))
        await anext(rig.stream)
        await rig.stream.close()
        assert rig.ended == "closed"

    async def test_after_a_break_what_is_left_of_the_read_is_not_given(self, rig_for):
        steps = [sse(chunk("a"), chunk("b")), Hold()]
        rig = rig_for(Answer(steps))
        async with rig.stream as stream:
            await anext(stream)
            await stream.aclose()
            with pytest.raises(StreamStateError):
                await anext(stream)


class TestThrownAway:
    async def test_live_it_warns_once_and_closes(self, rig_for):
        rig = rig_for(ok("a"))
        await anext(rig.stream)
        with pytest.warns(ResourceWarning) as warned:
            del rig.stream
        gc.collect()
        assert [str(w.message) for w in warned] == [
            "unclosed <Stream streaming>: use it in `async with`, or call aclose()"
        ]
        assert rig.ended == "closed"

    async def test_after_the_client_was_closed_it_is_silent(self, rig_for):
        rig = rig_for(ok("a"))
        await anext(rig.stream)
        rig.transport.responses[0].close()
        del rig.stream
        gc.collect()
        rig.reader.close()

    @pytest.mark.parametrize("state", ["unused", "ended", "closed", "failed", "left"])
    async def test_otherwise_it_is_silent(self, rig_for, state):
        rig = rig_for(Answer(status=400) if state == "failed" else ok("a"))
        if state == "ended":
            await rig.stream
        elif state == "closed":
            await anext(rig.stream)
            await rig.stream.aclose()
        elif state == "failed":
            with contextlib.suppress(BadRequestError):
                await rig.stream
        elif state == "left":
            await taken(rig.stream, 1)
        await settle()
        del rig.stream
        gc.collect()


class TestWhatIsKnown:
    async def test_before_the_first_use(self, rig_for):
        stream = rig_for().stream
        assert repr(stream) == "<Stream not sent>"
        assert stream.snapshot.choices == []
        assert stream.usage is stream.finish_reason is None
        assert stream.timings == StreamTimings()
        with pytest.raises(StreamStateError, match="no answer has come yet"):
            _ = stream.response

    async def test_on_the_way(self, rig_for):
        stream = rig_for(ok("a", "b")).stream
        seen = []
        async for _ in stream:
            choices = stream.snapshot.choices
            content = choices[0].message.content if choices else None
            usage = stream.usage and stream.usage.total_tokens
            seen.append((content, stream.finish_reason, usage))
        assert seen == [
            ("", None, None),
            ("a", None, None),
            ("ab", None, None),
            ("ab", "stop", None),
            ("ab", "stop", 12),
        ]
        assert repr(stream) == "<Stream done>"
        assert stream.timings.ttft == 0

    async def test_after_an_error(self, rig_for):
        stream = rig_for(Answer([sse(chunk("a")), DONE]), max_retries=0).stream
        with pytest.raises(StreamTruncatedError):
            await stream
        assert stream.snapshot.choices[0].message.content == "a"
        assert stream.response.status == 200
        assert repr(stream) == "<Stream failed>"


class TestOpenings:
    """What ``stream=True`` gives."""

    def opening_of(self, rig):
        return StreamOpening(rig.stream, rig.reader)

    async def test_awaited_it_is_the_opened_stream(self, rig_for):
        rig = rig_for(ok("a", "b"))
        stream = await self.opening_of(rig)
        assert stream is rig.stream
        assert len(rig.transport.calls) == 1
        assert rig.transport.responses[0].reads == 0
        assert await taken(stream) == WHOLE

    async def test_it_is_read_as_the_stream_itself(self, rig_for):
        opening = self.opening_of(rig_for(ok("a", "b")))
        assert (await anext(opening)).content == ""
        assert await taken(opening.text()) == ["a", "b"]
        assert (await opening.collect()) == opening.snapshot
        assert opening.response.status == 200
        with pytest.raises(AttributeError):
            _ = opening.snapshto

    async def test_as_a_task(self, rig_for):
        rig = rig_for(ok("a", "b"))
        stream = await asyncio.create_task(self.opening_of(rig))
        assert await taken(stream) == WHOLE

    async def test_closed(self, rig_for):
        rig = rig_for()
        await self.opening_of(rig).close()
        with pytest.raises(StreamStateError):
            await rig.stream

    async def test_awaited_it_raises_statuses(self, rig_for):
        with pytest.raises(BadRequestError):
            await self.opening_of(rig_for(Answer(status=400)))

    async def test_awaited_twice_it_is_sent_once(self, rig_for):
        rig = rig_for(ok("a"))
        opening = self.opening_of(rig)
        assert await opening is await opening
        assert len(rig.transport.calls) == 1
        await rig.stream.aclose()

    async def test_iterated(self, rig_for):
        opening = self.opening_of(rig_for(ok("a", "b")))
        assert [each.content async for each in opening] == WHOLE

    async def test_entered(self, rig_for):
        rig = rig_for(ok("a"))
        async with self.opening_of(rig) as stream:
            assert await taken(stream, 1) == [""]
        assert rig.ended == "closed"

    async def test_awaited_and_entered(self, rig_for):
        rig = rig_for(ok("a"))
        async with await self.opening_of(rig) as stream:
            assert await taken(stream.text()) == ["a"]
        assert rig.ended == "finished"

    async def test_unused(self, rig_for):
        rig = rig_for()
        self.opening_of(rig)
        gc.collect()
        assert rig.transport.calls == []

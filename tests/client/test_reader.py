"""Reading one call's answer: batch by batch, to a known end."""

import asyncio
import json

import pytest

from fireworks_async._client.reader import AnswerReader
from fireworks_async._measure.timings import StreamTimings
from fireworks_async._policy.retry import RetryBudget
from fireworks_async._policy.timeouts import Timeout
from fireworks_async._protocol.dialects import CHAT
from fireworks_async._protocol.requests import WireRequest
from fireworks_async.errors import (
    APIConnectionError,
    APITimeoutError,
    BadRequestError,
    ClientClosedError,
    FireworksError,
    RateLimitError,
    ServiceUnavailableError,
    StreamProtocolError,
    StreamServerError,
    StreamStateError,
    StreamTruncatedError,
)
from tests.support.calls import KEY
from tests.support.leaks import settle
from tests.support.recorded import CHAT_ANSWERS, CHAT_FAILURES
from tests.support.scripted_transport import Answer, Hold, lost, ok
from tests.support.wire import DONE, USAGE, answer, chunk, sse

REQUEST = WireRequest("/chat/completions", {}, b"{}")
FINISH = sse(chunk(finish_reason="stop"))
ERROR = sse({"error": {"message": "m"}})
BUSY = sse({"error": {"message": "m", "code": 503}})


def reader_of(service, *, asked=1, **options):
    timings = StreamTimings()
    attempts = service.attempts(REQUEST, options, timings)
    clock = service.transport.clock
    return AnswerReader(CHAT, attempts, clock=clock, timings=timings, asked=asked)


def texts(chunks):
    return [each.content for each in chunks]


async def batches(reader, *, hand_out=False):
    """All batches, as their texts."""
    given = []
    while batch := await reader.next_batch():
        given.append(texts(batch))
        if hand_out:
            reader.hand_out()
    return given


def text_of(reader):
    return reader.collector.result().choices[0].message.content


async def failed(reader, kind, *, hand_out=False):
    """What reading on fails with, now and whenever it is asked again."""
    with pytest.raises(kind) as caught:
        await batches(reader, hand_out=hand_out)
    error = caught.value
    assert type(error) is kind
    for ask in (reader.next_batch, reader.open):
        with pytest.raises(kind) as again:
            await ask()
        assert again.value is error
    assert error.__cause__ is error.__context__ is None
    assert not reader.is_live
    assert reader.state == "failed"
    return error


@pytest.fixture
def idle():
    """Holds services to having nothing in flight at the end."""
    services = []
    yield services.append
    for service in services:
        statistics = service.transport.statistics()
        assert (statistics.in_flight, statistics.waiting) == (0, 0)
        assert service.transport.limits == 0


@pytest.fixture
def service_of(service_of, idle):
    def make(*answers, **config):
        service = service_of(*answers, **config)
        idle(service)
        return service

    return make


class TestWholeAnswers:
    async def test_come_batch_by_batch(self, service_of):
        first = sse(chunk("a"), chunk("b"))
        service = service_of(Answer([first, sse(chunk("c")), FINISH + DONE]))
        reader = reader_of(service)
        assert reader.state == "not sent"
        assert not reader.is_live
        assert await batches(reader) == [["a", "b"], ["c"], [""]]
        assert reader.state == "done"
        assert not reader.is_live
        assert service.transport.responses[0].ended == "finished"
        assert text_of(reader) == "abc"

    async def test_are_over_for_good(self, service_of):
        service = service_of(ok("a"))
        reader = reader_of(service)
        await batches(reader)
        reads = service.transport.responses[0].reads
        assert await reader.next_batch() == await reader.next_batch() == []
        await reader.open()
        reader.close()
        assert await reader.next_batch() == []
        assert reader.state == "done"
        assert service.transport.responses[0].reads == reads

    async def test_end_at_the_sentinel_and_read_no_further(self, service_of):
        service = service_of(Answer([FINISH, DONE, ERROR]))
        await batches(reader_of(service))
        assert service.transport.responses[0].left == 1

    async def test_reads_without_chunks_are_no_batches(self, service_of):
        event = sse(chunk("a"))
        parts = [b": hi\n\n", event[:9], event[9:], b": ho\n\n", FINISH, DONE]
        assert await batches(reader_of(service_of(Answer(parts)))) == [["a"], [""]]

    async def test_may_be_opened_first(self, service_of):
        service = service_of(ok("a"))
        reader = reader_of(service)
        await reader.open()
        assert reader.is_live
        assert reader.state == "open"
        assert service.transport.responses[0].reads == 0
        await reader.open()
        assert len(service.transport.calls) == 1
        await reader.next_batch()
        assert reader.state == "streaming"
        await batches(reader)

    @pytest.mark.parametrize("recording", CHAT_ANSWERS, ids=lambda r: r.name)
    async def test_recorded(self, service_of, recording):
        reader = reader_of(service_of(Answer([recording.body])))
        await batches(reader)
        assert reader.state == "done"
        assert (text_of(reader) or "") == recording.text

    @pytest.mark.parametrize("end", ["sentinel", "end", "loss"])
    async def test_end_well_in_any_way_once_every_choice_is_finished(
        self, service_of, end
    ):
        steps = {"sentinel": [DONE], "end": [], "loss": [lost()]}[end]
        service = service_of(Answer([sse(chunk("a")), FINISH, *steps]))
        reader = reader_of(service)
        assert await batches(reader) == [["a"], [""]]
        assert reader.state == "done"
        assert service.transport.responses[0].ended == "finished"

    async def test_of_plain_json(self, service_of):
        message = {"role": "assistant", "content": "a"}
        body = json.dumps(
            {"choices": [{"message": message, "finish_reason": "stop"}]}
        ).encode()
        plain = Answer(
            [body[:9], body[9:]], headers={"content-type": "application/json"}
        )
        reader = reader_of(service_of(plain))
        assert await batches(reader) == [["a"]]
        assert reader.state == "done"


class TestTruncatedAnswers:
    @pytest.mark.parametrize(
        ("end", "text"),
        [
            ([DONE], "[DONE] came"),
            ([], "the answer ended"),
            ([lost()], "the connection was lost"),
        ],
        ids=["sentinel", "end", "loss"],
    )
    @pytest.mark.parametrize("joined", [False, True])
    async def test_are_errors_with_what_had_come(self, service_of, end, text, joined):
        steps = [sse(chunk("a")), *end]
        if joined and isinstance(steps[-1], bytes):
            steps = [b"".join(steps)]
        service = service_of(Answer(steps), max_retries=0)
        reader = reader_of(service)
        error = await failed(reader, StreamTruncatedError)
        assert str(error) == (
            f"{text} before every choice had its finish_reason "
            "(request id req-scripted)"
        )
        assert error.partial == reader.collector.result()
        assert error.partial.choices[0].message.content == "a"
        assert service.transport.responses[0].ended == "closed"

    async def test_before_any_chunk_have_no_partial(self, service_of):
        reader = reader_of(service_of(Answer([DONE])), max_retries=0)
        assert (await failed(reader, StreamTruncatedError)).partial is None

    async def test_with_one_choice_unfinished(self, service_of):
        steps = [sse(chunk("a"), chunk("b", index=1)), FINISH, DONE]
        reader = reader_of(service_of(Answer(steps)), max_retries=0)
        error = await failed(reader, StreamTruncatedError)
        assert [c.finish_reason for c in error.partial.choices] == ["stop", None]

    @pytest.mark.parametrize("end", [[], [lost()]], ids=["end", "loss"])
    async def test_with_a_choice_that_never_began(self, service_of, end):
        service = service_of(Answer([sse(chunk("a")) + FINISH, *end]))
        reader = reader_of(service, asked=2, max_retries=0)
        error = await failed(reader, StreamTruncatedError)
        assert [c.finish_reason for c in error.partial.choices] == ["stop"]

    async def test_a_server_may_say_that_there_are_fewer_choices(self, service_of):
        whole = {"choices": [{"message": {"content": "a"}, "finish_reason": "stop"}]}
        as_json = {"content-type": "application/json"}
        for told in (
            Answer([sse(chunk("a")) + FINISH + DONE]),
            Answer([json.dumps(whole).encode()], headers=as_json),
        ):
            reader = reader_of(service_of(told), asked=2, max_retries=0)
            await batches(reader)
            assert text_of(reader) == "a"

    async def test_what_came_with_the_end_is_given_before_the_error(self, service_of):
        answers = Answer([sse(chunk("a")) + DONE])
        reader = reader_of(service_of(answers), max_retries=0)
        assert texts(await reader.next_batch()) == ["a"]
        await failed(reader, StreamTruncatedError)


class TestFailures:
    async def test_reported_in_the_stream(self, service_of):
        service = service_of(Answer([sse(chunk("a")) + ERROR + sse(chunk("b"))]))
        reader = reader_of(service)
        assert texts(await reader.next_batch()) == ["a"]
        error = await failed(reader, StreamServerError)
        assert error.partial.choices[0].message.content == "a"
        assert error.request_id == "req-scripted"
        assert service.transport.responses[0].ended == "closed"

    async def test_reported_after_the_finish(self, service_of):
        reader = reader_of(service_of(Answer([FINISH, ERROR])))
        error = await failed(reader, StreamServerError)
        assert error.partial.choices[0].finish_reason == "stop"

    async def test_of_what_is_no_stream(self, service_of):
        reader = reader_of(service_of(Answer([b"<html>"])))
        error = await failed(reader, StreamProtocolError)
        assert error.partial is None

    async def test_statuses(self, service_of):
        reader = reader_of(service_of(Answer(status=400)))
        with pytest.raises(BadRequestError):
            await reader.open()
        await failed(reader, BadRequestError)
        with pytest.raises(StreamStateError):
            _ = reader.info

    @pytest.mark.parametrize("recording", CHAT_FAILURES, ids=lambda r: r.name)
    async def test_recorded(self, service_of, recording):
        service = service_of(Answer([recording.body]), max_retries=0)
        reader = reader_of(service)
        with pytest.raises(Exception) as caught:  # noqa: PT011 - its class is looked at
            await batches(reader)
        assert type(caught.value).__name__ == recording.expected["error"]
        assert (text_of(reader) if recording.text else "") == recording.text

    async def test_of_the_key_callable_leave_nothing(self, service_of):
        async def give():
            raise LookupError

        reader = reader_of(service_of(api_key=give))
        with pytest.raises(LookupError):
            await reader.open()
        with pytest.raises(StreamStateError):
            await reader.next_batch()

    async def test_show_no_key_that_the_server_repeats(self, service_of):
        said = sse({"error": {"message": f"bad key {KEY}"}})
        reader = reader_of(service_of(Answer([said])))
        error = await failed(reader, StreamServerError)
        assert error.message == "bad key ***"


class TestRepeating:
    @pytest.mark.parametrize(
        "first",
        [
            pytest.param(Answer(status=503), id="status"),
            pytest.param(Answer(before=lost()), id="no answer"),
            pytest.param(Answer([lost()]), id="lost at once"),
            pytest.param(Answer([DONE]), id="ended at once"),
            pytest.param(Answer([BUSY]), id="error in the stream"),
            pytest.param(Answer([b": hi\n\n", lost()]), id="lost after comments"),
        ],
    )
    @pytest.mark.parametrize("opened", [True, False])
    async def test_before_any_chunk_was_handed_out(self, service_of, first, opened):
        service = service_of(first, ok("a"))
        reader = reader_of(service)
        if opened:
            await reader.open()
        assert (await batches(reader, hand_out=True))[1] == ["a"]
        assert len(service.transport.calls) == 2
        assert reader.info.retries_taken == 1

    @pytest.mark.parametrize("end", [[lost()], [DONE], [], [BUSY]])
    async def test_never_afterwards(self, service_of, end):
        service = service_of(Answer([sse(chunk("a")), *end]), ok())
        reader = reader_of(service)
        with pytest.raises((StreamTruncatedError, ServiceUnavailableError)):
            await batches(reader, hand_out=True)
        assert len(service.transport.calls) == 1

    async def test_in_the_middle_when_nothing_was_handed_out(self, service_of):
        """As for a call that is collected; what came of the first attempt is gone."""
        first = Answer([sse(chunk("x"), chunk("y", index=1), chunk(usage=USAGE)), DONE])
        service = service_of(first, Answer([sse(chunk("a")), lost()]), ok("b"))
        reader = reader_of(service)
        await batches(reader)
        result = reader.collector.result()
        assert [c.message.content for c in result.choices] == ["b"]
        assert reader.info.retries_taken == 2
        assert [r.ended for r in service.transport.responses] == [
            "closed",
            "closed",
            "finished",
        ]

    async def test_not_what_another_attempt_would_not_cure(self, service_of):
        for steps in ([ERROR], [b"<html>"]):
            service = service_of(Answer(steps), ok())
            with pytest.raises((StreamServerError, StreamProtocolError)):
                await batches(reader_of(service))
            assert len(service.transport.calls) == 1

    async def test_no_more_often_than_asked(self, service_of):
        service = service_of(*[Answer([sse(chunk("a")), lost()]) for _ in range(3)])
        reader = reader_of(service)
        error = await failed(reader, StreamTruncatedError)
        assert len(service.transport.calls) == 3
        assert error.partial.choices[0].message.content == "a"

    async def test_and_failing_before_an_answer_keeps_what_had_come(self, service_of):
        service = service_of(
            Answer([sse(chunk("a")), lost()]),
            Answer(before=APIConnectionError("refused")),
            max_retries=1,
        )
        error = await failed(reader_of(service), APIConnectionError)
        assert error.partial.choices[0].message.content == "a"

    async def test_within_one_budget(self, service_of):
        budget = RetryBudget(capacity=1)
        service = service_of(Answer(status=503), Answer([DONE]), budget=budget)
        await failed(reader_of(service), StreamTruncatedError)
        assert len(service.transport.calls) == 2
        assert budget.balance == 0

    async def test_a_success_pays_into_the_budget(self, service_of):
        budget = RetryBudget(capacity=5)
        for _ in range(5):
            budget.try_spend()
        reader = reader_of(service_of(ok(), budget=budget))
        await batches(reader)
        reader.close()
        assert budget.balance == pytest.approx(0.2)

    async def test_a_stream_that_was_left_pays_nothing(self, service_of):
        budget = RetryBudget(capacity=5)
        budget.try_spend()
        reader = reader_of(service_of(ok(), budget=budget))
        await reader.next_batch()
        reader.close()
        assert budget.balance == 4

    async def test_holds_nothing_meanwhile(self, service_of, clock):
        clock.jumps = False
        service = service_of(Answer([sse(chunk("a")), lost()]), ok("b"), ok(), limit=1)
        reader = reader_of(service)
        task = asyncio.create_task(batches(reader))
        await settle()
        assert service.transport.statistics().in_flight == 0
        other = reader_of(service)
        await batches(other)
        clock.advance(1)
        await task


class TestTime:
    @pytest.mark.parametrize(
        ("came", "asked"),
        [
            pytest.param(sse(chunk("a")), 1, id="in a choice"),
            pytest.param(sse(chunk("a")) + FINISH, 2, id="before the second choice"),
        ],
    )
    async def test_silence_between_events_is_a_failure(
        self, service_of, clock, came, asked
    ):
        clock.jumps = False
        service = service_of(Answer([came, Hold()]))
        reader = reader_of(service, asked=asked, timeout=Timeout(receive=5))
        await reader.next_batch()
        task = asyncio.create_task(failed(reader, APITimeoutError))
        await settle()
        clock.advance(5.1)
        error = await task
        assert error.phase == "receive"
        assert error.partial.choices[0].message.content == "a"
        assert service.transport.responses[0].ended == "closed"
        assert len(service.transport.calls) == 1

    @pytest.mark.parametrize(
        "nothing",
        [
            pytest.param(b": ping\n\n", id="comments"),
            pytest.param(b"event: ping\ndata: x\n\n", id="heartbeats"),
            pytest.param(b"\n\n", id="blank lines"),
            pytest.param(b"d", id="parts of an event"),
            pytest.param(sse(chunk("")), id="empty deltas"),
            pytest.param(sse(chunk(choices=[])), id="chunks without choices"),
        ],
    )
    async def test_bytes_that_say_nothing_are_silence(self, service_of, clock, nothing):
        clock.jumps = False
        holds = [Hold() for _ in range(9)]
        steps = [step for hold in holds for step in (hold, nothing)]
        service = service_of(Answer([sse(chunk("a")), *steps]))
        reader = reader_of(service, timeout=Timeout(receive=5))
        await reader.next_batch()
        task = asyncio.create_task(batches(reader))
        for hold in holds:
            await settle()
            clock.advance(0.9)
            hold.release()
        await settle()
        reader.close()
        with pytest.raises(APITimeoutError):
            await task

    async def test_events_restart_the_clock(self, service_of, clock):
        clock.jumps = False
        holds = [Hold() for _ in range(9)]
        steps = [step for hold in holds for step in (hold, sse(chunk("a")))]
        service = service_of(Answer([*steps, FINISH]))
        reader = reader_of(service, timeout=Timeout(receive=1))
        task = asyncio.create_task(batches(reader))
        for hold in holds:
            await settle()
            clock.advance(0.9)
            hold.release()
        assert len(await task) == 10

    async def test_the_callers_own_time_does_not_count(self, service_of, clock):
        reader = reader_of(service_of(ok("a", "b")), timeout=Timeout(receive=1))
        while await reader.next_batch():
            clock.advance(60)
        assert reader.state == "done"

    async def test_after_the_finish_silence_is_a_good_end(self, service_of, clock):
        clock.jumps = False
        service = service_of(Answer([sse(chunk("a")), FINISH, Hold()]))
        reader = reader_of(service, timeout=Timeout(receive=1))
        task = asyncio.create_task(batches(reader))
        await settle()
        clock.advance(1.1)
        assert await task == [["a"], [""]]
        assert reader.state == "done"

    async def test_after_the_finish_empty_deltas_that_go_on_are_a_good_end(
        self, service_of, clock
    ):
        clock.jumps = False
        holds = [Hold() for _ in range(9)]
        steps = [step for hold in holds for step in (hold, sse(chunk("")))]
        service = service_of(Answer([sse(chunk("a")) + FINISH, *steps, Hold()]))
        reader = reader_of(service, timeout=Timeout(receive=1))
        task = asyncio.create_task(batches(reader))
        for hold in holds:
            await settle()
            clock.advance(0.3)
            hold.release()
        await settle()
        reader.close()
        await task
        assert reader.state == "done"

    async def test_the_total_ends_a_stream_that_flows(self, service_of, clock):
        service = service_of(Answer([sse(chunk("a"))] * 20))
        reader = reader_of(service, timeout=Timeout(total=5))
        given = 0
        with pytest.raises(APITimeoutError) as caught:  # noqa: PT012 - which read
            while await reader.next_batch():
                given += 1
                clock.advance(1)
                await settle()
        assert caught.value.phase == "total"
        assert 5 <= given <= 7

    async def test_marks(self, service_of, clock):
        holds = [Hold() for _ in range(4)]
        steps = [
            *(sse(chunk(delta={"role": "assistant", "content": ""})), holds[0]),
            *(sse(chunk("a")), holds[1], sse(chunk("b")), holds[2]),
            *(FINISH, holds[3], DONE),
        ]
        reader = reader_of(service_of(Answer(steps)))
        assert reader.timings == StreamTimings()
        task = asyncio.create_task(batches(reader))
        for hold in holds:
            await settle()
            clock.advance(1)
            hold.release()
        await task
        assert reader.timings == StreamTimings(
            queued_at=1_000,
            sent_at=1_000,
            headers_at=1_000,
            first_delta_at=1_001,
            last_delta_at=1_002,
            done_at=1_004,
        )

    async def test_marks_of_a_repeated_call_are_of_the_last_attempt(self, service_of):
        service = service_of(Answer([sse(chunk("a")), lost()]), Answer([FINISH]))
        reader = reader_of(service)
        await batches(reader)
        assert reader.timings == StreamTimings(
            queued_at=1_000, sent_at=1_000.5, headers_at=1_000.5, done_at=1_000.5
        )

    async def test_a_refusal_after_a_cut_has_no_first_token(self, service_of):
        cut, refused = Answer([sse(chunk("a")), lost()]), Answer(status=400)
        reader = reader_of(service_of(cut, refused))
        await failed(reader, BadRequestError)
        assert reader.timings.sent_at == 1_000.5
        assert reader.timings.ttft is None

    async def test_marks_of_a_stream_that_fails(self, service_of, clock):
        reader = reader_of(service_of(Answer([sse(chunk("a")), ERROR])))
        await reader.next_batch()
        clock.advance(1)
        await failed(reader, StreamServerError)
        clock.advance(1)
        reader.close()
        assert reader.timings.done_at == 1_001


class TestClosing:
    async def test_closes_the_connection_at_once(self, service_of):
        service = service_of(ok("a"))
        reader = reader_of(service)
        await reader.next_batch()
        reader.close()
        reader.close()
        assert service.transport.responses[0].ended == "closed"
        assert reader.state == "failed"
        error = await failed(reader, StreamStateError)
        assert "left before its end" in str(error)
        assert text_of(reader) == ""

    async def test_before_the_call_was_sent(self, service_of):
        service = service_of()
        reader = reader_of(service)
        reader.close()
        await failed(reader, StreamStateError)
        assert service.transport.calls == []

    async def test_while_another_task_reads(self, service_of):
        service = service_of(Answer([sse(chunk("a")), Hold()]))
        reader = reader_of(service)
        await reader.next_batch()
        task = asyncio.create_task(failed(reader, StreamStateError))
        await settle()
        reader.close()
        await task
        assert service.transport.responses[0].ended == "closed"

    @pytest.mark.parametrize("stage", ["headers", "admission", "backoff", "refusal"])
    async def test_while_another_task_opens(self, service_of, clock, stage):
        clock.jumps = False
        first = {
            "headers": Answer(before=Hold()),
            "admission": ok(),
            "backoff": Answer(status=503),
            "refusal": Answer([Hold()], status=400),
        }[stage]
        limit = 0 if stage == "admission" else 1
        reader = reader_of(service_of(first, ok(), limit=limit))
        task = asyncio.create_task(reader.open())
        await settle()
        assert not task.done()
        reader.close()
        with pytest.raises(StreamStateError):
            await task
        assert not reader.is_live
        await failed(reader, StreamStateError)

    async def test_by_being_cancelled(self, service_of):
        service = service_of(Answer([sse(chunk("a")), Hold()]))
        reader = reader_of(service)
        await reader.next_batch()
        task = asyncio.create_task(batches(reader))
        await settle()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        assert service.transport.responses[0].ended == "closed"
        await failed(reader, StreamStateError)

    @pytest.mark.parametrize(
        "last",
        [
            pytest.param(sse(chunk("b")), id="chunk"),
            pytest.param(FINISH + DONE, id="end"),
            pytest.param(sse(chunk("b")) + DONE, id="truncation"),
            pytest.param(sse(chunk("b")) + ERROR, id="error"),
            pytest.param(ERROR, id="error alone"),
            pytest.param(b": hi\n\n", id="comment"),
        ],
    )
    async def test_in_the_step_in_which_bytes_come(self, service_of, last):
        """Either counts; but a stream that was closed is not read to an end."""
        hold = Hold()
        service = service_of(Answer([sse(chunk("a")), hold, last, Hold()]))
        reader = reader_of(service, max_retries=0)
        await reader.next_batch()
        task = asyncio.create_task(reader.next_batch())
        await settle()
        hold.release()
        reader.close()
        await asyncio.wait([task])
        problem = task.exception()
        assert problem is None or isinstance(problem, FireworksError)
        assert service.transport.responses[0].ended == "closed"
        assert not reader.is_live
        await failed(reader, StreamStateError if problem is None else type(problem))

    async def test_with_the_client(self, service_of):
        service = service_of(Answer([sse(chunk("a")), Hold()]))
        reader = reader_of(service)
        await reader.next_batch()
        task = asyncio.create_task(failed(reader, ClientClosedError))
        await settle()
        await service.transport.aclose()
        await task


class TestTwoReaders:
    async def test_the_second_is_told(self, service_of):
        headers, body = Hold(), Hold()
        reader = reader_of(service_of(Answer([body, FINISH], before=headers)))
        task = asyncio.create_task(batches(reader))
        await settle()
        for ask in (reader.next_batch, reader.open):
            with pytest.raises(StreamStateError, match="another task is reading"):
                await ask()
        headers.release()
        await settle()
        with pytest.raises(StreamStateError, match="another task is reading"):
            await reader.next_batch()
        body.release()
        assert await task == [[""]]

    async def test_one_after_the_other_may_read(self, service_of):
        reader = reader_of(service_of(ok("a", "b")))
        await asyncio.create_task(reader.next_batch())
        await asyncio.create_task(reader.next_batch())
        await batches(reader)


class TestInfo:
    async def test_before_an_answer_there_is_none(self, service_of):
        with pytest.raises(StreamStateError, match="no answer has come yet"):
            _ = reader_of(service_of()).info

    async def test_of_the_answer(self, service_of):
        reader = reader_of(service_of(ok()))
        await reader.open()
        info = reader.info
        assert (info.status, info.request_id, info.retries_taken) == (
            200,
            "req-scripted",
            0,
        )
        assert info.headers["content-type"] == "text/event-stream"
        assert info.perf_metrics is None
        await batches(reader)
        assert reader.info == info

    async def test_with_metrics_of_the_body(self, service_of):
        last = sse(chunk(finish_reason="stop", perf_metrics={"x": "1"}))
        reader = reader_of(service_of(Answer([last])))
        await batches(reader)
        assert reader.info.perf_metrics == {"x": "1"}
        assert reader.info.request_id == "req-scripted"

    async def test_stays_after_a_failure(self, service_of):
        limited = Answer(
            [sse(chunk("a")), sse({"error": {"message": "m", "code": 429}})]
        )
        reader = reader_of(service_of(limited), max_retries=0)
        await failed(reader, RateLimitError)
        assert reader.info.status == 200


async def test_a_whole_answer_in_one_read(service_of):
    reader = reader_of(service_of(Answer([sse(*answer("a", "b"))])))
    assert await batches(reader) == [["", "a", "b", "", ""]]
    assert reader.state == "done"

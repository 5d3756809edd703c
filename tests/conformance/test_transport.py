"""What every ``Transport`` promises: the pool over sockets, and the fake that tests use.

Each test is run for both, so that whatever passes over the fake passes over the pool.
"""

import asyncio
from contextlib import AsyncExitStack

import pytest

from fireworks_async._measure.timings import StreamTimings
from fireworks_async._net.interfaces import WireCall
from fireworks_async._net.pool import SessionPool
from fireworks_async._policy.timeouts import Timeout
from fireworks_async.errors import (
    APIConnectionError,
    APITimeoutError,
    ClientClosedError,
    StreamStateError,
)
from tests.support.leaks import settle
from tests.support.manual_clock import ManualClock
from tests.support.raw_server import Fin, RawServer, Send
from tests.support.scripted_transport import Answer, Hold, ScriptedTransport, lost
from tests.support.wire import LAST_CHUNK, head, http_chunk

SHORT = 0.02
# Well beyond what a limit may be late.
LATER = 0.1


class _Held:
    """A step of the raw server that waits like one of the fake's."""

    def __init__(self, hold):
        self.hold = hold

    async def play(self, connection):
        await self.hold.wait()


def as_script(answer):
    """The same answer as bytes on the wire."""
    before = answer.before
    if isinstance(before, Exception):
        return [Fin()]
    headers = {**answer.headers, "transfer-encoding": "chunked"}
    script = [_Held(before)] if before is not None else []
    script.append(Send(head(answer.status, headers)))
    for step in answer.steps:
        if isinstance(step, Hold):
            script.append(_Held(step))
        elif isinstance(step, Exception):
            return [*script, Fin()]
        else:
            script.append(Send(http_chunk(step)))
    return [*script, Send(LAST_CHUNK)]


class PoolRig:
    """The pool, against a server of literal bytes."""

    def __init__(self, stack, limit):
        self._stack = stack
        self.transport = SessionPool(limit=limit)
        self.url = ""

    async def play(self, *answers):
        server = RawServer(*map(as_script, answers))
        await self._stack.enter_async_context(server)
        self._stack.push_async_callback(self.transport.aclose)
        self._server = server
        self.url = server.base_url

    async def sent(self, count):
        """Wait until so many calls have reached the server, and been answered."""
        await self._server.request(count - 1)
        await self.settle()

    async def settle(self):
        # What is on its way through the loopback arrives within a few turns.
        for _ in range(20):
            await asyncio.sleep(0)

    async def later(self):
        await asyncio.sleep(LATER)


class FakeRig:
    """The fake, with a clock that is moved by hand."""

    def __init__(self, stack, limit):
        self.clock = ManualClock()
        self.transport = ScriptedTransport(limit=limit, clock=self.clock)
        self.url = "http://scripted/v1"

    async def play(self, *answers):
        self.transport.play(*answers)

    async def sent(self, count):
        await self.settle()
        assert len(self.transport.calls) >= count

    async def settle(self):
        await settle()

    async def later(self):
        await settle()
        self.clock.advance(LATER)
        await settle()


@pytest.fixture(params=[PoolRig, FakeRig], ids=["pool", "fake"])
async def rig_of(request):
    async with AsyncExitStack() as stack:

        async def make(*answers, limit=10):
            rig = request.param(stack, limit)
            await rig.play(*answers)
            rigs.append(rig)
            return rig

        rigs = []
        yield make
        for rig in rigs:
            assert idle(rig)


def idle(rig):
    statistics = rig.transport.statistics()
    return (statistics.in_flight, statistics.waiting) == (0, 0)


async def send(rig, limits=None, *, timings=None, body=b"{}"):
    limit = rig.transport.limit(limits or Timeout())
    call = WireCall("POST", f"{rig.url}/x", {"X-A": "b"}, body)
    try:
        return await rig.transport.send(
            call, limit=limit, timings=timings or StreamTimings()
        )
    finally:
        limit.close()


async def read_all(response):
    parts = []
    while data := await response.read():
        parts.append(data)
    return b"".join(parts)


async def ended(task, kind):
    """What a task failed with; of exactly this class."""
    async with asyncio.timeout(2):
        await asyncio.wait([task])
    error = task.exception()
    assert type(error) is kind, error
    return error


class TestAnswers:
    async def test_have_a_status_headers_and_a_body(self, rig_of):
        answer = Answer([b"one", b"two"], status=207, headers={"x-thing": "1"})
        rig = await rig_of(answer)
        response = await send(rig)
        assert response.status == 207
        assert response.headers["x-thing"] == "1"
        assert response.headers.get("x-other") is None
        assert dict(response.headers.items())
        assert await read_all(response) == b"onetwo"
        assert await response.read() == b""
        response.finish()

    async def test_of_no_body_end_at_once(self, rig_of):
        response = await send(await rig_of(Answer()))
        assert await response.read() == b""
        response.finish()

    async def test_are_given_as_soon_as_their_headers_are_there(self, rig_of):
        hold = Hold()
        rig = await rig_of(Answer([hold, b"late"]))
        response = await send(rig)
        reading = asyncio.create_task(response.read())
        await rig.settle()
        assert not reading.done()
        hold.release()
        assert await reading == b"late"
        response.close()

    async def test_leave_their_marks(self, rig_of):
        rig = await rig_of(Answer())
        timings = StreamTimings()
        before = rig.transport.clock.now()
        response = await send(rig, timings=timings)
        after = rig.transport.clock.now()
        assert before <= timings.sent_at <= timings.headers_at <= after
        response.close()


class TestLeases:
    @pytest.mark.parametrize("how", ["finish", "close"])
    async def test_end_once(self, rig_of, how):
        rig = await rig_of(Answer([b"a"]))
        response = await send(rig)
        assert rig.transport.statistics().in_flight == 1
        await read_all(response)
        for way in (how, "finish", "close"):
            getattr(response, way)()
            assert idle(rig)

    @pytest.mark.parametrize("how", ["finish", "close"])
    async def test_end_at_once_whatever_is_left_of_the_body(self, rig_of, how):
        rig = await rig_of(Answer([b"a", Hold()]))
        response = await send(rig)
        await response.read()
        getattr(response, how)()
        assert idle(rig)

    async def test_of_a_body_that_was_lost(self, rig_of):
        rig = await rig_of(Answer([b"a", lost()]))
        response = await send(rig)
        assert await response.read() == b"a"
        with pytest.raises(APIConnectionError):
            await response.read()
        assert rig.transport.statistics().in_flight == 1
        response.finish()
        assert idle(rig)


class TestLosses:
    async def test_what_came_before_comes_first_and_the_error_stays(self, rig_of):
        rig = await rig_of(Answer([b"one", b"two", lost()]))
        response = await send(rig)
        came = b""
        while came != b"onetwo":
            came += await response.read()
        errors = []
        for _ in range(2):
            with pytest.raises(APIConnectionError) as caught:
                await response.read()
            errors.append(caught.value)
        assert errors[0] is errors[1]
        response.close()

    async def test_before_an_answer_give_the_place_back(self, rig_of):
        rig = await rig_of(Answer(before=lost()), Answer([b"a"]), limit=1)
        with pytest.raises(APIConnectionError):
            await send(rig)
        assert idle(rig)
        response = await send(rig)
        assert await read_all(response) == b"a"
        response.finish()


class TestAdmission:
    async def test_is_in_order_up_to_the_limit(self, rig_of):
        rig = await rig_of(*[Answer([Hold()]) for _ in range(4)], limit=2)
        tasks = [asyncio.create_task(send(rig)) for _ in range(4)]
        await rig.sent(2)
        statistics = rig.transport.statistics()
        assert (statistics.in_flight, statistics.waiting) == (2, 2)
        assert statistics.limit == 2
        for number, task in enumerate(tasks):
            response = await task
            assert sum(each.done() for each in tasks) <= number + 2
            response.close()
            await rig.settle()

    async def test_may_take_too_long(self, rig_of):
        rig = await rig_of(Answer([Hold()]), limit=1)
        response = await send(rig)
        waiting = asyncio.create_task(send(rig, Timeout(pool=SHORT)))
        await rig.later()
        assert (await ended(waiting, APITimeoutError)).phase == "pool"
        statistics = rig.transport.statistics()
        assert (statistics.in_flight, statistics.waiting) == (1, 0)
        response.close()

    async def test_may_be_given_up(self, rig_of):
        rig = await rig_of(Answer([Hold()]), limit=1)
        response = await send(rig)
        waiting = asyncio.create_task(send(rig))
        await rig.settle()
        waiting.cancel()
        await asyncio.wait([waiting])
        assert waiting.cancelled()
        assert rig.transport.statistics().waiting == 0
        response.close()


class TestTime:
    @pytest.mark.parametrize("limits", [Timeout(receive=SHORT), Timeout(total=SHORT)])
    async def test_runs_out_before_the_headers(self, rig_of, limits):
        rig = await rig_of(Answer(before=Hold()))
        waiting = asyncio.create_task(send(rig, limits))
        await rig.sent(1)
        await rig.later()
        error = await ended(waiting, APITimeoutError)
        assert error.phase == ("receive" if limits.receive == SHORT else "total")
        assert idle(rig)

    async def test_runs_out_in_the_body(self, rig_of):
        rig = await rig_of(Answer([Hold()]))
        response = await send(rig)
        limit = rig.transport.limit(Timeout(receive=SHORT))

        async def read():
            with limit.during("receive"):
                await response.read()

        reading = asyncio.create_task(read())
        await rig.later()
        await ended(reading, APITimeoutError)
        assert rig.transport.statistics().in_flight == 1
        response.close()
        limit.close()

    async def test_does_not_run_without_limits(self, rig_of):
        hold = Hold()
        rig = await rig_of(Answer(before=hold))
        waiting = asyncio.create_task(send(rig, Timeout.of(None)))
        await rig.sent(1)
        await rig.later()
        assert not waiting.done()
        hold.release()
        (await waiting).close()


class TestCancelling:
    async def test_before_the_headers(self, rig_of):
        rig = await rig_of(Answer(before=Hold()))
        task = asyncio.create_task(send(rig))
        await rig.sent(1)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        assert idle(rig)

    async def test_of_a_read_keeps_the_lease(self, rig_of):
        hold = Hold()
        rig = await rig_of(Answer([hold, b"a"]))
        response = await send(rig)
        task = asyncio.create_task(response.read())
        await rig.settle()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        assert rig.transport.statistics().in_flight == 1
        hold.release()
        assert await response.read() == b"a"
        response.close()


async def test_closing_an_answer_ends_the_read_of_another_task(rig_of):
    rig = await rig_of(Answer([b"a", Hold()]))
    response = await send(rig)
    await response.read()
    reading = asyncio.create_task(response.read())
    await rig.settle()
    response.close()
    await ended(reading, StreamStateError)
    with pytest.raises(StreamStateError):
        await response.read()


class TestClosingAll:
    async def test_ends_reads_sends_and_waits(self, rig_of):
        answers = [Answer([b"a", Hold()]), Answer(before=Hold())]
        rig = await rig_of(*answers, limit=2)
        response = await send(rig)
        await response.read()
        reading = asyncio.create_task(response.read())
        sending, waiting = (asyncio.create_task(send(rig)) for _ in range(2))
        await rig.sent(2)
        await rig.transport.aclose()
        for task in (reading, sending, waiting):
            await ended(task, ClientClosedError)
        assert idle(rig)
        response.close()
        response.finish()
        assert idle(rig)

    async def test_ends_whatever_a_limit_watches(self, rig_of):
        rig = await rig_of()
        limit = rig.transport.limit(Timeout())

        async def wait():
            with limit.during("total"):
                await asyncio.Event().wait()

        waiting = asyncio.create_task(wait())
        await rig.settle()
        await rig.transport.aclose()
        await ended(waiting, ClientClosedError)

    async def test_is_final_and_idempotent(self, rig_of):
        rig = await rig_of()
        await rig.transport.aclose()
        await rig.transport.aclose()
        with pytest.raises(ClientClosedError):
            rig.transport.limit(Timeout())
        assert idle(rig)

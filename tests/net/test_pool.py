"""The pool against a server of literal bytes: leases, reuse, loss, closing, loops."""

import asyncio
import contextlib
import gc
import gzip
import socket
import weakref

import aiohttp
import pytest

from fireworks_async._measure.timings import StreamTimings
from fireworks_async._net import drains
from fireworks_async._net.interfaces import PoolStatistics, WireCall
from fireworks_async._net.pool import SessionPool
from fireworks_async._policy.timeouts import Timeout
from fireworks_async.errors import (
    APIConnectionError,
    APITimeoutError,
    ClientClosedError,
    ConfigurationError,
    StreamStateError,
)
from tests.support.leaks import settle
from tests.support.raw_server import (
    Fin,
    Hang,
    Pause,
    RawServer,
    Reset,
    Send,
    WaitFor,
)
from tests.support.wire import (
    DONE,
    LAST_CHUNK,
    answer,
    chunk,
    head,
    http_chunk,
    json_response,
    sse,
    stream_body,
    stream_head,
    stream_response,
)

OK = [Send(json_response(200, {"ok": True}))]
OPEN = [Send(stream_head() + stream_body(chunk("a"))), Hang()]
IDLE = (0, 0, 0)


class Turns:
    """A moment of the server's, counted in turns of the loop and not by a clock."""

    async def play(self, connection):
        for _ in range(10):
            await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def pool_for(*scripts, limit=10, default=None, **options):
    async with RawServer(*scripts, default=default) as server:
        pool = SessionPool(limit=limit, **options)
        try:
            yield pool, server
            statistics = pool.statistics()
            assert (statistics.in_flight, statistics.waiting) == (0, 0)
        finally:
            await pool.aclose()


def call_to(server, body=b"{}"):
    return WireCall("POST", f"{server.base_url}/x", {"Authorization": "a"}, body)


async def begin(pool, server, limits=None):
    """An answer, its headers in."""
    limit = pool.limit(limits or Timeout())
    try:
        return await pool.send(call_to(server), limit=limit, timings=StreamTimings())
    finally:
        limit.close()


async def read_to(response, end=None):
    """What came until the end, or until some last bytes."""
    body = b""
    while end is None or not body.endswith(end):
        data = await response.read()
        if not data:
            break
        body += data
    return body


async def fetch(pool, server, end=None):
    response = await begin(pool, server)
    body = await read_to(response, end)
    response.finish()
    return body


def counts(pool):
    now = pool.statistics()
    return now.in_flight, now.waiting, now.draining


def chain(error):
    seen = []
    while error is not None and error not in seen:
        seen.append(error)
        error = error.__cause__ or error.__context__
    return seen


async def failed(call, kind=APIConnectionError):
    with pytest.raises(kind) as caught:
        await call
    assert type(caught.value) is kind
    assert not [e for e in chain(caught.value) if isinstance(e, aiohttp.ClientError)]
    return caught.value


@pytest.mark.parametrize(
    ("script", "cancelled"),
    [
        pytest.param([Send(json_response(200, {}))], False, id="answered"),
        pytest.param([Fin()], False, id="lost"),
        pytest.param([Hang()], True, id="cancelled"),
    ],
)
async def test_nothing_holds_a_task_whose_call_is_over(script, cancelled):
    async with pool_for(default=script) as (pool, server):
        task = asyncio.create_task(fetch(pool, server))
        await server.request()
        if cancelled:
            task.cancel()
        await asyncio.wait([task])
        task.cancelled() or task.exception()
        watched = weakref.ref(task)
        del task
        gc.collect()
        assert watched() is None


class TestAnswers:
    async def test_status_headers_body_and_marks(self):
        async with pool_for([Send(stream_response(*answer("a")))]) as (pool, server):
            timings = StreamTimings()
            limit = pool.limit(Timeout())
            call = call_to(server, b"abc")
            response = await pool.send(call, limit=limit, timings=timings)
            assert response.status == 200
            assert response.headers["x-request-id"] == "req-scripted"
            assert timings.sent_at <= timings.headers_at <= pool.clock.now()
            assert await read_to(response) == sse(*answer("a"))
            response.finish()
            limit.close()
            assert server.log[0].body == b"abc"
            assert counts(pool) == IDLE

    @pytest.mark.parametrize("status", [204, 307, 400, 503])
    async def test_of_any_status_are_answers(self, status):
        script = [Send(json_response(status, b""))]
        async with pool_for(script) as (pool, server):
            response = await begin(pool, server)
            assert response.status == status
            response.close()

    async def test_come_as_they_arrive(self):
        more = asyncio.Event()
        first, second = http_chunk(b"one"), http_chunk(b"two")
        script = [
            *(Send(stream_head() + first), WaitFor(more)),
            *(Send(second), Send(LAST_CHUNK)),
        ]
        async with pool_for(script) as (pool, server):
            response = await begin(pool, server)
            assert await response.read() == b"one"
            more.set()
            assert await read_to(response) == b"two"
            response.finish()


class TestReuse:
    async def test_one_after_the_other_on_one_connection(self):
        script = [Send(stream_response(*answer("a")))]
        async with pool_for(default=script) as (pool, server):
            for _ in range(20):
                await fetch(pool, server)
            assert server.connections == 1
            assert pool.statistics().connections == 1

    async def test_also_when_the_bodys_end_comes_a_moment_later(self, monkeypatch):
        # However long that moment is on a machine that is busy.
        monkeypatch.setattr(drains, "PATIENCE", 10)
        monkeypatch.setattr(drains, "DRAIN", 10)
        script = [
            Send(stream_head() + stream_body(*answer("a"))),
            Turns(),
            Send(LAST_CHUNK),
        ]
        async with pool_for(default=script) as (pool, server):
            for _ in range(20):
                await fetch(pool, server, end=DONE)
            assert server.connections == 1

    async def test_the_caller_is_not_kept_by_the_bodys_end(self):
        end = asyncio.Event()
        script = [
            Send(stream_head() + stream_body(*answer("a"))),
            WaitFor(end),
            Send(LAST_CHUNK),
        ]
        async with pool_for(script, default=OK) as (pool, server):
            await fetch(pool, server, end=DONE)
            assert counts(pool) == (0, 0, 1)
            end.set()
            await fetch(pool, server)
            assert counts(pool) == IDLE
            assert server.connections == 1

    async def test_a_body_that_does_not_end_costs_its_connection(self):
        script = [Send(stream_head() + stream_body(*answer("a"))), Hang()]
        async with pool_for(script, default=OK) as (pool, server):
            await fetch(pool, server, end=DONE)
            assert counts(pool) == (0, 0, 1)
            await server.links[0].client_closed.wait()
            assert counts(pool) == IDLE
            await fetch(pool, server)
            assert server.connections == 2

    async def test_a_place_is_held_while_the_connection_is_drained(self):
        """With as many calls as places, there are never more connections than those."""
        script = [Send(stream_head() + stream_body(*answer("a"))), Hang()]
        async with pool_for(script, default=OK, limit=1) as (pool, server):
            await fetch(pool, server, end=DONE)
            second = asyncio.create_task(fetch(pool, server))
            await settle()
            assert counts(pool) == (0, 1, 1)
            await second
            assert server.links[0].client_closed.is_set()

    async def test_never_of_a_connection_whose_answer_was_left(self):
        async with pool_for(OPEN, default=OK) as (pool, server):
            response = await begin(pool, server)
            await response.read()
            response.close()
            await server.links[0].client_closed.wait()
            await fetch(pool, server)
            assert server.connections == 2

    async def test_at_the_bodys_end_without_any_drain(self):
        async with pool_for(default=OK) as (pool, server):
            response = await begin(pool, server)
            await read_to(response)
            response.finish()
            assert counts(pool) == IDLE


class TestAdmission:
    async def test_as_many_as_there_are_places(self):
        async with pool_for(default=OPEN, limit=3) as (pool, server):
            tasks = [asyncio.create_task(begin(pool, server)) for _ in range(5)]
            await server.request(2)
            await settle()
            assert counts(pool) == (3, 2, 0)
            for task in tasks:
                (await task).close()
            assert counts(pool) == IDLE
            assert server.connections == 5

    async def test_waiting_too_long(self):
        async with pool_for(default=OPEN, limit=1) as (pool, server):
            first = await begin(pool, server)
            waiting = begin(pool, server, Timeout(pool=0.01))
            error = await failed(waiting, APITimeoutError)
            assert error.phase == "pool"
            assert counts(pool) == (1, 0, 0)
            first.close()

    async def test_a_failed_call_gives_its_place_back(self):
        async with pool_for([Fin()], default=OK, limit=1) as (pool, server):
            await failed(begin(pool, server))
            await fetch(pool, server)

    async def test_a_cancelled_call_gives_its_place_back(self):
        async with pool_for([Hang()], default=OK, limit=1) as (pool, server):
            task = asyncio.create_task(begin(pool, server))
            await server.request()
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()
            await server.links[0].client_closed.wait()
            await fetch(pool, server)

    async def test_a_silent_call_gives_its_place_back(self):
        async with pool_for([Hang()], default=OK, limit=1) as (pool, server):
            calling = begin(pool, server, Timeout(receive=0.05))
            error = await failed(calling, APITimeoutError)
            assert error.phase == "receive"
            await server.links[0].client_closed.wait()
            await fetch(pool, server)


class TestStaleConnections:
    """The server has closed a connection that served before: nobody's fault."""

    @pytest.mark.parametrize("end", [Fin(), Reset()], ids=["fin", "reset"])
    async def test_are_replaced_once(self, end):
        async with pool_for(OK, [end], default=OK) as (pool, server):
            await fetch(pool, server)
            assert await fetch(pool, server) == b'{"ok": true}'
            numbers = [request.connection.number for request in server.log]
            assert numbers == [0, 0, 1]

    async def test_and_not_twice(self):
        async with pool_for(OK, [Fin()], [Fin()]) as (pool, server):
            await fetch(pool, server)
            error = await failed(begin(pool, server))
            assert str(error) == (
                f"http://127.0.0.1:{server.port} closed the connection before it "
                "answered"
            )
            assert len(server.log) == 3

    async def test_nor_when_the_connection_was_new(self):
        async with pool_for([Fin()]) as (pool, server):
            await failed(begin(pool, server))
            assert len(server.log) == 1

    @pytest.mark.parametrize(
        "part", [b"H", b"HTTP/1.1 200 OK\r\ncontent-type: a/b\r\n"]
    )
    async def test_nor_when_any_byte_of_an_answer_came(self, part):
        async with pool_for(OK, [Send(part), Fin()]) as (pool, server):
            await fetch(pool, server)
            await failed(begin(pool, server))
            assert len(server.log) == 2

    async def test_take_the_other_idle_ones_with_them(self):
        go = asyncio.Event()
        slow = [WaitFor(go), *OK]
        async with pool_for(slow, slow, [Fin()], default=OK) as (pool, server):
            both = [asyncio.create_task(fetch(pool, server)) for _ in range(2)]
            await server.request(1)
            go.set()
            await asyncio.gather(*both)
            assert pool.statistics().connections == 2
            await fetch(pool, server)
            await server.links[0].closed.wait()
            await server.links[1].closed.wait()
            assert server.connections == 3
            assert pool.statistics().connections == 1

    async def test_that_the_client_saw_closing_are_not_used_at_all(self):
        async with pool_for([*OK, Fin()], default=OK) as (pool, server):
            await fetch(pool, server)
            await server.emptied()
            await settle()
            await fetch(pool, server)
            assert len(server.log) == 2


class TestErrors:
    async def test_nobody_listens(self):
        pool = SessionPool(limit=1)
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]

            class Nowhere:
                base_url = f"http://127.0.0.1:{port}/v1"

            error = await failed(begin(pool, Nowhere))
        assert str(error).startswith(f"cannot connect to http://127.0.0.1:{port}: ")
        assert str(port) not in str(error).partition(": ")[2].partition(": ")[2], error
        assert counts(pool) == IDLE
        await pool.aclose()

    async def test_what_is_no_http(self):
        async with pool_for([Send(b"nonsense\r\n\r\n"), Fin()]) as (pool, server):
            error = await failed(begin(pool, server))
            assert "not valid HTTP" in str(error)

    @pytest.mark.parametrize("end", [Fin(), Reset()], ids=["fin", "reset"])
    async def test_a_body_that_is_cut(self, end):
        script = [Send(stream_head() + stream_body(chunk("a"))), end]
        async with pool_for(script) as (pool, server):
            response = await begin(pool, server)
            assert await response.read() == sse(chunk("a"))
            error = await failed(response.read())
            assert error is await failed(response.read())
            response.close()

    async def test_a_url_that_is_none(self):
        pool = SessionPool(limit=1)

        class Nowhere:
            base_url = "http://"

        await failed(begin(pool, Nowhere))
        assert counts(pool) == IDLE
        await pool.aclose()


class TestClosing:
    async def test_ends_a_hundred_streams_and_a_hundred_waits(self):
        async with pool_for(default=OPEN, limit=100) as (pool, server):

            async def read_on():
                response = await begin(pool, server)
                try:
                    await read_to(response)
                finally:
                    response.close()

            tasks = [asyncio.create_task(read_on()) for _ in range(200)]
            await server.request(99)
            await settle()
            assert counts(pool) == (100, 100, 0)
            loop = asyncio.get_running_loop()
            began_at = loop.time()
            await pool.aclose()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            assert loop.time() - began_at < 1
            assert {type(error) for error in ended} == {ClientClosedError}
            assert {str(error) for error in ended} == {"the client is closed"}
            assert len({id(error) for error in ended}) == 200
            await server.emptied()
            assert server.connections == 100

    async def test_ends_a_call_that_waits_for_headers(self):
        async with pool_for([Hang()]) as (pool, server):
            task = asyncio.create_task(begin(pool, server))
            await server.request()
            await pool.aclose()
            await failed(task, ClientClosedError)
            await server.emptied()

    async def test_ends_a_call_that_connects(self):
        """To a socket whose queue is full, so that connecting takes for ever."""
        with contextlib.ExitStack() as stack:
            full = stack.enter_context(socket.socket())
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            for _ in range(4):
                other = stack.enter_context(socket.socket())
                other.setblocking(False)
                other.connect_ex(full.getsockname())

            class Server:
                base_url = "http://{}:{}/v1".format(*full.getsockname())

            pool = SessionPool(limit=1)
            task = asyncio.create_task(begin(pool, Server))
            await settle()
            await asyncio.sleep(0.01)
            assert not task.done()
            await pool.aclose()
            async with asyncio.timeout(1):
                await failed(task, ClientClosedError)

    async def test_ends_a_call_that_waits_for_a_drained_connection(self):
        script = [Send(stream_head() + stream_body(*answer("a"))), Hang()]
        async with pool_for(script, default=[Hang()]) as (pool, server):
            await fetch(pool, server, end=DONE)
            task = asyncio.create_task(begin(pool, server))
            await settle()
            await pool.aclose()
            await failed(task, ClientClosedError)

    async def test_closes_what_is_drained_and_what_is_idle(self):
        script = [Send(stream_head() + stream_body(*answer("a"))), Hang()]
        async with pool_for(OK, script, default=OK) as (pool, server):
            both = await asyncio.gather(
                fetch(pool, server), fetch(pool, server, end=DONE)
            )
            assert len(both) == 2
            await pool.aclose()
            await server.emptied()

    async def test_once_and_for_all(self):
        async with pool_for(default=OK) as (pool, server):
            await fetch(pool, server)
            await pool.aclose()
            await pool.aclose()
            with pytest.raises(ClientClosedError):
                await begin(pool, server)
            assert counts(pool) == IDLE
            assert len(server.log) == 1

    async def test_before_the_first_call(self):
        async with pool_for(default=OK) as (pool, server):
            await pool.aclose()
            with pytest.raises(ClientClosedError):
                await begin(pool, server)

    async def test_by_two_tasks_at_once(self):
        async with pool_for(default=OPEN) as (pool, server):
            response = await begin(pool, server)
            await asyncio.gather(pool.aclose(), pool.aclose())
            response.close()
            await server.emptied()

    async def test_cancelled_it_is_closed_all_the_same(self):
        async with pool_for(default=OPEN) as (pool, server):
            response = await begin(pool, server)
            task = asyncio.create_task(pool.aclose())
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
            await server.emptied()
            await failed(read_to(response), ClientClosedError)

    async def test_thrown_away_it_warns_once_and_closes(self):
        async with RawServer(default=OPEN) as server:
            pool = SessionPool(limit=1, label="<the label>")
            response = await begin(pool, server)
            waiting = asyncio.create_task(begin(pool, server))
            await settle()
            waiting.cancel()
            await asyncio.wait([waiting])
            del waiting
            with pytest.warns(ResourceWarning) as warned:
                del pool
            assert [str(w.message) for w in warned] == [
                "unclosed <the label>: use `async with`, or call aclose()"
            ]
            await server.emptied()
            await failed(read_to(response), ClientClosedError)

    async def test_thrown_away_unused_it_is_silent(self):
        SessionPool(limit=1)
        gc.collect()

    async def test_a_lease_that_ends_afterwards_changes_nothing(self):
        async with pool_for(default=OPEN) as (pool, server):
            response = await begin(pool, server)
            await pool.aclose()
            response.close()
            response.finish()
            assert counts(pool) == IDLE


class TestEventLoops:
    def test_one_after_the_other(self):
        pool = SessionPool(limit=1)

        async def run():
            async with RawServer(default=OK) as server:
                await fetch(pool, server)
                await fetch(pool, server)
                assert server.connections == 1

        for _ in range(3):
            asyncio.run(run())
        asyncio.run(pool.aclose())

    # aiohttp cannot close an answer whose loop is gone, and says so.
    @pytest.mark.filterwarnings("ignore:Unclosed connection:ResourceWarning")
    def test_what_the_first_left_open_does_not_count_in_the_second(self):
        pool = SessionPool(limit=1)
        left = []

        async def leave():
            async with RawServer(default=OPEN) as server:
                left.append(await begin(pool, server))

        async def go_on():
            async with RawServer(default=OK) as server:
                await fetch(pool, server)
                left[0].close()
                assert counts(pool) == IDLE
                await fetch(pool, server)
                await pool.aclose()

        asyncio.run(leave())
        asyncio.run(go_on())
        left.clear()
        gc.collect()

    # aiohttp cannot close an answer whose loop is gone, and says so.
    @pytest.mark.filterwarnings("ignore:Unclosed connection:ResourceWarning")
    def test_waits_that_the_first_left_do_not_count_in_the_second(self):
        pool = SessionPool(limit=1)
        left = []

        async def leave():
            async with RawServer(default=OPEN) as server:
                left.append(await begin(pool, server))
                left.append(asyncio.create_task(begin(pool, server)))
                await settle()
                assert counts(pool) == (1, 1, 0)

        async def go_on():
            async with RawServer(default=OK) as server:
                await fetch(pool, server)
                left[0].close()
                assert counts(pool) == IDLE
                await pool.aclose()

        asyncio.run(leave())
        asyncio.run(go_on())
        left.clear()
        gc.collect()

    async def test_two_at_once_are_refused(self):
        async with pool_for(default=OK) as (pool, server):
            await fetch(pool, server)
            with pytest.raises(ConfigurationError, match="another event loop"):
                await asyncio.to_thread(asyncio.run, begin(pool, server))
            await fetch(pool, server)

    def test_closing_in_another_loop_closes(self):
        pool = SessionPool(limit=1)

        async def run():
            async with RawServer(default=OK) as server:
                await fetch(pool, server)

        asyncio.run(run())
        asyncio.run(pool.aclose())
        with pytest.raises(ClientClosedError):
            asyncio.run(run())


class TestAGivenSession:
    @pytest.fixture
    async def session(self):
        async with aiohttp.ClientSession(headers={"X-Mine": "1"}) as session:
            yield session

    async def test_is_used_and_not_closed(self, session):
        async with pool_for(default=OK, session=session) as (pool, server):
            await fetch(pool, server)
            await fetch(pool, server)
            assert server.connections == 1
            assert server.log[0].headers["x-mine"] == "1"
            await pool.aclose()
            assert not session.closed

    async def test_its_open_answers_are_closed_with_the_pool(self, session):
        async with pool_for(default=OPEN, session=session) as (pool, server):
            response = await begin(pool, server)
            assert pool.statistics().connections == 1
            await pool.aclose()
            await failed(read_to(response), ClientClosedError)
            await server.emptied()
            assert not session.closed

    async def test_thrown_away_the_pool_is_silent_and_leaves_it_open(self, session):
        async with RawServer(default=OK) as server:
            pool = SessionPool(limit=1, session=session)
            await fetch(pool, server)
            del pool
            gc.collect()
            assert not session.closed

    async def test_that_was_closed(self, session):
        async with pool_for(default=OK, session=session) as (pool, server):
            await session.close()
            with pytest.raises(ClientClosedError, match="the aiohttp session given"):
                await begin(pool, server)

    async def test_its_timeouts_do_not_count(self):
        short = aiohttp.ClientTimeout(total=0.01, sock_read=0.01)
        script = [Pause(0.03), *OK]
        async with (
            aiohttp.ClientSession(timeout=short) as session,
            pool_for(script, session=session) as (pool, server),
        ):
            assert await fetch(pool, server) == b'{"ok": true}'

    @pytest.mark.parametrize("refuse", [True, aiohttp.ClientResponse.text])
    async def test_it_refuses_no_status(self, refuse):
        refused = [Send(json_response(404, {"ok": False}))]
        async with (
            aiohttp.ClientSession(raise_for_status=refuse) as session,
            pool_for(refused, session=session) as (pool, server),
        ):
            assert await fetch(pool, server) == b'{"ok": false}'

    async def test_its_answers_are_unpacked(self):
        packed = gzip.compress(b"text")
        fields = {"content-encoding": "gzip", "content-length": str(len(packed))}
        script = [Send(head(200, fields) + packed)]
        async with (
            aiohttp.ClientSession(auto_decompress=False) as session,
            pool_for(script, session=session) as (pool, server),
        ):
            assert await fetch(pool, server) == b"text"

    @pytest.mark.parametrize("name", ["session", "context"])
    def test_of_something_else_is_refused(self, name):
        with pytest.raises(ConfigurationError, match=r"expected an .*, not bool"):
            SessionPool(limit=1, **{name: False})

    async def test_connecting_is_covered_by_its_limits(self, session):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))

            class Nowhere:
                base_url = "http://{}:{}/v1".format(*taken.getsockname())

            pool = SessionPool(limit=1, session=session)
            await failed(begin(pool, Nowhere))
            await pool.aclose()


async def test_statistics():
    async with pool_for(OK, default=OPEN, limit=2) as (pool, server):
        assert pool.statistics() == PoolStatistics(
            connections=0, in_flight=0, waiting=0, draining=0, limit=2
        )
        await fetch(pool, server)
        assert pool.statistics() == PoolStatistics(1, 0, 0, 0, 2)
        tasks = [asyncio.create_task(begin(pool, server)) for _ in range(3)]
        await server.request(2)
        await settle()
        assert pool.statistics() == PoolStatistics(2, 2, 1, 0, 2)
        assert repr(pool) == "<SessionPool 2/2 in flight, 1 waiting, 2 connections>"
        for task in tasks:
            (await task).close()


async def test_a_stream_that_was_closed_says_so():
    async with pool_for(OPEN) as (pool, server):
        response = await begin(pool, server)
        reading = asyncio.create_task(read_to(response))
        await settle()
        response.close()
        await failed(reading, StreamStateError)

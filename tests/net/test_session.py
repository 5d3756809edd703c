"""One aiohttp session as the pool wants it, against a server of literal bytes."""

import asyncio
import contextlib
import ssl

import aiohttp
import pytest

from fireworks_async._net.drains import Drains
from fireworks_async._net.interfaces import WireCall
from fireworks_async._net.session import (
    Connector,
    Delivery,
    Sender,
    open_session,
)
from tests.support.leaks import settle
from tests.support.manual_clock import ManualClock
from tests.support.raw_server import Fin, Hang, RawServer, Send, WaitFor
from tests.support.wire import (
    LAST_CHUNK,
    answer,
    head,
    json_response,
    stream_head,
    stream_response,
)

OK = [Send(json_response(200, {}))]


class Phases:
    """A limit that remembers what it was told."""

    def __init__(self):
        self.seen = []

    def during(self, phase):
        self.seen.append(phase)
        return self


class Rig:
    def __init__(self, server):
        self.server = server
        self.drains = Drains(ManualClock(), lambda: None)
        self.deliveries = {}
        self.session = open_session(self.drains, self.deliveries, None)
        self.sender = Sender(self.session)
        self.phases = Phases()
        self.host = "127.0.0.1"

    @property
    def connector(self):
        return self.session.connector

    def call(self, path="/x", *, body=b"{}", headers=None, method="POST"):
        url = f"http://{self.host}:{self.server.port}/v1{path}"
        return WireCall(method, url, headers or {"Content-Type": "a/b"}, body)

    async def send(self, *, fresh=False, **call):
        """The answer, not yet read, and its delivery."""
        delivery = Delivery(self.phases, fresh=fresh)
        wire = self.call(**call)
        self.deliveries[asyncio.current_task()] = delivery
        return await self.sender.request(wire), delivery

    async def fetch(self, *, fresh=False, **call):
        """The answer's body, and whether its connection had served before."""
        answer, delivery = await self.send(fresh=fresh, **call)
        return await answer.read(), delivery.reused


@contextlib.asynccontextmanager
async def rig_for(*scripts, **options):
    async with RawServer(*scripts, **options) as server:
        rig = Rig(server)
        async with rig.session:
            yield rig


async def test_what_is_sent_is_the_call_and_no_more():
    async with rig_for(OK) as rig:
        headers = {"Content-Type": "a/b", "X-A": "1", "User-Agent": "me"}
        await rig.fetch(path="/chat/completions?a=%20b", body=b"abc", headers=headers)
        (request,) = rig.server.log
        assert (request.method, request.body) == ("POST", b"abc")
        assert request.path == "/v1/chat/completions?a=%20b"
        assert request.headers == {
            "host": f"127.0.0.1:{rig.server.port}",
            "content-type": "a/b",
            "content-length": "3",
            "x-a": "1",
            "user-agent": "me",
            "accept": "*/*",
            "accept-encoding": request.headers["accept-encoding"],
        }


async def test_a_large_body_is_sent_with_its_length():
    async with rig_for(OK) as rig:
        body = b"x" * (3 * 2**20)
        await rig.fetch(body=body)
        (request,) = rig.server.log
        assert request.body == body
        assert request.headers["content-type"] == "a/b"


class TestHeaders:
    async def test_are_those_of_the_call_and_of_none_before_it(self):
        async with rig_for(default=OK) as rig:
            first, second = {"X-A": "1"}, {"X-B": "2"}
            for headers in (first, first, second, first, dict(second)):
                await rig.fetch(headers=headers)
            assert [
                (sent.headers.get("x-a"), sent.headers.get("x-b"))
                for sent in rig.server.log
            ] == [("1", None), ("1", None), (None, "2"), ("1", None), (None, "2")]

    async def test_are_those_of_each_of_many_calls_at_once(self):
        async with rig_for(default=OK) as rig:
            await asyncio.gather(
                *(
                    rig.fetch(path=f"/{number}", headers={"X-A": str(number)})
                    for number in range(20)
                )
            )
            assert all(
                sent.path == f"/v1/{sent.headers['x-a']}" for sent in rig.server.log
            )
            assert len(rig.server.log) == 20


async def test_a_session_of_the_user_keeps_its_own_headers():
    async with rig_for(default=OK) as rig:
        rig.session.headers["X-Mine"] = "me"
        await rig.fetch(headers={"X-A": "1"})
        (sent,) = rig.server.log
        assert (sent.headers["x-mine"], sent.headers["x-a"]) == ("me", "1")
        assert dict(rig.session.headers) == {"X-Mine": "me"}


class TestConnections:
    async def test_are_told_apart_by_whether_they_have_served(self):
        async with rig_for(default=OK) as rig:
            assert [(await rig.fetch())[1] for _ in range(3)] == [False, True, True]
            assert rig.server.connections == 1

    async def test_are_counted_busy_or_idle(self):
        async with rig_for([Hang()], default=OK) as rig:
            assert rig.connector.connections == 0
            busy = asyncio.create_task(rig.send())
            await rig.server.request()
            await rig.fetch()
            assert rig.connector.connections == 2
            busy.cancel()
            await asyncio.wait([busy])
            await settle()
            assert rig.connector.connections == 1

    async def test_a_fresh_one_is_asked_for_and_all_idle_ones_are_closed(self):
        async with rig_for(default=OK) as rig:
            both = await asyncio.gather(rig.send(), rig.send())
            for response, _ in both:
                await response.read()
            assert rig.connector.connections == 2
            assert (await rig.fetch(fresh=True))[1] is False
            assert rig.connector.connections == 1
            for link in rig.server.links[:2]:
                await link.client_closed.wait()
            assert rig.server.connections == 3

    async def test_read_less_at_once_than_asyncio_would(self):
        unfinished = [Send(json_response(200, {})[:-1]), Hang()]
        async with rig_for(default=unfinished) as rig:
            answer, _ = await rig.send()
            transport = answer.connection.transport
            assert transport.max_size < type(transport).max_size
            answer.close()

    async def test_there_is_no_limit(self):
        async with rig_for(default=[Hang()]) as rig:
            tasks = [asyncio.create_task(rig.send()) for _ in range(150)]
            await rig.server.request(149)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def test_one_that_is_about_to_be_idle_is_waited_for(self):
        end = asyncio.Event()
        slow = [Send(stream_head()), WaitFor(end), Send(LAST_CHUNK)]
        async with rig_for(slow, default=OK) as rig:
            response, _ = await rig.send()
            drain = rig.drains.begin(response.close)
            second = asyncio.create_task(rig.fetch())
            await settle()
            assert len(rig.server.log) == 1
            end.set()
            await response.read()
            drain.ended()
            assert (await second)[1] is True
            assert rig.server.connections == 1

    async def test_nothing_is_waited_for_when_one_is_idle(self):
        async with rig_for(default=OK) as rig:
            both = await asyncio.gather(rig.send(), rig.send())
            await both[0][0].read()
            drain = rig.drains.begin(both[1][0].close)
            async with asyncio.timeout(1):
                assert (await rig.fetch())[1] is True
            assert len(rig.drains) == 1
            drain.give_up()

    async def test_closed_by_the_server_while_idle_are_nobodys_error(self):
        async with rig_for([*OK, Fin()], default=OK) as rig:
            await rig.fetch()
            await rig.server.emptied()
            await settle()
            assert (await rig.fetch())[1] is False

    async def test_an_answer_to_nothing_answers_nobody(self):
        asked = asyncio.Event()
        stray = Send(json_response(200, {"stray": True}))
        async with rig_for([*OK, WaitFor(asked), stray], default=OK) as rig:
            await rig.fetch()
            [[(protocol, _)]] = rig.connector._conns.values()
            asked.set()
            async with asyncio.timeout(5):
                while not protocol.should_close:  # noqa: ASYNC110 - nothing tells
                    await asyncio.sleep(0)
            assert await rig.fetch() == (b"{}", False)
            assert not protocol.is_connected()

    async def test_are_dropped_at_once(self):
        async with rig_for([Hang()], default=OK) as rig:
            busy = asyncio.create_task(rig.send())
            await rig.server.request()
            await rig.fetch()
            rig.connector.drop()
            await rig.server.emptied()
            await asyncio.wait([busy])
            assert isinstance(busy.exception(), aiohttp.ClientError)


async def test_connecting_is_a_phase_of_its_own():
    async with rig_for(default=OK) as rig:
        await rig.fetch()
        assert rig.phases.seen == ["connect", "receive"]
        await rig.fetch()
        assert rig.phases.seen == ["connect", "receive"]


class TestWhatTheSessionDoesNot:
    async def test_follow_redirects(self):
        elsewhere = head(307, {"location": "/other", "content-length": "0"})
        async with rig_for([Send(elsewhere)]) as rig:
            response, _ = await rig.send()
            assert response.status == 307
            await response.read()
            assert len(rig.server.log) == 1

    async def test_keep_cookies(self):
        biscuit = json_response(200, {}, {"set-cookie": "a=b"})
        async with rig_for(default=[Send(biscuit)]) as rig:
            # By name: no client keeps the cookies of an address.
            rig.host = "localhost"
            await rig.fetch()
            await rig.fetch()
            assert "cookie" not in rig.server.log[1].headers

    async def test_believe_the_environment(self, monkeypatch, tmp_path):
        (tmp_path / ".netrc").write_text("machine 127.0.0.1 login a password b\n")
        monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
        async with rig_for(default=OK) as rig:
            await rig.fetch()
            assert "authorization" not in rig.server.log[0].headers

    async def test_set_timers(self):
        async with rig_for([Send(stream_response(*answer("a")))]) as rig:
            assert rig.session.timeout.total is None
            response, _ = await rig.send()
            assert response._timer.__class__.__name__ == "TimerNoop"
            await response.read()


async def test_tls_settings_are_used():
    context = ssl.create_default_context()
    session = open_session(Drains(ManualClock(), lambda: None), {}, context)
    async with session:
        assert isinstance(session.connector, Connector)
        assert session.connector._ssl is context


async def test_certificates_are_checked_without_settings():
    async with open_session(Drains(ManualClock(), lambda: None), {}, None) as session:
        assert session.connector._ssl is True


@pytest.mark.parametrize("size", [2**20, 2**20 + 1])
async def test_no_size_of_a_body_is_warned_of(size):
    async with rig_for(OK) as rig:
        await rig.fetch(body=b"x" * size)
        assert len(rig.server.log[0].body) == size

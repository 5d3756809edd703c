"""Faults before the first byte of a request has arrived (F01 to F09)."""

import asyncio
import socket
import ssl

import aiohttp
import pytest
import trustme
from aiohttp.abc import AbstractResolver

from fireworks_async import Timeout
from fireworks_async.errors import (
    APIConnectionError,
    APITimeoutError,
    StreamTruncatedError,
)
from tests.support.calls import KEY, failure, text
from tests.support.leaks import settle
from tests.support.raw_server import Fin, Hang, RawServer, Reset, Send, WaitFor
from tests.support.scripts import OK
from tests.support.wire import (
    LAST_CHUNK,
    answer,
    chunk,
    http_chunk,
    sse,
    stream_body,
    stream_head,
)


@pytest.fixture
def attempts():
    """An API key that counts how often it is asked for: once an attempt."""

    class Key:
        count = 0

        async def __call__(self):
            self.count += 1
            return KEY

    return Key()


@pytest.fixture
def dead_port():
    """A port that nobody listens on, kept from others while the test runs."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


class Resolver(AbstractResolver):
    """Gives the addresses of each look-up in turn; an error is raised."""

    def __init__(self, *answers):
        self.answers = list(answers)

    async def resolve(self, host, port=0, family=socket.AF_INET):
        found = self.answers.pop(0)
        if isinstance(found, OSError):
            raise found
        return [
            {
                "hostname": host,
                "host": address,
                "port": port,
                "family": socket.AF_INET,
                "proto": 0,
                "flags": 0,
            }
            for address in found
        ]

    async def close(self):
        pass


def session_of(resolver):
    connector = aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False)
    return aiohttp.ClientSession(connector=connector)


def named(server):
    """A client that finds the server by name warns of the unencrypted connection."""
    return f"http://api.test:{server.port}/v1"


async def test_twin_a_server_that_is_there_answers(ask, client_to):
    async with RawServer(OK) as server:
        completion = await ask(client_to(server))
        assert text(completion) == "ab"
        assert server.log[0].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.usefixtures("no_jitter")
async def test_f01_refused_is_tried_again_and_names_the_place(
    ask, client_to, dead_port, attempts
):
    client = client_to(
        base_url=f"http://127.0.0.1:{dead_port}/v1", api_key=attempts, max_retries=2
    )
    error = await failure(ask(client), APIConnectionError)
    assert f"127.0.0.1:{dead_port}" in str(error)
    assert attempts.count == 3


@pytest.mark.parametrize("phase", ["receive", "total"])
async def test_f02_accepted_and_never_answered_times_out_once(ask, client_to, phase):
    limits = {"connect": 0.05, "receive": 30, "total": None, phase: 0.2}
    async with RawServer(default=[Hang()]) as server:
        client = client_to(server, timeout=Timeout(**limits), max_retries=2)
        started = asyncio.get_running_loop().time()
        error = await failure(ask(client), APITimeoutError)
        took = asyncio.get_running_loop().time() - started
        assert error.phase == phase
        assert 0.2 <= took < 1.2
        await server.log[0].connection.client_closed.wait()
        assert len(server.log) == 1


@pytest.mark.usefixtures("no_jitter")
async def test_f03_full_backlog_is_a_connect_timeout_and_tried_again(
    ask, client_to, attempts
):
    with socket.socket() as full, socket.socket() as one, socket.socket() as two:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for filler in (one, two):
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        client = client_to(
            base_url=f"http://127.0.0.1:{full.getsockname()[1]}/v1",
            timeout=Timeout(connect=0.1),
            api_key=attempts,
            max_retries=1,
        )
        error = await failure(ask(client), APITimeoutError)
        assert error.phase == "connect"
        assert attempts.count == 2


@pytest.mark.usefixtures("no_jitter")
async def test_f04_a_name_that_is_found_the_second_time_is_enough(ask, client_to):
    resolver = Resolver(OSError("no such name"), ["127.0.0.1"])
    async with RawServer(OK) as server, session_of(resolver) as session:
        with pytest.warns(UserWarning, match="api.test"):
            client = client_to(base_url=named(server), session=session, max_retries=1)
        assert text(await ask(client)) == "ab"


async def test_f04_a_name_that_is_not_found_is_a_connection_error(ask, client_to):
    async with (
        RawServer(OK) as server,
        session_of(Resolver(OSError("no such name"))) as session,
    ):
        with pytest.warns(UserWarning, match="api.test"):
            client = client_to(base_url=named(server), session=session)
        error = await failure(ask(client), APIConnectionError)
        assert f"api.test:{server.port}" in str(error)


async def test_f05_the_second_address_is_tried_when_the_first_is_dead(ask, client_to):
    resolver = Resolver(["127.0.0.2", "127.0.0.1"])
    async with RawServer(OK) as server, session_of(resolver) as session:
        with pytest.warns(UserWarning, match="api.test"):
            client = client_to(base_url=named(server), session=session)
        assert text(await ask(client)) == "ab"


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


def server_context(authority, name):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def client_context(authority):
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


async def test_f06_twin_a_certificate_that_is_right_is_trusted(
    ask, client_to, authority
):
    async with RawServer(OK, ssl=server_context(authority, "127.0.0.1")) as server:
        client = client_to(server, ssl=client_context(authority))
        assert text(await ask(client)) == "ab"


async def test_f06_tls_settings_hold_with_a_session_of_the_callers_too(
    ask, client_to, authority
):
    async with (
        RawServer(OK, ssl=server_context(authority, "127.0.0.1")) as server,
        aiohttp.ClientSession() as session,
    ):
        client = client_to(server, ssl=client_context(authority), session=session)
        assert text(await ask(client)) == "ab"


@pytest.mark.parametrize("fault", ["unknown authority", "wrong name"])
@pytest.mark.usefixtures("no_jitter")
async def test_f06_a_certificate_that_is_wrong_is_never_tried_again(
    ask, client_to, authority, attempts, fault
):
    name = "127.0.0.1" if fault == "unknown authority" else "other.test"
    known = trustme.CA() if fault == "unknown authority" else authority
    async with RawServer(OK, ssl=server_context(authority, name)) as server:
        client = client_to(
            server, ssl=client_context(known), api_key=attempts, max_retries=2
        )
        error = await failure(ask(client), APIConnectionError)
        assert "certificate" in str(error)
        assert attempts.count == 1
        assert server.log == []


@pytest.mark.usefixtures("no_jitter")
async def test_f06_a_handshake_that_is_cut_is_tried_again(
    ask, client_to, authority, attempts
):
    async def cut(reader, writer):
        await reader.read(1)
        writer.close()

    cutter = await asyncio.start_server(cut, "127.0.0.1", 0)
    async with cutter:
        client = client_to(
            base_url=f"https://127.0.0.1:{cutter.sockets[0].getsockname()[1]}/v1",
            ssl=client_context(authority),
            api_key=attempts,
            max_retries=1,
        )
        await failure(ask(client), APIConnectionError)
        assert attempts.count == 2


@pytest.mark.parametrize("end", [Fin(), Reset()], ids=["fin", "reset"])
async def test_f07_a_stale_connection_costs_one_more_request_and_no_retry(
    ask, client_to, end
):
    async with RawServer(OK, [end], OK) as server:
        client = client_to(server)
        await ask(client)
        assert text(await ask(client)) == "ab"
        numbers = [request.connection.number for request in server.log]
        assert numbers == [0, 0, 1]
        assert server.log[1].body == server.log[2].body


async def test_f07_the_repeat_of_a_stale_request_is_not_counted_as_a_retry(client_to):
    async with RawServer(OK, [Fin()], OK) as server:
        client = client_to(server, max_retries=2)
        await client.chat.completions.create(model="m", messages=[])
        async with client.chat.completions.create(model="m", messages=[]) as stream:
            assert stream.response.retries_taken == 0
        assert len(server.log) == 3


async def test_f07_a_new_connection_that_dies_is_not_repeated_for_free(ask, client_to):
    async with RawServer([Fin()]) as server:
        await failure(ask(client_to(server)), APIConnectionError)
        assert len(server.log) == 1


@pytest.mark.usefixtures("no_jitter")
async def test_f07_a_new_connection_that_dies_is_tried_again(ask, client_to):
    async with RawServer([Reset()], [Fin()], OK) as server:
        assert text(await ask(client_to(server, max_retries=2))) == "ab"
        assert len(server.log) == 3


async def test_f07_a_stale_request_is_repeated_for_free_only_once(ask, client_to):
    async with RawServer(OK, [Fin()], [Fin()]) as server:
        client = client_to(server)
        await ask(client)
        await failure(ask(client), APIConnectionError)
        assert len(server.log) == 3


async def test_f07_half_an_answer_is_not_staleness(ask, client_to):
    half = [Send(b"HTTP/1.1 200 OK\r\ncontent-type: "), Fin()]
    async with RawServer(OK, half) as server:
        client = client_to(server)
        await ask(client)
        error = await failure(ask(client), APIConnectionError)
        assert "Raw" not in str(error)
        assert len(server.log) == 2


async def test_f07_a_connection_closed_while_idle_is_not_used(ask, client_to):
    async with RawServer([*OK, Fin()], OK) as server:
        client = client_to(server)
        await ask(client)
        await server.emptied()
        assert text(await ask(client)) == "ab"
        assert len(server.log) == 2


async def test_f08_a_connection_idle_for_longer_than_receive_still_works(
    ask, client_to
):
    async with RawServer(default=OK) as server:
        client = client_to(server, timeout=Timeout(receive=0.1))
        await ask(client)
        await asyncio.sleep(0.3)
        assert text(await ask(client)) == "ab"
        assert server.connections == 1


async def test_f09_a_call_waits_for_its_turn_and_gets_it(ask, client_to):
    go = asyncio.Event()
    first = [Send(stream_head()), WaitFor(go), Send(stream_body(*answer("1")))]
    async with RawServer([*first, Send(LAST_CHUNK)], OK) as server:
        client = client_to(server, max_concurrency=1)
        one = asyncio.create_task(ask(client))
        await server.request()
        two = asyncio.create_task(ask(client))
        await settle()
        assert client.statistics().waiting == 1
        assert len(server.log) == 1
        go.set()
        assert [text(await one), text(await two)] == ["1", "ab"]


async def test_f09_waiting_for_a_turn_has_its_own_timeout(ask, client_to):
    async with RawServer([Hang()]) as server:
        client = client_to(server, max_concurrency=1, timeout=Timeout(pool=0.1))
        one = asyncio.create_task(ask(client))
        await server.request()
        error = await failure(ask(client), APITimeoutError)
        assert error.phase == "pool"
        assert client.statistics().waiting == 0
        one.cancel()
        await asyncio.wait([one])
        assert len(server.log) == 1


@pytest.mark.usefixtures("no_jitter")
async def test_f09_a_retry_can_use_the_place_of_its_own_failed_attempt(ask, client_to):
    cut = [Send(stream_head()), Fin()]
    async with RawServer(cut, OK) as server:
        client = client_to(server, max_concurrency=1, max_retries=1)
        assert text(await ask(client)) == "ab"


async def test_f09_a_failed_call_leaves_its_place_to_the_next(ask, client_to):
    cut = [Send(stream_head() + http_chunk(sse(chunk("x")))), Fin()]
    async with RawServer(cut, OK) as server:
        client = client_to(server, max_concurrency=1)
        await failure(ask(client), StreamTruncatedError)
        assert text(await ask(client)) == "ab"


async def test_f09_a_body_that_does_not_end_holds_its_place_only_briefly(
    ask, client_to
):
    endless = [Send(stream_head() + stream_body(*answer("1"))), Hang()]
    async with RawServer(endless, OK) as server:
        client = client_to(server, max_concurrency=1)
        assert text(await ask(client)) == "1"
        assert text(await ask(client)) == "ab"
        first, second = server.log
        assert second.arrived_at - first.arrived_at < 1

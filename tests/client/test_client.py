"""What a program holds on to: configured, shared by views, closed once."""

import asyncio
import gc
import pickle
import ssl
import typing

import aiohttp
import pytest

from fireworks_async import AsyncFireworks, PoolStatistics, Timeout
from fireworks_async.errors import (
    ClientClosedError,
    ConfigurationError,
    MissingAPIKeyError,
    ServiceUnavailableError,
    StreamStateError,
)
from tests.support.calls import KEY, MESSAGES
from tests.support.leaks import settle
from tests.support.raw_server import Hang, RawServer, Send
from tests.support.wire import (
    answer,
    chunk,
    json_response,
    stream_body,
    stream_head,
    stream_response,
)

OK = [Send(stream_response(*answer("a", "b")))]
OPEN = [Send(stream_head() + stream_body(chunk("a"))), Hang()]
BUSY = [Send(json_response(503, {}))]
VARIABLES = [
    "FIREWORKS_API_KEY",
    "FIREWORKS_AI_API_KEY",
    "FIREWORKSAI_API_KEY",
    "FIREWORKS_AI_TOKEN",
    "FIREWORKS_BASE_URL",
    "FIREWORKS_API_BASE",
    "FIREWORKS_AI_API_BASE",
]


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def client_for(server=None, **options):
    if server is not None:
        options["base_url"] = server.base_url
    return AsyncFireworks(**{"api_key": KEY, **options})


def call_of(client, **options):
    return client.chat.completions.create(model="m", messages=MESSAGES, **options)


async def text(client, **options):
    completion = await call_of(client, **options)
    return completion.choices[0].message.content


def idle(client):
    statistics = client.statistics()
    return (statistics.in_flight, statistics.waiting) == (0, 0)


class TestConfiguration:
    def test_a_key_is_needed(self):
        with pytest.raises(MissingAPIKeyError, match="FIREWORKS_API_KEY"):
            AsyncFireworks()

    async def test_from_the_environment(self, monkeypatch):
        async with RawServer(OK) as server:
            monkeypatch.setenv("FIREWORKS_API_KEY", "fw_env")
            monkeypatch.setenv("FIREWORKS_BASE_URL", server.base_url)
            async with AsyncFireworks() as client:
                assert await text(client) == "ab"
            assert server.log[0].headers["authorization"] == "Bearer fw_env"

    @pytest.mark.parametrize(
        "bad",
        [
            {"api_key": "fw_CANARY\n"},
            {"base_url": "ftp://x"},
            {"timeout": 0},
            {"max_retries": -1},
            {"max_connections": 0},
            {"max_concurrency": 0},
            {"default_headers": {"a b": "c"}},
            {"document_inlining": "yes"},
        ],
        ids=lambda bad: next(iter(bad)),
    )
    def test_that_cannot_be_used_is_refused_at_once(self, bad):
        with pytest.raises(ConfigurationError) as caught:
            client_for(**bad)
        assert "CANARY" not in str(caught.value)
        # Nothing of the failed object is reported when it is collected.
        gc.collect()

    def test_an_unknown_keyword(self):
        with pytest.raises(TypeError):
            client_for(api_keys="x")

    @pytest.mark.parametrize(
        ("options", "limit"),
        [
            ({}, 1000),
            ({"max_connections": 5}, 5),
            ({"max_concurrency": 5}, 5),
            ({"max_connections": 3, "max_concurrency": 5}, 3),
        ],
    )
    def test_the_limit_is_the_lower_of_both(self, options, limit):
        assert client_for(**options).statistics() == PoolStatistics(0, 0, 0, 0, limit)

    def test_needs_no_running_loop(self):
        client = client_for()
        assert idle(client)
        asyncio.run(client.aclose())

    async def test_headers_timeout_and_retries_reach_the_calls(self):
        async with (
            RawServer(BUSY, default=OK) as server,
            client_for(
                server, default_headers={"X-A": "b"}, timeout=60, max_retries=0
            ) as client,
        ):
            with pytest.raises(ServiceUnavailableError):
                await text(client)
            assert await text(client) == "ab"
            assert server.log[0].headers["x-a"] == "b"


class TestLimits:
    async def test_more_calls_wait(self):
        async with (
            RawServer(default=OPEN) as server,
            client_for(server, max_concurrency=2) as client,
        ):
            streams = [call_of(client) for _ in range(3)]
            tasks = [asyncio.create_task(anext(stream)) for stream in streams]
            await server.request(1)
            await settle()
            assert client.statistics().in_flight == 2
            assert client.statistics().waiting == 1
            await tasks[0]
            await streams[0].aclose()
            await tasks[1]
            await tasks[2]
            assert client.statistics().waiting == 0
            for stream in streams:
                await stream.aclose()
            assert idle(client)


class TestViews:
    async def test_share_the_pool_and_differ_in_what_is_named(self):
        async with (
            RawServer(OK, BUSY, OK) as server,
            client_for(server, max_concurrency=7) as client,
        ):
            view = client.with_options(
                max_retries=0,
                timeout=Timeout(receive=9),
                api_key="fw_other",
                default_headers={"X-A": "b"},
            )
            assert type(view) is AsyncFireworks
            assert await text(client) == "ab"
            with pytest.raises(ServiceUnavailableError):
                await text(view)
            assert await text(view) == "ab"
            assert server.connections == 1
            assert view.statistics() == client.statistics()
            keys = [request.headers["authorization"] for request in server.log]
            assert keys == [f"Bearer {KEY}", "Bearer fw_other", "Bearer fw_other"]
            assert ["x-a" in request.headers for request in server.log] == [
                False,
                True,
                True,
            ]

    async def test_of_views_add_up(self):
        async with RawServer(OK) as server, client_for(server) as client:
            view = client.with_options(default_headers={"X-A": "1", "X-B": "1"})
            view = view.with_options(default_headers={"x-b": "2"})
            await text(view)
            headers = server.log[0].headers
            assert (headers["x-a"], headers["x-b"]) == ("1", "2")

    def test_are_of_the_clients_class_with_what_it_keeps(self):
        class Team(AsyncFireworks):
            def __init__(self, team):
                super().__init__(api_key=KEY)
                self.team = team

        client = Team("red")
        resource = client.embeddings
        view = client.with_options(max_retries=0)
        assert type(view) is Team
        assert view.team == "red"
        assert view.embeddings is not resource
        assert view.with_options().team == "red"

    async def test_share_the_retry_budget(self):
        client = client_for()
        view = client.with_options(max_retries=5)
        assert view._service.budget is client._service.budget

    @pytest.mark.parametrize("name", ["max_connections", "max_concurrency"])
    def test_cannot_change_the_pool(self, name):
        with pytest.raises(TypeError, match="belongs to the shared pool"):
            client_for().with_options(**{name: 5})

    @pytest.mark.parametrize("name", ["session", "ssl", "api_keys", "label"])
    def test_refuse_what_is_no_option(self, name):
        with pytest.raises(TypeError, match=name):
            client_for().with_options(**{name: None})

    def test_refuse_what_cannot_be_used(self):
        with pytest.raises(ConfigurationError):
            client_for().with_options(timeout=-1)

    async def test_closing_one_closes_nothing(self):
        async with RawServer(default=OK) as server, client_for(server) as client:
            async with client.with_options(max_retries=0) as view:
                await text(view)
            assert await text(client) == "ab"
            assert server.connections == 1

    async def test_are_closed_with_their_client(self):
        async with RawServer(default=OK) as server:
            client = client_for(server)
            view = client.with_options(max_retries=0)
            await client.aclose()
            with pytest.raises(ClientClosedError):
                await text(view)

    async def test_keep_the_pool_alive(self):
        async with RawServer(default=OK) as server:
            client = client_for(server)
            view = client.with_options(max_retries=0)
            assert await text(client) == "ab"
            del client
            gc.collect()
            assert await text(view) == "ab"
            assert server.connections == 1
            with pytest.warns(ResourceWarning):
                del view

    async def test_of_a_subclass_are_of_the_subclass(self):
        class Mine(AsyncFireworks):
            pass

        client = Mine(api_key=KEY)
        assert type(client.with_options(max_retries=1)) is Mine


class TestClosing:
    async def test_is_idempotent_and_final(self):
        async with RawServer(OK) as server:
            client = client_for(server)
            assert await text(client) == "ab"
            await client.aclose()
            await client.aclose()
            await server.emptied()
            with pytest.raises(ClientClosedError):
                await text(client)
            assert idle(client)

    async def test_with_the_block(self):
        async with RawServer(OK) as server:
            async with client_for(server) as client:
                await text(client)
            await server.emptied()

    async def test_ends_open_streams_and_waiting_calls(self):
        async with RawServer(default=OPEN) as server:
            client = client_for(server, max_concurrency=100)
            tasks = [asyncio.create_task(text(client)) for _ in range(200)]
            await server.request(99)
            await settle()
            assert client.statistics().waiting == 100
            await client.aclose()
            await settle()
            assert {type(task.exception()) for task in tasks} == {ClientClosedError}
            assert idle(client)
            await server.emptied()

    async def test_ends_a_call_that_waits_to_be_repeated(self):
        later = [Send(json_response(503, {}, {"retry-after": "30"}))]
        async with RawServer(later) as server:
            client = client_for(server)
            task = asyncio.create_task(text(client))
            request = await server.request()
            await request.answered.wait()
            await asyncio.sleep(0.005)
            await client.aclose()
            async with asyncio.timeout(1):
                with pytest.raises(ClientClosedError):
                    await task

    async def test_a_stream_outlives_it_as_an_error(self):
        async with RawServer(OPEN) as server:
            async with client_for(server) as client:
                stream = call_of(client)
                await anext(stream)
            with pytest.raises(ClientClosedError):
                await anext(stream)
            await stream.aclose()


class TestThrownAway:
    async def test_open_it_warns_exactly_once(self):
        async with RawServer(OK) as server:
            client = client_for(server)
            await text(client)
            with pytest.warns(ResourceWarning) as warned:
                del client
            gc.collect()
            (warning,) = warned
            assert str(warning.message) == (
                f"unclosed <AsyncFireworks {server.base_url}>: use `async with`, "
                "or call aclose()"
            )
            await server.emptied()

    async def test_unused_or_closed_it_is_silent(self):
        client_for()
        async with RawServer(OK) as server, client_for(server) as client:
            await text(client)
        del client
        gc.collect()

    async def test_a_call_keeps_what_it_needs(self):
        async with RawServer(default=OK) as server:

            async def ask():
                return await text(client_for(server).with_options(max_retries=0))

            with pytest.warns(ResourceWarning):
                assert await ask() == "ab"

    def test_after_its_loop_it_warns_exactly_once(self):
        async def run():
            async with RawServer(OK) as server:
                clients.append(client_for(server))
                await text(clients[0])

        def throw_away():
            clients.clear()
            gc.collect()

        clients = []
        asyncio.run(run())
        with pytest.warns(ResourceWarning) as warned:
            throw_away()
        assert len(warned) == 1


class TestEventLoops:
    def test_one_client_in_one_run_after_another(self):
        client = None

        async def run():
            nonlocal client
            async with RawServer(default=OK) as server:
                if client is None:
                    client = client_for(server)
                view = client.with_options(base_url=server.base_url)
                assert await text(view) == "ab"
                assert await text(view) == "ab"
                assert server.connections == 1

        for _ in range(3):
            asyncio.run(run())
        asyncio.run(client.aclose())

    async def test_two_loops_at_once_are_refused(self):
        async with RawServer(default=OK) as server, client_for(server) as client:
            await text(client)
            with pytest.raises(ConfigurationError, match="another event loop"):
                await asyncio.to_thread(asyncio.run, text(client))
            assert await text(client) == "ab"


class TestAGivenSession:
    async def test_is_used_and_left_open(self):
        async with aiohttp.ClientSession(headers={"X-Mine": "1"}) as session:
            async with RawServer(default=OK) as server:
                async with client_for(server, session=session) as client:
                    assert await text(client) == "ab"
                assert server.log[0].headers["x-mine"] == "1"
                assert not session.closed
            await session.close()


def test_its_repr_shows_its_state_and_no_key():
    client = client_for(base_url="http://127.0.0.1:1", default_headers={"X-A": KEY})
    assert repr(client) == (
        "<AsyncFireworks http://127.0.0.1:1/v1 "
        "<SessionPool 0/1000 in flight, 0 waiting, 0 connections>>"
    )
    for inner in (client.chat, client.chat.completions, client._service, client._pool):
        assert KEY not in repr(inner)
    assert KEY not in repr(client._service.config)


def test_it_does_not_travel_by_accident():
    with pytest.raises(TypeError):
        pickle.dumps(client_for())


async def test_a_stream_says_where_it_stands():
    async with RawServer(OK) as server, client_for(server) as client:
        stream = call_of(client)
        with pytest.raises(StreamStateError):
            _ = stream.response
        await stream
        assert stream.response.request_id == "req-scripted"
        assert stream.timings.ttft <= stream.timings.e2e


def test_what_the_constructor_takes_can_be_asked():
    taken = typing.get_type_hints(AsyncFireworks.__init__)
    assert taken["session"] == aiohttp.ClientSession | None
    assert taken["ssl"] == ssl.SSLContext | None
    assert taken["timeout"] == Timeout | float | None

import asyncio

import pytest

from tests.support.gateways import ALIAS, config, deployment, running
from tests.support.raw_server import Fin, Hang, RawServer, Reset, Send
from tests.support.scripts import OK, refused
from tests.support.wire import answer, json_response, stream_response

WHOLE = {
    "id": "1",
    "object": "chat.completion",
    "model": "m",
    "choices": [{"index": 0, "message": {"content": "ab"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
}
FINE = [Send(json_response(200, WHOLE))]
SOON = {"retry-after-ms": "1"}
TOO_LONG = {"error": {"message": "prompt is too long", "type": "invalid_request_error"}}


@pytest.mark.parametrize(
    "fault",
    [
        refused(500, SOON),
        refused(503, SOON),
        refused(429, SOON),
        [Fin()],
        [Reset()],
        [Send(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{"), Fin()],
    ],
    ids=["500", "503", "429", "no answer", "reset", "cut in the middle"],
)
async def test_a_fault_is_made_good_at_another_deployment(fault):
    async with RawServer(default=fault) as broken, RawServer(default=FINE) as well:
        both = config(
            deployment(broken, order=1),
            deployment(well, order=2),
            router_settings={"cooldown_time": 60, "num_retries": 2},
        )
        async with running(both) as gateway:
            told = await gateway.ask()
            assert told.status == 200
            assert told.json["model"] == ALIAS
            assert gateway.gateway.accounts.metrics.models[ALIAS].retries >= 1


async def test_a_deployment_that_is_at_its_limit_is_left_alone_for_as_long_as_it_says():
    async with (
        RawServer(refused(429, {"retry-after": "60"})) as busy,
        RawServer(default=FINE) as well,
    ):
        both = config(deployment(busy, order=1), deployment(well, order=2))
        async with running(both) as gateway:
            for _ in range(5):
                assert (await gateway.ask()).status == 200
    assert len(busy.log) == 1
    assert len(well.log) == 5


async def test_f14_attempts_are_bounded():
    async with RawServer(default=refused(503, SOON)) as broken:
        one = config(deployment(broken), router_settings={"num_retries": 2})
        async with running(one) as gateway:
            told = await gateway.ask()
    assert told.status == 503
    assert len(broken.log) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
async def test_f13_what_is_refused_for_good_is_asked_once(status):
    async with (
        RawServer(default=refused(status)) as upstream,
        running(config(deployment(upstream))) as gateway,
    ):
        told = await gateway.ask()
    assert (told.status, told.error["code"]) == (status, "NO")
    assert len(upstream.log) == 1


class TestFallbacks:
    async def test_another_name_answers_when_one_fails(self):
        async with (
            RawServer(default=refused(500, SOON)) as bad,
            RawServer(FINE) as good,
        ):
            names = config(
                deployment(bad, max_retries=0),
                deployment(good, "spare"),
                router_settings={"fallbacks": [{ALIAS: ["spare"]}]},
            )
            async with running(names) as gateway:
                told = await gateway.ask()
                assert gateway.gateway.accounts.metrics.models[ALIAS].fallbacks == 1
        # Under the name that was asked for.
        assert (told.status, told.json["model"]) == (200, ALIAS)

    async def test_another_name_answers_at_once_when_one_asks_for_patience(self):
        wait = refused(429, {"retry-after": "30"})
        async with RawServer(default=wait) as busy, RawServer(FINE) as good:
            names = config(
                deployment(busy),
                deployment(good, "spare"),
                router_settings={"default_fallbacks": ["spare"]},
            )
            async with running(names) as gateway, asyncio.timeout(5):
                assert (await gateway.ask()).status == 200

    async def test_a_prompt_that_is_too_long_goes_where_it_fits(self):
        async with (
            RawServer(refused(400, body=TOO_LONG)) as short,
            RawServer(OK) as long,
        ):
            names = config(
                deployment(short),
                deployment(long, "long"),
                router_settings={"context_window_fallbacks": [{ALIAS: ["long"]}]},
            )
            async with running(names) as gateway:
                told = await gateway.ask(stream=True)
        assert told.text == "ab"

    async def test_a_request_that_is_wrong_is_wrong_everywhere(self):
        async with RawServer(refused(400)) as upstream, RawServer() as never:
            names = config(
                deployment(upstream),
                deployment(never, "spare"),
                router_settings={"fallbacks": [{ALIAS: ["spare"]}]},
            )
            async with running(names) as gateway:
                assert (await gateway.ask()).status == 400
        assert not never.log

    async def test_when_all_fail_the_last_one_is_told(self):
        async with RawServer(default=refused(500, SOON)) as bad:
            names = config(
                deployment(bad, max_retries=0),
                deployment(bad, "spare", max_retries=0),
                router_settings={"fallbacks": [{ALIAS: ["spare"]}]},
            )
            async with running(names) as gateway:
                assert (await gateway.ask()).status == 500
        assert len(bad.log) == 2


async def test_calls_of_one_session_stay_with_one_deployment():
    def told(_):
        return FINE

    async with (
        RawServer(default=told) as one,
        RawServer(default=told) as other,
        running(config(deployment(one), deployment(other))) as gateway,
    ):
        for _ in range(8):
            await gateway.ask(headers={"x-session-affinity": "s1"})
    assert sorted([len(one.log), len(other.log)]) == [0, 8]
    home = one if one.log else other
    assert home.log[0].headers["x-session-affinity"] == "s1"


async def test_as_many_are_in_flight_as_a_deployment_may_have_and_more_wait():
    async with (
        RawServer([Hang()], FINE) as upstream,
        running(config(deployment(upstream, max_parallel_requests=1))) as gateway,
    ):
        first = asyncio.ensure_future(gateway.ask())
        await upstream.request()
        second = asyncio.ensure_future(gateway.ask())
        await asyncio.sleep(0.05)
        assert len(upstream.log) == 1
        first.cancel()
        assert (await asyncio.wait_for(second, 5)).status == 200


async def test_tokens_of_calls_under_way_count_for_a_deployments_limit():
    limited = {"tpm": 300, "max_retries": 0}
    async with (
        RawServer([Hang()], FINE) as upstream,
        running(config(deployment(upstream, **limited))) as gateway,
    ):
        first = asyncio.ensure_future(gateway.ask(max_tokens=200))
        await upstream.request()
        told = await gateway.ask(max_tokens=200)
        assert (told.status, told.error["code"]) == (429, "deployment_rate_limit")
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await upstream.emptied()
        assert (await gateway.ask(max_tokens=200)).status == 200


async def test_f15_an_error_of_any_shape_is_told_in_openais_form():
    for body in ({"detail": "x"}, {"error": "text"}, b"<html>no</html>", b"", [1]):
        async with (
            RawServer(refused(404, body=body)) as upstream,
            running(config(deployment(upstream))) as gateway,
        ):
            told = await gateway.ask()
        assert told.status == 404
        assert isinstance(told.error["message"], str)


async def test_s1_the_apis_key_is_not_in_what_an_upstream_repeats():
    body = {"error": {"message": "bad key fw_CANARY0123456789", "type": "x"}}
    async with (
        RawServer(refused(401, body=body)) as upstream,
        running(config(deployment(upstream))) as gateway,
    ):
        told = await gateway.ask()
    assert told.status == 401
    assert b"CANARY" not in told.data


async def test_s3_f18_a_redirect_is_not_followed():
    to = {"location": "http://127.0.0.1:9/steal"}
    async with (
        RawServer(refused(307, to)) as upstream,
        running(config(deployment(upstream))) as gateway,
    ):
        told = await gateway.ask()
    assert told.status == 307 or told.status >= 500
    assert "location" not in {name.lower() for name in told.headers}


async def test_f16_an_error_under_status_200_is_an_error():
    body = {"error": {"message": "no", "code": "not_found"}}
    async with (
        RawServer([Send(json_response(200, body))]) as upstream,
        running(config(deployment(upstream))) as gateway,
    ):
        told = await gateway.ask()
    assert told.status == 404
    assert told.error["message"] == "no"


async def test_the_stream_of_an_alias_is_whole_at_any_cut():
    async with (
        RawServer([Send(stream_response(*answer("a", "b")))]) as upstream,
        running(config(deployment(upstream))) as gateway,
    ):
        told = await gateway.ask(stream=True)
    assert {event["model"] for event in told.events[:-1]} == {ALIAS}

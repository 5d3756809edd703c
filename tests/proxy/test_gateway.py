import asyncio

import pytest

from fireworks_async.errors import MissingAPIKeyError
from fireworks_async.proxy._config import settings_of
from fireworks_async.proxy._gateway import Gateway
from tests.support.gateways import ALIAS, config, deployment, running
from tests.support.raw_server import RawServer, Send, WaitFor
from tests.support.wire import LAST_CHUNK, answer, chunk, stream_body, stream_head


async def test_a_reload_drops_no_stream_and_serves_what_comes_by_the_new_word():
    gate = asyncio.Event()
    script = [
        Send(stream_head() + stream_body(chunk("x"))),
        WaitFor(gate),
        Send(stream_body(*answer("a", "b")) + LAST_CHUNK),
    ]
    async with (
        RawServer(script) as upstream,
        running(config(deployment(upstream))) as gateway,
    ):
        streaming = asyncio.ensure_future(gateway.ask(stream=True))
        await upstream.request()
        renamed = config(
            deployment(upstream, "new"), general_settings={"master_key": "sk-2"}
        )
        gateway.gateway.reload(settings_of(renamed))
        assert (await gateway.ask()).status == 401
        told = await gateway.ask("/v1/models", method="GET", key="sk-2")
        assert [row["id"] for row in told.json["data"]] == ["new"]
        gate.set()
        whole = await streaming
    assert (whole.text, whole.cut) == ("xab", False)


async def test_a_reload_keeps_what_was_learned_of_a_deployment_that_stays():
    entry = {"model_name": ALIAS, "litellm_params": {"model": "m", "api_key": "k"}}
    settings = settings_of({"model_list": [entry]})
    gateway = Gateway(settings)
    gateway.upstream.router.deployments[0].cooldown.rest(60, now=gateway.clock.now())
    gateway.reload(settings)
    assert gateway.upstream.router.deployments[0].cooldown.until > gateway.clock.now()
    await gateway.stop()


async def test_what_a_reload_leaves_as_it_is_goes_on_with_its_calls():
    def entry(name, **params):
        given = {"model": "m", "api_key": "k", **params}
        return {"model_name": name, "litellm_params": given}

    gateway = Gateway(settings_of({"model_list": [entry("a"), entry("b")]}))
    same, changed = gateway.upstream.router.deployments
    gateway.reload(settings_of({"model_list": [entry("a"), entry("b", weight=2)]}))
    assert gateway.upstream.router.deployments[0] is same
    assert gateway.upstream.router.deployments[1] is not changed
    gateway.reload(
        settings_of(
            {
                "model_list": [entry("a"), entry("b")],
                "router_settings": {"cooldown_time": 1},
            }
        )
    )
    assert gateway.upstream.router.deployments[0] is not same
    await gateway.stop()


async def test_a_reload_says_what_needs_another_start(caplog):
    entry = {"model_name": ALIAS, "litellm_params": {"model": "m", "api_key": "k"}}
    gateway = Gateway(settings_of({"model_list": [entry]}))
    general = {"max_request_size_mb": 1, "max_parallel_requests": 3}
    gateway.reload(settings_of({"model_list": [entry], "general_settings": general}))
    [record] = caplog.records
    assert "max_request_bytes changes with the next start only" in record.message
    assert gateway.books.parallel == 3
    await gateway.stop()


async def test_a_reload_that_cannot_be_changes_nothing(monkeypatch):
    for name in ("FIREWORKS_API_KEY", "FIREWORKS_AI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    entry = {"model_name": ALIAS, "litellm_params": {"model": "m", "api_key": "k"}}
    gateway = Gateway(settings_of({"model_list": [entry]}))
    before = gateway.upstream
    with pytest.raises(MissingAPIKeyError):
        gateway.reload(settings_of({}))
    assert gateway.upstream is before
    await gateway.stop()


async def test_its_gauges_are_zero_when_nothing_is_asked(gateway):
    await gateway.ask()
    gauges = gateway.gateway.gauges()
    assert gauges.pool["in_flight"] == gauges.pool["waiting"] == 0
    found = await gateway.gateway.all_metrics()
    assert list(found.in_flight.values()) == [0]
    assert not found.streaming

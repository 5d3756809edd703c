import asyncio

from prometheus_client.parser import text_string_to_metric_families

from fireworks_async.proxy._callers import KeyLimits
from fireworks_async.proxy._keys import create_key
from tests.support.gateways import ALIAS, MASTER_KEY, config, deployment, running


async def test_numbers_are_told_in_prometheus_form(gateway):
    await gateway.ask()
    await gateway.ask(stream=True)
    await gateway.ask(model="none")
    told = await gateway.ask("/metrics", method="GET")
    assert told.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    found = {
        (sample.name, tuple(sorted(sample.labels.values()))): sample.value
        for family in text_string_to_metric_families(told.data.decode())
        for sample in family.samples
    }
    assert found["fireworks_gateway_requests_total", ("200", ALIAS)] == 2
    assert found["fireworks_gateway_refused_total", ("404",)] == 1
    assert found["fireworks_gateway_tokens_total", ("completion", ALIAS)] == 12
    assert found["fireworks_gateway_first_event_seconds_count", (ALIAS,)] == 1
    assert found["fireworks_gateway_spend_usd_total", (ALIAS,)] > 0
    assert MASTER_KEY not in told.data.decode()


async def test_they_are_for_the_master_key_only(upstream, tmp_path):
    path = tmp_path / "g.db"
    _, key = await asyncio.to_thread(create_key, path, "team", KeyLimits())
    general = {"database_url": f"sqlite:///{path}"}
    async with running(
        config(deployment(upstream), general_settings=general)
    ) as gateway:
        assert (await gateway.ask("/metrics", method="GET", key=key)).status == 403
        assert (await gateway.ask("/metrics", method="GET", key=None)).status == 401

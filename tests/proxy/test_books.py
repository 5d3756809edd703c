import asyncio

import pytest

from fireworks_async.errors import ProxyConfigError
from fireworks_async.proxy._callers import KeyLimits
from fireworks_async.proxy._keys import create_key, list_keys, revoke_key
from tests.support.gateways import ALIAS, config, deployment, running


def kept(upstream, path, **general):
    general["database_url"] = f"sqlite:///{path}"
    return config(deployment(upstream), general_settings=general)


async def until(met):
    async with asyncio.timeout(5):
        while not met():  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.02)


async def test_a_key_that_is_made_works_within_a_second_and_until_it_is_revoked(
    upstream, tmp_path
):
    path = tmp_path / "g.db"
    async with running(kept(upstream, path)) as gateway:
        door = gateway.gateway.doorkeeper
        key_id, key = await asyncio.to_thread(create_key, path, "team", KeyLimits())
        await until(lambda: door.callers)
        assert (await gateway.ask(key=key)).status == 200
        await asyncio.to_thread(revoke_key, path, key_id)
        await until(lambda: not door.callers)
        assert (await gateway.ask(key=key)).status == 401


async def test_limits_of_a_key_are_kept(upstream, tmp_path):
    path = tmp_path / "g.db"
    limits = KeyLimits(models=frozenset({ALIAS}), rpm=1)
    _, key = await asyncio.to_thread(create_key, path, "team", limits)
    async with running(kept(upstream, path)) as gateway:
        assert (await gateway.ask(key=key, model="other")).status == 403
        assert (await gateway.ask(key=key)).status == 200
        told = await gateway.ask(key=key)
        listed = await gateway.ask("/v1/models", method="GET", key=key)
    assert told.status == 429
    assert int(told.headers["Retry-After"]) >= 1
    assert [row["id"] for row in listed.json["data"]] == [ALIAS]


async def test_spend_and_budgets_survive_a_restart(upstream, tmp_path):
    path = tmp_path / "g.db"
    key_id, key = await asyncio.to_thread(
        create_key, path, "team", KeyLimits(budget=1e-9)
    )
    async with running(kept(upstream, path)) as gateway:
        told = await gateway.ask(key=key)
        streamed = await gateway.ask(stream=True)
        assert streamed.status == 200
        assert (await gateway.ask(key=key)).error["code"] == "budget_exceeded"
    [row] = await asyncio.to_thread(list_keys, path)
    assert row.tokens == told.json["usage"]["total_tokens"]
    assert row.usd > 0
    async with running(kept(upstream, path)) as gateway:
        assert (await gateway.ask(key=key)).error["code"] == "budget_exceeded"
        totals = {each.key: each for each in gateway.gateway.books.totals}
    assert totals[key_id].requests == totals[""].requests == 1


async def test_a_database_that_cannot_be_used_keeps_it_from_starting(
    upstream, tmp_path
):
    with pytest.raises(ProxyConfigError):
        async with running(kept(upstream, tmp_path / "none" / "g.db")):
            pass

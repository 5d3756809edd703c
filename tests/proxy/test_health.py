import pytest

from tests.support.gateways import ALIAS


@pytest.mark.parametrize("name", ["liveliness", "liveness", "readiness"])
async def test_whether_it_lives_and_is_ready_is_told_to_anybody(gateway, name):
    told = await gateway.ask(f"/health/{name}", method="GET", key=None)
    assert told.status == 200


async def test_how_deployments_fare_is_told_without_a_paid_call(gateway, upstream):
    told = await gateway.ask("/health", method="GET")
    assert (told.json["healthy_count"], told.json["unhealthy_count"]) == (1, 0)
    [deployment] = gateway.gateway.upstream.router.deployments
    deployment.cooldown.rest(60, now=gateway.gateway.clock.now())
    told = await gateway.ask("/health", method="GET")
    [row] = told.json["unhealthy_endpoints"]
    assert row["model_name"] == ALIAS
    assert row["cooldown_seconds"] > 50
    assert not upstream.requests


async def test_it_is_not_told_to_anybody(gateway):
    assert (await gateway.ask("/health", method="GET", key=None)).status == 401

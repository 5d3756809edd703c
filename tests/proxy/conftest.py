"""One gateway before one simulator, for tests that need nothing special."""

from collections.abc import AsyncIterator

import pytest

from fireworks_async.simulator import Simulator
from tests.support.gateways import Running, config, deployment, running


@pytest.fixture
async def upstream() -> AsyncIterator[Simulator]:
    async with Simulator(tokens=6) as simulator:
        yield simulator


@pytest.fixture
async def gateway(upstream: Simulator) -> AsyncIterator[Running]:
    async with running(config(deployment(upstream))) as gateway:
        yield gateway

"""A simulator and a client of it; servers that play scripts, and clients of those."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from fireworks_async import AsyncFireworks
from fireworks_async.simulator import Simulator
from tests.support.raw_server import RawServer

Play = Callable[..., Awaitable[tuple[AsyncFireworks, RawServer]]]


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    async with Simulator(tokens=4) as simulator:
        yield simulator


@pytest.fixture
async def client(sim: Simulator) -> AsyncIterator[AsyncFireworks]:
    async with AsyncFireworks(
        base_url=sim.base_url, api_key="fw_test", max_retries=0
    ) as made:
        yield made


@pytest.fixture
async def play() -> AsyncIterator[Play]:
    """Starts a server that plays each of the scripts, and gives a client of it."""
    async with AsyncExitStack() as stack:

        async def started(
            *scripts: Any, **options: Any
        ) -> tuple[AsyncFireworks, RawServer]:
            server = await stack.enter_async_context(RawServer(*scripts))
            client = AsyncFireworks(
                **{"api_key": "fw_test", "max_retries": 0, **options},
                base_url=server.base_url,
            )
            return await stack.enter_async_context(client), server

        yield started

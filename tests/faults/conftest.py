"""A client for a scripted server, and both ways of reading an answer."""

import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
import pytest_asyncio

from fireworks_async import AsyncFireworks
from tests.support.calls import KEY, Ask
from tests.support.raw_server import RawServer

ClientTo = Callable[..., AsyncFireworks]


@pytest.fixture(autouse=True)
def _hurried(request: pytest.FixtureRequest) -> None:
    """Limits run out and pauses end without anybody waiting for them."""
    if pytest_asyncio.is_async_test(request.node):
        request.getfixturevalue("hurry")


@pytest.fixture(params=[True, False], ids=["stream", "collect"])
def ask(request: pytest.FixtureRequest) -> Ask:
    return Ask(streams=request.param)


@pytest.fixture
async def client_to() -> AsyncIterator[ClientTo]:
    """Makes clients without retries; at the end nothing may be in flight in them."""
    clients: list[AsyncFireworks] = []

    def connect(server: RawServer | None = None, **options: Any) -> AsyncFireworks:
        if server is not None:
            options["base_url"] = server.base_url
        client = AsyncFireworks(**{"api_key": KEY, "max_retries": 0, **options})
        clients.append(client)
        return client

    async with AsyncExitStack() as stack:
        yield connect
        left = [client.statistics() for client in clients]
        for client in clients:
            await stack.enter_async_context(client)
    assert [(held.in_flight, held.waiting) for held in left] == [(0, 0)] * len(left)


@pytest.fixture
def no_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries wait no longer than the server asks."""
    monkeypatch.setattr(random, "random", lambda: 0.0)

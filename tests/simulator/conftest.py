from collections.abc import AsyncIterator

import pytest

from fireworks_async.simulator import Simulator


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    async with Simulator() as simulator:
        yield simulator

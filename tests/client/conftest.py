"""A client's inside over a scripted transport: no sockets, and time moved by hand."""

import random
from collections.abc import Callable
from typing import Any

import pytest

from fireworks_async._client.attempts import Service
from fireworks_async._client.config import ClientConfig
from fireworks_async._policy.retry import RetryBudget
from tests.support.calls import KEY
from tests.support.manual_clock import ManualClock
from tests.support.scripted_transport import Answer, ScriptedTransport

ServiceOf = Callable[..., Service]


@pytest.fixture
def clock() -> ManualClock:
    """Waits between attempts move it, and nothing else."""
    return ManualClock(jumps=True)


@pytest.fixture
def service_of(clock: ManualClock) -> ServiceOf:
    """Makes what a client's calls share, over a transport that gives these answers."""

    def make(
        *answers: Answer,
        budget: RetryBudget | None = None,
        limit: int = 100,
        **config: Any,
    ) -> Service:
        transport = ScriptedTransport(*answers, clock=clock, limit=limit)
        arguments = {"api_key": KEY, "base_url": "http://127.0.0.1/v1", **config}
        return Service(
            transport,
            budget or RetryBudget(),
            ClientConfig.resolve(environ={}, **arguments),
        )

    return make


@pytest.fixture(autouse=True)
def dice(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the jitter of the coming waits is; the last stays."""
    coming = [1.0]
    monkeypatch.setattr(
        random, "random", lambda: coming.pop(0) if len(coming) > 1 else coming[0]
    )
    return coming

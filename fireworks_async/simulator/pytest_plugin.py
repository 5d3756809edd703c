"""The `fireworks_simulator` fixture for the test suites of users, and nothing else.

pytest imports this file in every environment that has the library installed, so it
imports nothing of weight: the simulator is loaded by the first test that asks for it.
"""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fireworks_async.simulator import Simulator

__all__ = ("fireworks_simulator",)


@pytest.fixture
def fireworks_simulator() -> "Iterator[Simulator]":
    """A running simulator, new for each test.

    It serves from a thread of its own, so that it works in synchronous tests and under
    any plugin for asynchronous ones. Point a client at `fireworks_simulator.base_url`.
    """
    from fireworks_async.simulator import Simulator  # noqa: PLC0415 - see above
    from fireworks_async.simulator._thread import (  # noqa: PLC0415 - see above
        serve_in_thread,
    )

    with serve_in_thread(Simulator()) as simulator:
        yield simulator

"""The `fireworks_simulator` fixture and marker for the test suites of users.

pytest imports this file in every environment that has the library installed, so it
imports nothing of weight: the simulator is loaded by the first test that asks for it.
"""

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fireworks_async.simulator import Simulator

__all__ = ("fireworks_simulator", "pytest_configure")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers",
        "fireworks_simulator(**options): the arguments of the Simulator that the"
        " fixture of this name gives",
    )


@pytest.fixture
def fireworks_simulator(request: pytest.FixtureRequest) -> "Iterator[Simulator]":
    """A running simulator, new for each test.

    It serves from a thread of its own, so that it works in synchronous tests and under
    any plugin for asynchronous ones. Point a client at `fireworks_simulator.base_url`.
    A marker of the same name gives arguments: `@pytest.mark.fireworks_simulator(slots=2)`.
    """
    from fireworks_async.simulator import Simulator  # noqa: PLC0415 - see above
    from fireworks_async.simulator._thread import (  # noqa: PLC0415 - see above
        serve_in_thread,
    )

    options: dict[str, Any] = {}
    for marker in reversed(list(request.node.iter_markers("fireworks_simulator"))):
        options |= marker.kwargs
    with serve_in_thread(Simulator(**options)) as simulator:
        yield simulator

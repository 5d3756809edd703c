"""What every test is held to: nothing blocks the loop, nothing is left behind."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from blockbuster import blockbuster_ctx

from tests.support.leaks import Leaks, settle, unseen_errors, watched_sessions


@pytest.fixture(scope="session", autouse=True)
def _no_blocking_in_the_loop() -> Iterator[None]:
    """A blocking call below a function of ours raises, if a loop is running."""
    with blockbuster_ctx("fireworks_async") as blocking:
        # As an import would, once: the model catalogue is a file of the package.
        reading = blocking.functions["io.BufferedReader.read"]
        reading.can_block_in("_policy/catalogue.py", "_models")
        yield


@pytest.fixture(autouse=True)
def _held_to_account(request: pytest.FixtureRequest) -> None:
    if pytest_asyncio.is_async_test(request.node):
        request.getfixturevalue("_nothing_left_behind")


@pytest.fixture
async def _nothing_left_behind() -> AsyncIterator[None]:
    """Set up before the test's own fixtures, so that theirs are gone when it looks."""
    leaks = Leaks()
    with watched_sessions() as sessions, unseen_errors() as errors:
        yield
        await settle()
        unclosed = [repr(session) for session in sessions if not session.closed]
    assert not unclosed, f"sessions not closed: {unclosed}"
    assert not leaks.tasks(), f"tasks still running: {leaks.tasks()}"
    assert not errors, f"errors that nobody saw: {errors}"


@pytest.fixture
async def leaks() -> Leaks:
    """What the test has left open so far."""
    return Leaks()

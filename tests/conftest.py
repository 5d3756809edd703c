"""What every test is held to: nothing blocks the loop, nothing is left behind."""

import gc
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from blockbuster import blockbuster_ctx
from hypothesis import HealthCheck, is_hypothesis_test, settings

from tests.support.leaks import Leaks, settle, unseen_errors, watched_sessions

# How long an example takes says more of the machine than of what is tested.
_PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def pytest_configure(config: pytest.Config) -> None:
    """Try properties with a fifth of the examples, unless slow tests are wanted too."""
    settings.register_profile("full", _PATIENT, max_examples=100)
    settings.register_profile("quick", _PATIENT, max_examples=20)
    settings.load_profile("full" if _wants_slow(config) else "quick")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """With all their examples, properties are slow tests."""
    if _wants_slow(config):
        for item in items:
            if is_hypothesis_test(getattr(item, "obj", None)):
                item.add_marker("slow")


def _wants_slow(config: pytest.Config) -> bool:
    return "not slow" not in config.getoption("markexpr")


def pytest_collection_finish() -> None:
    """Keep the collected tests, which all stay, out of every later collection."""
    gc.collect()
    gc.freeze()


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

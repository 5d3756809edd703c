"""What every test is held to: nothing blocks the loop, nothing is left behind.

What takes long to import is imported where it is used: the process that hands out the
tests to others needs none of it.
"""

import gc
import os
import sys
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from blockbuster import blockbuster_ctx

if TYPE_CHECKING:
    from tests.support.hurry import Hurry
    from tests.support.leaks import Leaks


def pytest_configure(config: pytest.Config) -> None:
    _share_bytecode(config)
    if hasattr(config, "workerinput") or not config.getoption("numprocesses"):
        _choose_examples("full" if _wants_slow(config) else "quick")


def _share_bytecode(config: pytest.Config) -> None:
    """Compile modules once for all processes and runs; the tree stays free of it."""
    if sys.dont_write_bytecode and config.pluginmanager.has_plugin("cacheprovider"):
        assert config.cache is not None
        sys.pycache_prefix = str(config.cache.mkdir("bytecode"))
        sys.dont_write_bytecode = False
        os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def _choose_examples(profile: str) -> None:
    """Try properties with a fifth of the examples, unless slow tests are wanted too."""
    from hypothesis import HealthCheck, settings

    # How long an example takes says more of the machine than of what is tested.
    patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.register_profile("full", patient, max_examples=100)
    settings.register_profile("quick", patient, max_examples=20)
    settings.load_profile(profile)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """With all their examples, properties are slow tests."""
    if _wants_slow(config):
        for item in items:
            if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
                item.add_marker("slow")


def _wants_slow(config: pytest.Config) -> bool:
    return "not slow" not in config.getoption("markexpr")


def pytest_collection() -> None:
    """Collect tests without collecting garbage, of which there is little."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Keep the collected tests, which all stay, out of every later collection."""
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="module", autouse=True)
def _gone_through_once() -> Iterator[None]:
    """What a module of tests has loaded stays, and is not gone through again."""
    yield
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _no_blocking_in_the_loop() -> Iterator[None]:
    """A blocking call below a function of ours raises, if a loop is running."""
    with blockbuster_ctx("fireworks_async") as blocking:
        # As an import would, once: the model catalogue is a file of the package.
        reading = blocking.functions["io.BufferedReader.read"]
        reading.can_block_in("_policy/catalogue.py", "_models")
        # Into the system's cache: what waits for the disk is fsync, in a thread.
        blocking.functions["os.write"].can_block_in("batch/_files.py", "append")
        yield


@pytest.fixture(autouse=True)
def _held_to_account(request: pytest.FixtureRequest) -> Iterator[None]:
    """What a test registers of models is gone after it, and so is all that it opened."""
    from tests.support.catalogue import catalogue_as_shipped

    if pytest_asyncio.is_async_test(request.node):
        request.getfixturevalue("_nothing_left_behind")
    with catalogue_as_shipped():
        yield


@pytest.fixture
async def _nothing_left_behind() -> AsyncIterator[None]:
    """Set up before the test's own fixtures, so that theirs are gone when it looks."""
    from tests.support.leaks import Leaks, settle, unseen_errors, watched_sessions

    leaks = Leaks()
    with watched_sessions() as sessions, unseen_errors() as errors:
        yield
        await settle()
        unclosed = [repr(session) for session in sessions if not session.closed]
    assert not unclosed, f"sessions not closed: {unclosed}"
    assert not leaks.tasks(), f"tasks still running: {leaks.tasks()}"
    assert not errors, f"errors that nobody saw: {errors}"


@pytest.fixture
async def leaks() -> "Leaks":
    """What the test has left open so far."""
    from tests.support.leaks import Leaks

    return Leaks()


@pytest.fixture
async def hurry(monkeypatch: pytest.MonkeyPatch) -> "Hurry":
    """Time is not waited for: where nothing else is left to do, it goes forward."""
    from tests.support.hurry import Hurry

    return Hurry(monkeypatch)


@pytest.fixture
async def stillness(monkeypatch: pytest.MonkeyPatch) -> "Hurry":
    """In addition, what is done takes no time, however busy the machine is."""
    from tests.support.hurry import Hurry

    return Hurry(monkeypatch, still=True)

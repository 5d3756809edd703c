"""The strict fixtures fail what they should, and nothing else."""

import asyncio
import os
from pathlib import Path

import pytest

from tests.support.leaks import Descriptors, Leaks

_TESTS = Path(__file__).parent.parent

_CULPRITS = """
import asyncio
import pathlib
import time

import aiohttp
import pytest

import fireworks_async

kept = []


@pytest.fixture(scope="module", autouse=True)
def _nothing_is_kept():
    yield
    kept.pop().detach()


async def test_honest():
    async with aiohttp.ClientSession():
        await asyncio.create_task(asyncio.sleep(0))


def test_honest_without_a_loop():
    time.sleep(0)


async def test_leaves_a_task():
    kept.append(asyncio.create_task(asyncio.Event().wait()))


async def test_leaves_a_session():
    kept.append(aiohttp.ClientSession())


async def test_leaves_an_error_that_nobody_saw():
    future = asyncio.get_running_loop().create_future()
    future.set_exception(ValueError("lost"))


async def test_blocks_the_loop():
    inside = pathlib.Path(fireworks_async.__file__).with_name("inside.py")
    exec(compile("time.sleep(0)", inside, "exec"))
"""


class Verdicts:
    """A plugin that keeps what came of each test: when it failed, and the complaint."""

    def __init__(self):
        self.of = {}

    def pytest_runtest_logreport(self, report):
        name = report.nodeid.rpartition("::")[2]
        self.of.setdefault(name, None)
        if report.failed:
            self.of[name] = (report.when, report.longreprtext)


def test_the_strict_fixtures_fail_who_leaves_something_behind_and_nobody_else(tmp_path):
    (tmp_path / "conftest.py").write_text((_TESTS / "conftest.py").read_text())
    (tmp_path / "test_culprits.py").write_text(_CULPRITS)
    verdicts = Verdicts()
    config = str(_TESTS.parent / "pyproject.toml")
    # Within this process: another would take seconds to start.
    options = ["-c", config, "-n0", "-p", "no:cacheprovider", "-p", "no:terminal"]
    assert pytest.main([*options, str(tmp_path)], plugins=[verdicts]) == 1
    expected = {
        "test_honest": None,
        "test_honest_without_a_loop": None,
        "test_leaves_a_task": ("teardown", "tasks still running"),
        "test_leaves_a_session": ("teardown", "sessions not closed"),
        "test_leaves_an_error_that_nobody_saw": ("teardown", "lost"),
        "test_blocks_the_loop": ("call", "Blocking call to time.sleep"),
    }
    assert verdicts.of.keys() == expected.keys()
    for name, complaint in expected.items():
        found = verdicts.of[name]
        if complaint is None:
            assert found is None
        else:
            assert found[0] == complaint[0]
            assert complaint[1] in found[1]


async def test_leaks_are_told_while_they_are_there():
    leaks = Leaks()
    descriptors = Descriptors()
    reading, writing = os.pipe()
    task = asyncio.create_task(asyncio.sleep(60))
    assert [what.partition(":")[0] for what in descriptors.new()] == ["pipe"] * 2
    assert len(leaks.tasks()) == 1
    os.close(reading)
    os.close(writing)
    task.cancel()
    await asyncio.wait([task])
    assert descriptors.new() == leaks.tasks() == []

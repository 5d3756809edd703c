"""The strict fixtures fail what they should, and nothing else."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.leaks import Leaks

_TESTS = Path(__file__).parent.parent

_CULPRITS = """
import asyncio
import pathlib
import time

import aiohttp

import fireworks_async

kept = []


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


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    directory = tmp_path_factory.mktemp("culprits")
    (directory / "conftest.py").write_text((_TESTS / "conftest.py").read_text())
    (directory / "test_culprits.py").write_text(_CULPRITS)
    config = _TESTS.parent / "pyproject.toml"
    command = [sys.executable, "-m", "pytest", "-c", config, directory, "-rA"]
    # Wide, because pytest cuts the complaint at the width of the terminal.
    wide = os.environ | {"COLUMNS": "400"}
    result = subprocess.run(
        command, capture_output=True, text=True, check=False, env=wide
    )
    return [line for line in result.stdout.splitlines() if "test_culprits.py::" in line]


@pytest.mark.parametrize("name", ["test_honest", "test_honest_without_a_loop"])
def test_who_leaves_nothing_behind_passes(outcome, name):
    lines = [line for line in outcome if line.endswith(f"::{name}")]
    assert [line.split()[0] for line in lines] == ["PASSED"]


@pytest.mark.parametrize(
    ("name", "verdict", "complaint"),
    [
        ("test_leaves_a_task", "ERROR", "tasks still running"),
        ("test_leaves_a_session", "ERROR", "sessions not closed"),
        ("test_leaves_an_error_that_nobody_saw", "ERROR", "lost"),
        ("test_blocks_the_loop", "FAILED", "Blocking call to time.sleep"),
    ],
)
def test_who_leaves_something_behind_fails(outcome, name, verdict, complaint):
    lines = [line for line in outcome if f"::{name} - " in line]
    assert [line.split()[0] for line in lines] == [verdict]
    assert complaint in lines[0]


async def test_leaks_are_told_while_they_are_there():
    leaks = Leaks()
    reading, writing = os.pipe()
    task = asyncio.create_task(asyncio.sleep(60))
    assert [what.partition(":")[0] for what in leaks.descriptors()] == ["pipe"] * 2
    assert len(leaks.tasks()) == 1
    os.close(reading)
    os.close(writing)
    task.cancel()
    await asyncio.wait([task])
    assert leaks.descriptors() == leaks.tasks() == []

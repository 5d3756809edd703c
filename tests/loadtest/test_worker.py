"""A worker as its parent has it: a process and two pipes."""

import asyncio
import sys

import pytest

from fireworks_async.loadtest._messages import (
    Done,
    Failed,
    Ready,
    Start,
    read_message,
    write_message,
)
from fireworks_async.simulator import Simulator
from tests.loadtest.test_engine import job


async def start_worker():
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "fireworks_async.loadtest._worker"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )


@pytest.mark.slow
async def test_a_job_from_beginning_to_end():
    worker = await start_worker()
    async with Simulator() as simulator:
        write_message(worker.stdin, job(simulator.base_url))
        assert await read_message(worker.stdout) == Ready()
        assert not simulator.requests
        write_message(worker.stdin, Start(0.0))
        message = await read_message(worker.stdout)
        while not isinstance(message, Done | Failed):
            message = await read_message(worker.stdout)
        assert len(message.outcome.records) == len(simulator.requests) == 6
    worker.stdin.close()
    assert await worker.wait() == 0


@pytest.mark.slow
async def test_no_job_no_work():
    worker = await start_worker()
    worker.stdin.close()
    assert await worker.wait() == 0
    assert await read_message(worker.stdout) is None

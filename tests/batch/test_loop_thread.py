"""A loop of one's own, for guests of another's."""

import asyncio
import threading

import pytest

from fireworks_async.batch._loop_thread import LoopThread


@pytest.fixture
def thread():
    thread = LoopThread("guest")
    yield thread
    thread.close()


async def where():
    return threading.current_thread().name, asyncio.get_running_loop()


async def test_work_runs_there_and_its_value_comes_here(thread):
    assert await thread.run(where()) == ("guest", thread.loop)


def test_it_can_be_blocked_on(thread):
    assert thread.run_blocking(where()) == ("guest", thread.loop)


async def test_errors_come_here(thread):
    async def fail():
        raise LookupError("x")

    with pytest.raises(LookupError, match="x"):
        await thread.run(fail())


async def test_cancelled_here_it_is_cancelled_there(thread):
    began, ended = threading.Event(), threading.Event()

    async def wait():
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    task = asyncio.create_task(thread.run(wait()))
    await asyncio.to_thread(began.wait)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.to_thread(ended.wait)


def test_closed_it_is_gone():
    thread = LoopThread("guest")
    thread.close()
    thread.close()
    assert thread.loop.is_closed()
    assert "guest" not in {each.name for each in threading.enumerate()}

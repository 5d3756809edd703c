import asyncio
from types import coroutine

import pytest

from fireworks_async._client.taskable import Taskable


@coroutine
def step(value):
    return (yield value)


class Call(Taskable):
    def __init__(self):
        self.seen = []

    def __await__(self):
        return self._run().__await__()

    def _leave(self):
        self.seen.append("left")

    async def _run(self):
        try:
            self.seen.append(await step(None))
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            self.seen.append("cancelled")
            raise
        return "result"


async def test_it_is_a_task_as_it_is_awaited():
    call = Call()
    assert await asyncio.create_task(call) == await Call() == "result"
    assert call.seen == [None]


async def test_it_is_awaited_in_a_group_and_gathered():
    async with asyncio.TaskGroup() as group:
        task = group.create_task(Call())
    assert [task.result(), *await asyncio.gather(Call(), Call())] == ["result"] * 3


def test_a_loop_is_run_for_it():
    assert asyncio.run(Call()) == "result"


async def test_it_is_cancelled_where_it_waits():
    call = Call()
    task = asyncio.create_task(call)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert call.seen == ["cancelled"]


async def test_it_is_closed_at_once_and_that_can_be_awaited():
    call = Call()
    call.close()
    assert call.seen == ["left"]
    assert await call.close() is None

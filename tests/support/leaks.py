"""What a test leaves behind: tasks, sessions, descriptors, errors that nobody saw."""

import asyncio
import gc
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp

# A cancelled task or a closed transport needs a few turns of the loop to be gone.
_TURNS = 5


class Leaks:
    """Tasks that have come since this object was made, inside the running loop."""

    def __init__(self) -> None:
        self._tasks = asyncio.all_tasks()

    def tasks(self) -> list[str]:
        """Tasks that are still running, this one not counted."""
        new = asyncio.all_tasks() - self._tasks - {asyncio.current_task()}
        return [repr(task) for task in new]


class Descriptors:
    """What is open when this object is made; listing it takes milliseconds."""

    def __init__(self) -> None:
        self._before = _open_descriptors()

    def new(self) -> list[str]:
        """What the open descriptors that were not there before point to."""
        now = _open_descriptors()
        return [what for number, what in now.items() - self._before.items()]


def _open_descriptors() -> dict[int, str]:
    found = {}
    for link in Path("/proc/self/fd").iterdir():
        try:
            found[int(link.name)] = str(link.readlink())
        except FileNotFoundError:
            # The descriptor that listed the directory.
            continue
    return found


async def settle() -> None:
    """Let what is ending end."""
    for _ in range(_TURNS):
        await asyncio.sleep(0)


@contextmanager
def watched_sessions() -> Iterator[weakref.WeakSet[aiohttp.ClientSession]]:
    """Every session that is made inside the block, as long as it lives."""
    made: weakref.WeakSet[aiohttp.ClientSession] = weakref.WeakSet()
    original = aiohttp.ClientSession.__init__

    def remembered(self: aiohttp.ClientSession, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        made.add(self)

    aiohttp.ClientSession.__init__ = remembered
    try:
        yield made
    finally:
        aiohttp.ClientSession.__init__ = original


@contextmanager
def unseen_errors() -> Iterator[list[str]]:
    """What the running loop's exception handler is told inside the block."""
    loop = asyncio.get_running_loop()
    seen: list[str] = []

    def record(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        seen.append(f"{context.get('message')}: {context.get('exception')!r}")

    previous = loop.get_exception_handler()
    loop.set_exception_handler(record)
    try:
        yield seen
        # Errors that were never retrieved are told when their task is collected.
        gc.collect(1)
    finally:
        loop.set_exception_handler(previous)

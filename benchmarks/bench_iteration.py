"""How should single items be handed out, when they come in lists, one list a read?

Run ``python benchmarks/bench_iteration.py [rounds]``. One JSON line a case: CPU
nanoseconds per item, no network, no decoding; the forms take turns, best of the rounds.

Answer (ns per item at 1, 8 and 32 items a read; CPython 3.11, a busy 2-core machine):
one asynchronous generator (360, 156, 146) beats a class with its own ``__anext__``
(440, 209, 201), whose every step makes a coroutine, and three nested generators (568,
286, 233), which also leak unless each is closed by hand. Lists cost next to nothing
(363, 61, 27). So ``Stream`` has one private generator over the synchronous parser, and
whatever needs no single items (the collector, ``batches()``) takes the lists.
"""

import asyncio
import json
import sys
import time
from collections import deque

ITEMS = 20_000
SIZES = (1, 8, 32)


class Source:
    """Lists of ``size`` items, as a reader gives them after a network read."""

    def __init__(self, size):
        self._left = ITEMS // size
        self._batch = [object()] * size

    async def read(self):
        """An empty list at the end."""
        if not self._left:
            return []
        self._left -= 1
        return self._batch


async def batches_of(source):
    while batch := await source.read():
        yield batch


async def events_of(source):
    async for batch in batches_of(source):
        for item in batch:
            yield item


async def chunks_of(source):
    async for item in events_of(source):
        yield item


async def nested_generators(source):
    async for _ in chunks_of(source):
        pass


async def one(source):
    while batch := await source.read():
        for item in batch:
            yield item


async def one_generator(source):
    async for _ in one(source):
        pass


class Items:
    """Its own ``__anext__``, over a deque."""

    def __init__(self, source):
        self._source = source
        self._waiting = deque()

    def __aiter__(self):
        return self

    async def __anext__(self):
        while not self._waiting:
            batch = await self._source.read()
            if not batch:
                raise StopAsyncIteration
            self._waiting.extend(batch)
        return self._waiting.popleft()


async def own_anext(source):
    async for _ in Items(source):
        pass


async def lists(source):
    async for batch in batches_of(source):
        for _ in batch:
            pass


FORMS = (nested_generators, one_generator, own_anext, lists)


def nanoseconds(form, size):
    start = time.process_time_ns()
    asyncio.run(form(Source(size)))
    return (time.process_time_ns() - start) / ITEMS


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    best = {(form, size): float("inf") for size in SIZES for form in FORMS}
    for _ in range(rounds):
        for (form, size), least in best.items():
            best[form, size] = min(least, nanoseconds(form, size))
    for (form, size), cost in best.items():
        case = {"form": form.__name__, "items_per_read": size}
        print(json.dumps(case | {"ns_per_item": round(cost)}))


if __name__ == "__main__":
    main()

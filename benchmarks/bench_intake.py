"""Does it pay to take all that an aiohttp reader holds, past its public ``readany``?

Run ``python -m benchmarks.bench_intake [rounds]``: the server of ``compare/`` in a
process of its own sends one HTTP chunk per event, 64 events a write; this process reads
and throws away. One JSON line a case: CPU microseconds per event, medians of the
rounds, both ways taking turns in one session.

Answer (CPython 3.11, aiohttp 3.14.5, a busy 2-core machine): 4.95 us with ``readany``,
2.9 us with ``take``: two fifths of what aiohttp costs per event come from handing
over its pieces one by one, and re-entering the HTTP parser after each.
"""

import asyncio
import json
import statistics
import sys
import time

import aiohttp

from benchmarks.compare import load
from benchmarks.compare.machine import pin, two_cores
from benchmarks.compare.run import running_server
from fireworks_async._net.intake import more, take

STREAMS, DELTAS, EVENTS_PER_WRITE = 8, 256, 64


async def public(content):
    return await content.readany()


async def private(content):
    while (data := take(content)) is None:
        await more(content)
    return data


WAYS = {"readany": public, "take": private}


async def read(session, url, way):
    body = {"model": load.MODEL, "max_tokens": DELTAS, "stream": True}
    size = 0
    async with session.post(url, json=body) as response:
        while data := await way(response.content):
            size += len(data)
    return size


async def wave(session, url, way):
    start = time.process_time()
    sizes = await asyncio.gather(*(read(session, url, way) for _ in range(STREAMS)))
    assert len(set(sizes)) == 1
    return (time.process_time() - start) / STREAMS / load.chunks_of(DELTAS)


async def measure(port, rounds):
    url = f"http://127.0.0.1:{port}{load.flat_path(EVENTS_PER_WRITE)}/v1/chat"
    timeout = aiohttp.ClientTimeout(total=None)
    costs = {name: [] for name in WAYS}
    async with aiohttp.ClientSession(timeout=timeout) as session:
        await wave(session, url, public)
        for _ in range(rounds):
            for name, way in WAYS.items():
                costs[name].append(await wave(session, url, way))
    return costs


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    server_core, core = two_cores() or (None, None)
    with running_server(server_core) as port:
        if core is not None:
            pin(core)
        costs = asyncio.run(measure(port, rounds))
    for name, its_costs in costs.items():
        cost = round(statistics.median(its_costs) * 1e6, 2)
        print(json.dumps({"way": name, "us_per_event": cost}))


if __name__ == "__main__":
    main()

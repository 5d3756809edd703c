"""One case in a process of its own: a client, a load, and what it cost this process.

    python -m benchmarks.compare.measure '{"module": "discard", "scenario": "burst", ...}'

prints one line of JSON. CPU time of the whole process is the measure; the text of every
stream is compared with what the server sent, outside the measured time.
"""

import asyncio
import contextlib
import gc
import importlib
import json
import os
import statistics
import sys
import time
from array import array
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.compare import load
from benchmarks.compare.interface import Client
from benchmarks.compare.machine import allow_many_sockets, busy_seconds, pin

__all__ = ("Order", "measure")

Numbers = dict[str, float | int | None]

_EVENTS_PER_WRITE = 64
_LEAST_WAVES = 2
_PATIENCE = 5.0


@dataclass(frozen=True)
class Order:
    """What the runner asks this process to do; times in seconds."""

    module: str
    scenario: str
    port: int
    streams: int
    deltas: int = 16
    method: str = "read"
    budget: float = 1.0
    gap: float = 0.05
    core: int | None = None
    understands: bool = True

    def client(self, path: str) -> Client:
        """A client for this way of sending."""
        module = importlib.import_module(f"benchmarks.compare.clients.{self.module}")
        return module.Client(f"http://127.0.0.1:{self.port}{path}")

    def flat_client(self) -> Client:
        """A client that is sent to as fast as it reads."""
        return self.client(load.flat_path(_EVENTS_PER_WRITE))


class WrongAnswerError(Exception):
    """The client read something else than what was sent."""


def check(order: Order, text: str, ending: load.Ending) -> None:
    """Compare what was read with what was sent."""
    if not order.understands:
        return
    if text != load.expected_text(order.deltas):
        raise WrongAnswerError(f"{len(text)} characters that were not sent: {text!r}")
    if ending != load.Ending("stop", order.deltas):
        raise WrongAnswerError(f"a strange ending: {ending}")


def resident_bytes() -> int | None:
    """Memory of this process now, where Linux tells."""
    sizes = Path("/proc/self/statm")
    if not sizes.exists():
        return None
    return int(sizes.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def flat(order: Order) -> Numbers:
    """Waves of equal calls, one after the other, until the budget of CPU is spent."""
    async with contextlib.aclosing(order.flat_client()) as client:
        costs = await waves(order, client)
    calls = len(costs) * order.streams
    cost_of_call = sum(costs) / calls
    return {
        "cpu_us_per_call": cost_of_call * 1e6,
        "cpu_us_per_chunk": cost_of_call * 1e6 / load.chunks_of(order.deltas),
        "calls": calls,
    }


async def waves(order: Order, client: Client) -> list[float]:
    """CPU seconds of each wave but the first, which opens the connections."""
    method = getattr(client, order.method)

    async def read() -> tuple[str, load.Ending]:
        parts: list[str] = []
        ending = await method(order.deltas, parts.append)
        return "".join(parts), ending

    async def create() -> tuple[str, load.Ending]:
        return await client.create(order.deltas)

    call = create if order.scenario == "create" else read
    await wave(order, call)
    costs: list[float] = []
    while len(costs) < _LEAST_WAVES or sum(costs) < order.budget:
        costs.append(await wave(order, call))
    return costs


async def wave(
    order: Order, call: Callable[[], Awaitable[tuple[str, load.Ending]]]
) -> float:
    """CPU seconds of ``streams`` calls at once."""
    start = time.process_time()
    answers = await asyncio.gather(*(call() for _ in range(order.streams)))
    cost = time.process_time() - start
    for text, ending in answers:
        check(order, text, ending)
    return cost


class Paces:
    """Lags and costs between the first and the last delta of all paced streams."""

    def __init__(self, order: Order) -> None:
        self.expected = order.streams * order.deltas
        # Made whole before memory is looked at, so that it does not count.
        self.lags = array("d", [0.0]) * self.expected
        self.seen = 0
        self.first_at = self.last_at = self.cpu_at_first = 0.0
        self.memory_half_way: int | None = None

    def reader(self) -> Callable[[str], None]:
        """A ``deliver`` for one stream, which holds that no clock runs backwards."""
        before = 0.0

        def deliver(text: str) -> None:
            nonlocal before
            now = time.monotonic()
            sent = float(text)
            if sent < before:
                raise WrongAnswerError(f"{sent} came after {before}")
            before = sent
            if not self.seen:
                self.first_at, self.cpu_at_first = now, time.process_time()
            self.lags[self.seen] = now - sent
            self.seen += 1
            self.last_at = now
            if self.seen == self.expected // 2:
                self.memory_half_way = resident_bytes()

        return deliver


async def paced(order: Order) -> Numbers:
    """Many streams of a token stream's speed, all open before the first delta comes."""
    await warm(order)
    path = load.paced_path(order.gap, order.streams)
    paces = Paces(order)
    async with contextlib.aclosing(order.client(path)) as client:
        method = getattr(client, order.method)
        gc.collect()
        memory_before = resident_bytes()
        endings = await asyncio.gather(
            *(method(order.deltas, paces.reader()) for _ in range(order.streams))
        )
        cost = time.process_time() - paces.cpu_at_first
    good = load.Ending("stop", order.deltas)
    if order.understands and set(endings) != {good}:
        raise WrongAnswerError(f"strange endings: {set(endings)}")
    if paces.seen != paces.expected:
        raise WrongAnswerError(f"{paces.seen} deltas of {paces.expected}")
    centiles = statistics.quantiles(paces.lags, n=100)
    memory = None
    if memory_before is not None and paces.memory_half_way is not None:
        memory = (paces.memory_half_way - memory_before) / 1024 / order.streams
    # All chunks but the role's, which came before the schedule began.
    chunks = order.streams * (load.chunks_of(order.deltas) - 1)
    schedule = order.gap * order.deltas
    return {
        "cpu_us_per_chunk": cost * 1e6 / chunks,
        "lag_p50_ms": centiles[49] * 1e3,
        "lag_p99_ms": centiles[98] * 1e3,
        "kib_per_stream": memory,
        "wall_over_schedule": (paces.last_at - paces.first_at) / schedule,
    }


async def warm(order: Order) -> None:
    """What a process does but once, out of the way."""
    async with contextlib.aclosing(order.flat_client()) as client:
        for _ in range(3):
            await client.read(4, len)


async def close(order: Order) -> Numbers:
    """Open streams that say nothing, then close them all.

    ``close``: their readers are cancelled and the client closed. ``aclose``: the client
    is closed under its readers, who must notice by themselves.
    """
    await warm(order)
    client = order.client(load.hold_path())
    all_open = asyncio.Event()
    waiting = order.streams

    def deliver(text: str) -> None:
        del text
        nonlocal waiting
        waiting -= 1
        if not waiting:
            all_open.set()

    method = getattr(client, order.method)
    start = time.monotonic()
    readers = [
        asyncio.create_task(method(order.deltas, deliver)) for _ in range(order.streams)
    ]
    await all_open.wait()
    opened, cpu = time.monotonic(), time.process_time()
    if order.scenario == "aclose":
        await client.aclose()
    else:
        for reader in readers:
            reader.cancel()
    await asyncio.gather(*readers, return_exceptions=True)
    if order.scenario == "close":
        await client.aclose()
    closed = time.monotonic()
    numbers: Numbers = {
        "open_s": opened - start,
        "close_s": closed - opened,
        "close_cpu_s": time.process_time() - cpu,
    }
    numbers["left_open"] = await left_open(order.port)
    return numbers


async def left_open(port: int) -> int:
    """How many streams the server still holds open after a moment of patience."""
    deadline = time.monotonic() + _PATIENCE
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while True:
        writer.write(b"GET /open HTTP/1.1\r\nhost: localhost\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.rpartition(b"content-length: ")[2])
        count = int(await reader.readexactly(length))
        if not count or time.monotonic() > deadline:
            writer.close()
            return count
        await asyncio.sleep(0.02)


async def measure(order: Order) -> Numbers:
    """Carry out one order, and say how busy others kept the core meanwhile."""
    scenarios = {"paced": paced, "close": close, "aclose": close}
    core = order.core
    busy, cpu, start = busy_seconds(core), time.process_time(), time.monotonic()
    numbers = await scenarios.get(order.scenario, flat)(order)
    cpu_used = time.process_time() - cpu
    still_busy = busy_seconds(core)
    if busy is not None and still_busy is not None:
        wall = time.monotonic() - start
        numbers["foreign"] = max(0.0, still_busy - busy - cpu_used) / wall
    return numbers


def main() -> None:
    order = Order(**json.loads(sys.argv[1]))
    if order.core is not None:
        pin(order.core)
    allow_many_sockets()
    print(json.dumps(asyncio.run(measure(order))))


if __name__ == "__main__":
    main()

"""A simulator in a thread of its own, for tests that have no event loop to give it."""

import asyncio
import threading
from collections.abc import Generator
from concurrent.futures import Future
from contextlib import contextmanager

from fireworks_async.simulator._server import Simulator

__all__ = ("serve_in_thread",)


@contextmanager
def serve_in_thread(simulator: Simulator) -> Generator[Simulator]:
    """Run `simulator` until the block is left.

    Raises:
        OSError: Its address cannot be listened on.
        OverflowError: Its port is not within 0 to 65535.
    """
    started: Future[asyncio.Event] = Future()
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        leave = asyncio.Event()
        loops.append(asyncio.get_running_loop())
        try:
            async with simulator:
                started.set_result(leave)
                await leave.wait()
        except Exception as error:
            if started.done():
                raise
            # Whoever waits for the beginning is told, whatever it is.
            started.set_exception(error)

    thread = threading.Thread(
        target=lambda: asyncio.run(serve()), name="fireworks-simulator", daemon=True
    )
    thread.start()
    try:
        leave = started.result()
        try:
            yield simulator
        finally:
            loops[0].call_soon_threadsafe(leave.set)
    finally:
        thread.join()

"""Each peer in a process of its own, from its own environment, asked over pipes."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks.compare.peers import REPOSITORY
from benchmarks.faults.outcome import API_KEY, Order, Report
from benchmarks.faults.trials import Ask

__all__ = ("ENVIRONMENT", "running")

# What every client finds its key by; and no proxy between it and the server.
ENVIRONMENT = {
    "FIREWORKS_API_KEY": API_KEY,
    "OPENAI_API_KEY": API_KEY,
    "NO_PROXY": "127.0.0.1",
}
# The first order of a process brings the import with it.
_LONGEST = 60.0


@asynccontextmanager
async def running(peer: str, python: Path | str) -> AsyncIterator[Ask]:
    """Start the peer's process; what it gives has the peer do one exercise."""
    with tempfile.TemporaryFile() as stderr:
        process = await asyncio.create_subprocess_exec(
            *(python, "-m", "benchmarks.faults.worker", peer),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
            cwd=REPOSITORY,
            env={**os.environ, **ENVIRONMENT},
        )
        assert process.stdin is not None
        assert process.stdout is not None
        stdin, stdout = process.stdin, process.stdout

        async def ask(order: Order) -> Report:
            stdin.write(order.to_json().encode() + b"\n")
            async with asyncio.timeout(_LONGEST):
                line = await stdout.readline()
            if not line:
                stderr.seek(0)
                said = stderr.read().decode(errors="replace")
                raise RuntimeError(f"the process of {peer} has ended: {said[-2000:]}")
            return Report.from_json(line)

        try:
            yield ask
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

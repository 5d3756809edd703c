"""The peer's process: one order a line comes in, one report a line goes out.

python -m benchmarks.faults.worker PEER
"""

import asyncio
import json
import os
import sys

from benchmarks.faults.clients import CLIENTS
from benchmarks.faults.exercises import perform
from benchmarks.faults.outcome import Order

__all__ = ()


async def _serve(peer: str, reports: int) -> None:
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        order = Order(**json.loads(line))
        client = CLIENTS[peer](order.base, order.max_retries)
        report = await perform(client, order)
        await client.aclose()
        os.write(reports, report.to_json().encode() + b"\n")


def main() -> None:
    # Some peers print: that must not get between the reports.
    reports = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    asyncio.run(_serve(sys.argv[1], reports))


if __name__ == "__main__":
    main()

"""What does importing us cost, and whose cost is it?

Run ``python -m benchmarks.bench_import [rounds]`` with the interpreter in question. One
JSON line a case: CPU milliseconds over a bare interpreter, medians; cases take turns.

Answer (CPython 3.11, a busy 2-core machine): ``import fireworks_async`` 28 ms, as asked:
no third-party import. The client 543 ms where its libraries alone are 413 ms, of which
aiohttp is nearly all: the first import of a name pays for aiohttp at once.
"""

import json
import sys
from pathlib import Path

from benchmarks.compare.imports import import_costs
from benchmarks.compare.machine import two_cores

CLIENT = "from fireworks_async import AsyncFireworks"
CASES = (
    "import asyncio",
    "import msgspec",
    "import anyio",
    "import aiohttp",
    "import aiohttp, anyio, msgspec",
    "import fireworks_async",
    "import fireworks_async.errors",
    "import fireworks_async.types",
    "import fireworks_async.sse",
    CLIENT,
    f"{CLIENT}; AsyncFireworks(api_key='fw_benchmark')",
)


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 11
    _, core = two_cores() or (None, None)
    python = Path(sys.executable)
    costs = import_costs({case: (python, case) for case in CASES}, rounds, core)
    for case, cost in costs.items():
        print(json.dumps({"statement": case, "ms": round(cost, 1)}))


if __name__ == "__main__":
    main()

"""One command, one table: what each client makes of the same faults on the wire.

    python -m benchmarks.faults [--peers ours,openai] [--python litellm=bin/python]

Each client runs in an environment and a process of its own; the server, which plays
literal bytes, in this one. Every cell is what was seen in this run, of the clients as
they come but for what the row names. Each fault has a twin without the fault; a cell
whose twin did not give the whole answer is marked, and says nothing.

ReqLLM is not here: it is written in Elixir, which this command does not bring.
"""

import argparse
import asyncio
import sys
from pathlib import Path

from benchmarks.compare import environments
from benchmarks.compare.peers import PEERS
from benchmarks.faults.clients import CLIENTS
from benchmarks.faults.peers import running
from benchmarks.faults.rows import ROWS
from benchmarks.faults.table import MARK, table
from benchmarks.faults.trials import Ask, Row, play

__all__ = ("cell", "main")

# Some rows are about time, and cores are few; most of the time is waiting.
_AT_ONCE = 2


async def cell(row: Row, ask: Ask) -> str:
    """What the table says of one client in one row."""
    fault = await play(row.fault, ask)
    twin = await play(row.twin, ask)
    return row.words(fault) + ("" if twin.is_whole else MARK)


async def _column(peer: str, python: Path) -> list[str]:
    async with running(peer, python) as ask:
        cells: list[str] = []
        for row in ROWS:
            cells.append(await cell(row, ask))
            print(f"{peer}: {row.title}: {cells[-1]}", file=sys.stderr)
        return cells


async def _columns(pythons: dict[str, Path]) -> dict[str, list[str]]:
    places = asyncio.Semaphore(_AT_ONCE)

    async def column(peer: str, python: Path) -> list[str]:
        async with places:
            return await _column(peer, python)

    columns = await asyncio.gather(*(column(*each) for each in pythons.items()))
    return dict(zip(pythons, columns, strict=True))


def _chosen() -> dict[str, Path | None]:
    """The interpreter that was named for each peer, or None."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults")
    parser.add_argument("--peers", default=",".join(CLIENTS), help="of %(default)s")
    parser.add_argument(
        "--python",
        action="append",
        default=[],
        metavar="PEER=PATH",
        help="take this interpreter, and so the versions installed there",
    )
    arguments = parser.parse_args()
    pythons = dict.fromkeys(arguments.peers.split(","))
    named = dict(choice.partition("=")[::2] for choice in arguments.python)
    if unknown := (set(pythons) - set(CLIENTS)) | (set(named) - set(pythons)):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    return pythons | {peer: Path(path).absolute() for peer, path in named.items()}


def main() -> None:
    known = {peer.name: peer.environment for peer in PEERS}
    pythons: dict[str, Path] = {}
    for peer, named in _chosen().items():
        pythons[peer] = python = named or environments.prepare(known[peer])
        versions = environments.versions(known[peer], python)
        said = ", ".join(f"{what} {version}" for what, version in versions.items())
        print(f"- {peer}: {said}")
    print(f"\n{table(ROWS, asyncio.run(_columns(pythons)))}")


if __name__ == "__main__":
    main()

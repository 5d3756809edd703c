"""Does the load test agree with others, and what does it cost to measure?

One line of JSON per case, in turns with every other tool that is there:

* ``known``: the same prompts against a simulator that takes 100 ms to the first token
  and 20 ms to each other. Ours is there by vLLM's formulas too.
* ``llama``: the same against llama.cpp's own server with a tiny random model.
* ``paced``: streams of known pace from a simulator in another process; the processor
  time of the whole tool, less that of a run of few requests, for each chunk: how many
  chunks a second one core can take.
* ``processes``: what a chunk costs one process, and each of two with as much each: how
  many chunks a second two cores can take.

Run ``python -m benchmarks.bench_loadtest``; the OpenAI SDK is of the dev extra, the
others are programs in environments of their own: ``--aiperf VENV``, ``--guidellm VENV``,
``--vllm VENV``.

The answer (2 cores with much else on them, Python 3.11; AIPerf 0.13.0, GuideLLM 0.8.1,
vLLM 0.32.0, OpenAI SDK; medians of one ``--quick`` round):

* ``known``, of 100 ms and 20 ms: 105.2 and 20.02 here, 106.4 and 20.01 by AIPerf, 102.9
  and 20.01 by GuideLLM, 121.8 and 20.02 by the SDK's loop: they agree. vLLM says 5.0 ms
  and 23.23, because its clock stops at the chunk that only has a role, and what is left
  of the wait goes into its TPOT; ours by its formulas says 6.3 and 23.22. Its end to end
  and its tokens a second are ours: 726.0 and 725.3 ms, 175.1 and 175.1.
* ``llama``: 17 to 34 ms and 1.1 to 2.1 ms by all but the SDK's loop (46 and 3.9), by how
  much of the two cores is left to the server when its turn comes. GuideLLM and vLLM
  lose 3 of 60 answers: the one, it seems, where a text has Unicode's line separators,
  the other where the server closed a connection that it had promised to keep.
* ``paced``: 71 us of processor time for a chunk here, 70 by vLLM (whose start costs 41 s
  against 2.5, so give or take a quarter), 291 by AIPerf, 427 by GuideLLM, 447 by the SDK:
  14,100 chunks a second and core here, 14,400, 3,400, 2,300 and 2,200 there.
* ``processes``: 12,000 and 12,900 chunks a second by one, 23,000 and 22,000 by two: 1.8
  times as many, with the server and all else on the same cores.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.loadtest_peers import (
    TOKENS,
    VLLM,
    AIPerf,
    GuideLLM,
    OpenAILoop,
    Ours,
    Target,
    cpu_of,
    write_prompts,
)
from fireworks_async.loadtest._stand_in import Pace, stand_ins
from tests.support.llama_server import MODEL, running_llama_server

CONCURRENCY = 4
SIMULATED = "accounts/fireworks/models/llama-v3p3-70b-instruct"
PEERS = {"aiperf": AIPerf, "guidellm": GuideLLM, "vllm": VLLM}


def rounded(figures):
    return {
        name: rounded(value) if isinstance(value, dict) else round(value, 3)
        for name, value in figures.items()
    }


def side_by_side(case, target, tools, *, rounds, requests):
    """What each tool says of the same server, in turns."""
    for turn in range(rounds):
        for tool in tools:
            cpu_of(tool.command(target, requests), target.folder)
            found = rounded(tool.figures(target))
            yield {"case": case, "round": turn, "tool": tool.name, **found}


@contextmanager
def paced_server(ttft: float, gap: float) -> Iterator[str]:
    """A simulator in another process, from code without a loop."""
    with asyncio.Runner() as runner:
        servers = stand_ins(Pace(ttft, gap, TOKENS))
        [url] = runner.run(servers.__aenter__())
        try:
            yield url
        finally:
            runner.run(servers.__aexit__(None, None, None))


def cost(target, tools, *, requests):
    few = requests // 10
    for tool in tools:
        started, cpu = (
            cpu_of(tool.command(target, count), target.folder)
            for count in (few, requests)
        )
        chunk = (cpu - started) / ((requests - few) * TOKENS)
        yield {
            "case": "paced",
            "tool": tool.name,
            "concurrency": target.concurrency,
            "startup_cpu_s": round(started, 2),
            "cpu_us_per_chunk": round(chunk * 1e6, 1),
            "chunks_per_second_per_core": round(1 / chunk),
            **rounded(tool.figures(target)),
        }


def processes(folder, *, seconds):
    """What a chunk costs when one process takes a load, and two take twice as much.

    As many chunks as two can take cannot be served on the two cores that they take.
    """
    with paced_server(0.0, 0.01) as url:
        for count in (1, 2, 1, 2):
            out = folder / "processes.json"
            command = [
                *(sys.executable, "-m", "fireworks_async", "loadtest"),
                *("--base-url", url, "--api-key", "fw_test", "--model", SIMULATED),
                *(
                    "--no-calibration",
                    "--concurrency",
                    str(20 * count),
                    "--output-tokens",
                    "200",
                ),
                *("--duration", str(seconds), "--processes", str(count)),
                *("--json", str(out), "--assert", "requests>0"),
            ]
            subprocess.run(command, check=True, capture_output=True, timeout=300)
            [run] = json.loads(out.read_text())["runs"]
            rate = run["summary"]["whole"]["chunks_per_second"]
            cpu = sum(client["cpu_share"] for client in run["clients"]) / rate
            yield {
                "case": "processes",
                "processes": count,
                "chunks_per_second": round(rate),
                "cpu_shares": [round(c["cpu_share"], 3) for c in run["clients"]],
                "cpu_us_per_chunk": round(cpu * 1e6, 1),
                "chunks_per_second_of_all": round(count / cpu),
                "verdict": run["verdict"]["grade"],
            }


def cases(asked, tools, folder):
    rounds, requests = (1, 60) if asked.quick else (3, 300)
    cost_of = 800 if asked.quick else 2_400
    write_prompts(folder, max(requests, cost_of))
    size = {"rounds": rounds, "requests": requests}
    if "known" in asked.cases:
        with paced_server(0.1, 0.02) as url:
            target = Target(url, SIMULATED, folder, CONCURRENCY)
            yield from side_by_side("known", target, tools, **size)
    if "llama" in asked.cases:
        with running_llama_server(folder, slots=CONCURRENCY) as server:
            target = Target(server.base_url, MODEL, folder, CONCURRENCY)
            yield from side_by_side("llama", target, tools, **size)
    if "paced" in asked.cases:
        with paced_server(0.0, 0.01) as url:
            target = Target(url, SIMULATED, folder, 40)
            yield from cost(target, tools, requests=cost_of)
    if "processes" in asked.cases:
        yield from processes(folder, seconds=4 if asked.quick else 10)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true")
    names = ("known", "llama", "paced", "processes")
    parser.add_argument("--cases", nargs="+", choices=names, default=names)
    for name in PEERS:
        parser.add_argument(f"--{name}", type=Path, metavar="VENV")
    asked = parser.parse_args()
    there = {name: getattr(asked, name) for name in PEERS}
    tools = [
        Ours(),
        OpenAILoop(),
        *(PEERS[name](venv) for name, venv in there.items() if venv is not None),
    ]
    with tempfile.TemporaryDirectory() as folder:
        for row in cases(asked, tools, Path(folder)):
            print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()

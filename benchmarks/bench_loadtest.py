"""Does the load test agree with others, and what does it cost to measure?

One line of JSON per case:

* ``known``: the same prompts by this load test and by AIPerf, in turns, against a
  simulator that takes 100 ms to the first token and 20 ms to each other; ours under
  AIPerf's names, by AIPerf's formulas.
* ``llama``: the same against llama.cpp's own server with a tiny random model.
* ``paced``: streams of known pace from a simulator in another process; the processor
  time of the whole tool, less that of a run of few requests, for each chunk: how many
  chunks a second one core can take.

Run ``python -m benchmarks.bench_loadtest``; AIPerf is another program, in an environment
of its own: ``--aiperf PATH/bin/aiperf --tokenizer NAME`` (it needs a tokenizer of the
Hugging Face hub, from its cache when offline). Without it, ours alone is measured.

The answer (2 cores with much else on them, Python 3.11, AIPerf 0.13.0, medians):

* ``known``: 102.1 ms and 20.005 ms here, 105.4 ms and 20.008 ms by AIPerf: they agree.
* ``llama``: 18 ms and 1.1 ms here, 42 ms and 3.0 ms by AIPerf, which gets a third of the
  tokens a second: on two cores, its processes take from the server what it needs. The
  formulas are the same; the difference is what the client itself costs.
* ``paced``: 52 to 78 us of processor time for a chunk here, 316 to 332 us by AIPerf:
  13,000 to 19,000 chunks a second and core against 3,000.
"""

import argparse
import asyncio
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fireworks_async.loadtest._stand_in import Pace, stand_ins
from tests.support.llama_server import MODEL, running_llama_server

TOKENS = 32
CONCURRENCY = 4
SIMULATED = "accounts/fireworks/models/llama-v3p3-70b-instruct"
NAMES = (
    "time_to_first_token",
    "inter_token_latency",
    "request_latency",
    "output_token_throughput",
    "request_throughput",
    "error_request_count",
)
WORDS = ["the", "and", "for", "are", "but", "not", "you", "all", "any", "can", "had"]


def write_prompts(folder: Path, count: int) -> tuple[Path, Path]:
    """The same prompts in the form of each tool."""
    dice = random.Random(1)
    texts = [" ".join(dice.choices(WORDS, k=20)) for _ in range(count)]
    ours, theirs = folder / "ours.jsonl", folder / "theirs.jsonl"
    ours.write_text(
        "".join(
            json.dumps({"prompt": t, "max_tokens": TOKENS, "ignore_eos": True}) + "\n"
            for t in texts
        )
    )
    theirs.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    return ours, theirs


def cpu_of(command: list[str], **environment: str) -> float:
    """Run a command, and give the processor seconds of it and all that it started."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        command,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **environment},
        timeout=600,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


class Ours:
    """This load test, as its command."""

    name = "ours"

    def measure(self, url, model, prompts, folder, *, requests, concurrency):
        out = folder / "ours.json"
        command = [
            *(sys.executable, "-m", "fireworks_async", "loadtest", "--no-calibration"),
            *("--base-url", url, "--api-key", "fw_test", "--model", model),
            *("--dataset", str(prompts[0]), "--requests", str(requests)),
            *("--concurrency", str(concurrency), "--export", f"aiperf={out}"),
            *("--assert", "requests>0"),
        ]
        cpu = cpu_of(command)
        return cpu, json.loads(out.read_text())[0]


class AIPerf:
    """AIPerf, as its command."""

    name = "aiperf"

    def __init__(self, command, tokenizer):
        self._command = command
        self._tokenizer = tokenizer

    def measure(self, url, model, prompts, folder, *, requests, concurrency):
        out = folder / f"aiperf-{requests}"
        command = [
            *(self._command, "profile", "-m", model, "-u", url, "--streaming"),
            *("--endpoint-type", "chat", "--concurrency", str(concurrency)),
            *("--request-count", str(requests), "--input-file", str(prompts[1])),
            *("--custom-dataset-type", "single_turn", "--use-server-token-count"),
            *("--extra-inputs", f"max_tokens:{TOKENS}"),
            *("--extra-inputs", "ignore_eos:true", "--tokenizer", self._tokenizer),
            *("--ui", "none", "--artifact-dir", str(out)),
            *("--api-key", "fw_test", "--no-gpu-telemetry", "--no-server-metrics"),
        ]
        cpu = cpu_of(command, HF_HUB_OFFLINE="1")
        return cpu, json.loads((out / "profile_export_aiperf.json").read_text())


def shown(found):
    """The numbers that are put beside each other."""
    row = {}
    for name in NAMES:
        value = found.get(name) or {}
        for statistic in ("avg", "p50", "p95"):
            if value.get(statistic) is not None:
                row[f"{name}.{statistic}"] = round(value[statistic], 3)
    return row


def side_by_side(case, url, model, tools, folder, *, rounds, requests):
    """What each tool says of the same server, in turns."""
    prompts = write_prompts(folder, requests)
    for turn in range(rounds):
        for tool in tools:
            _, found = tool.measure(
                url, model, prompts, folder, requests=requests, concurrency=CONCURRENCY
            )
            yield {"case": case, "round": turn, "tool": tool.name, **shown(found)}


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


def cost(tools, folder, *, requests, concurrency):
    prompts = write_prompts(folder, requests)
    few = requests // 10
    with paced_server(0.0, 0.01) as url:
        for tool in tools:
            spent = []
            for count in (few, requests):
                cpu, found = tool.measure(
                    url,
                    SIMULATED,
                    prompts,
                    folder,
                    requests=count,
                    concurrency=concurrency,
                )
                spent.append(cpu)
            chunk = (spent[1] - spent[0]) / ((requests - few) * TOKENS)
            yield {
                "case": "paced",
                "tool": tool.name,
                "concurrency": concurrency,
                "startup_cpu_s": round(spent[0], 2),
                "cpu_us_per_chunk": round(chunk * 1e6, 1),
                "chunks_per_second_per_core": round(1 / chunk),
                **shown(found),
            }


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--aiperf")
    parser.add_argument("--tokenizer", default="builtin")
    asked = parser.parse_args()
    tools = [Ours()]
    if asked.aiperf:
        tools.append(AIPerf(asked.aiperf, asked.tokenizer))
    rounds, requests = (1, 100) if asked.quick else (3, 300)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        size = {"rounds": rounds, "requests": requests}
        with paced_server(0.1, 0.02) as url:
            for row in side_by_side("known", url, SIMULATED, tools, folder, **size):
                print(json.dumps(row), flush=True)
        with running_llama_server(folder, slots=CONCURRENCY) as server:
            url = server.base_url
            for row in side_by_side("llama", url, MODEL, tools, folder, **size):
                print(json.dumps(row), flush=True)
        for row in cost(tools, folder, requests=4 * requests, concurrency=40):
            print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()

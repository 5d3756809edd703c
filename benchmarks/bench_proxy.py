"""What does the gateway cost, beside a bare pass-through and LiteLLM's proxy?

Run ``python benchmarks/bench_proxy.py [--quick] [--without litellm] [--rounds N]``. The
gateway has one core, upstream and callers have another; all are measured in turns, in
the same kind of event loop, and those that start quickly several times in a round; of
all turns the median counts. How much of their core upstream and callers took is told as
``load_core``: near 1, they would be what is measured. At the end each bar is told, with
what was reached. Three rounds take about 20 minutes, of which half are LiteLLM's;
``--litellm PYTHON`` spares the making of its environment.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.compare.environments import prepare, versions
from benchmarks.compare.machine import allow_many_sockets, pin, two_cores
from benchmarks.compare.peers import Environment
from benchmarks.proxies.contenders import MODEL, cpu_of, cpu_of_tree, memory_of, started
from benchmarks.proxies.driver import drive, request_bytes

LITELLM = Environment("litellm-proxy", ("litellm[proxy]",), ("litellm",))
SCENARIOS = ("single", "many", "short", "burst", "paced")
NAMES = ("direct", "bare", "ours", "litellm")
# Turns in a round. It takes LiteLLM ten seconds to start, and the others none.
TURNS = {"direct": 1, "bare": 3, "ours": 3, "litellm": 1}
# What is measured, in which scenario, beside whom; whether what reaching the upstream
# directly takes is taken off; whether more is better; and the bar.
BARS = (
    ("requests/s at 64", "many", "rps", "litellm", False, True, 40),
    ("chunks/s", "burst", "chunks_per_s", "litellm", False, True, 80),
    ("added p50, one caller", "single", "p50_ms", "litellm", True, False, 1 / 25),
    ("added p99, one caller", "single", "p99_ms", "litellm", True, False, 1 / 25),
    ("added p50, 100 paced", "paced", "lag_p50_ms", "litellm", True, False, 1 / 25),
    ("added p99, 100 paced", "paced", "lag_p99_ms", "litellm", True, False, 1 / 25),
    ("memory", "paced", "rss_mb", "litellm", False, False, 1 / 5),
    ("start to ready", "many", "ready_s", "litellm", False, False, 1 / 8),
    ("CPU per request", "many", "cpu_us_per_call", "bare", False, False, 1.5),
    ("CPU per chunk", "burst", "cpu_us_per_chunk", "bare", False, False, 1.3),
)


def plan(scenario, name, *, quick):
    """Upstream's path, callers at once, calls in all, whether streamed, deltas."""
    share = 4 if quick else 1
    if name == "litellm":
        # So that it takes seconds and not minutes; but a single caller's 99th percentile
        # wants many calls of everybody.
        share *= 4 if scenario == "single" else 20
    return {
        "single": ("/flat/1/v1", 1, 1200 // share, False, 16),
        "many": ("/flat/1/v1", 64, max(128, 12800 // share), False, 16),
        "short": ("/flat/64/v1", 16, max(32, 4800 // share), True, 16),
        "burst": ("/flat/64/v1", 8, max(8, 640 // share), True, 256),
        "paced": ("/paced/50000/100/v1", 100, 100, True, 20 if quick else 60),
    }[scenario]


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def measure(gateway, scenario, upstream, *, quick):
    _, at_once, calls, stream, deltas = plan(scenario, gateway.name, quick=quick)
    request = request_bytes(
        gateway.host, gateway.path, gateway.key, MODEL, stream=stream, deltas=deltas
    )
    warm = min(at_once * 2, 64) if scenario != "paced" else 0
    if warm:
        await drive(
            gateway.host,
            gateway.port,
            request,
            at_once=warm // 2 or 1,
            calls=warm,
            stream=stream,
        )
    before = cpu_of(gateway)
    load_before = time.process_time() + cpu_of_tree(upstream)
    tally = await drive(
        gateway.host,
        gateway.port,
        request,
        at_once=at_once,
        calls=calls,
        stream=stream,
        clocks=scenario == "paced",
    )
    cpu = cpu_of(gateway) - before
    load = time.process_time() + cpu_of_tree(upstream) - load_before
    if tally.wrong:
        raise RuntimeError(
            f"{gateway.name}: {len(tally.wrong)} wrong: {tally.wrong[0]!r}"
        )
    found = {
        "rps": tally.calls / tally.wall,
        "p50_ms": percentile(tally.seconds, 0.5) * 1e3,
        "p99_ms": percentile(tally.seconds, 0.99) * 1e3,
        "cpu_us_per_call": cpu / tally.calls * 1e6,
        "rss_mb": memory_of(gateway) / 1e6,
        "load_core": load / tally.wall,
    }
    if stream:
        found["chunks_per_s"] = tally.events / tally.wall
        found["cpu_us_per_chunk"] = cpu / tally.events * 1e6
    if tally.lags:
        found["lag_p50_ms"] = percentile(tally.lags, 0.5) * 1e3
        found["lag_p99_ms"] = percentile(tally.lags, 0.99) * 1e3
    return found


def turns_of(names):
    """Who is measured after whom in one round of a scenario: each beside all others."""
    most = max(TURNS[name] for name in names)
    return [name for turn in range(most) for name in names if turn < TURNS[name]]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--without", nargs="*", default=[])
    parser.add_argument("--litellm", metavar="PYTHON", help="that has litellm[proxy]")
    parser.add_argument("--only", nargs="*", default=list(SCENARIOS))
    arguments = parser.parse_args()
    names = [name for name in NAMES if name not in arguments.without]
    allow_many_sockets()
    cores = two_cores()
    own, other = cores or (None, None)
    python = None
    if "litellm" in names:
        python = arguments.litellm or prepare(LITELLM)
        print(json.dumps(versions(LITELLM, Path(python))))
    if own is not None:
        pin(own)
    command = [sys.executable, "-m", "benchmarks.compare.server"]
    server = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parent.parent
    )
    results = {}
    try:
        port = int(server.stdout.readline())
        for _ in range(1 if arguments.quick else arguments.rounds):
            for scenario in arguments.only:
                for name in turns_of(names):
                    path = plan(scenario, name, quick=arguments.quick)[0]
                    with (
                        tempfile.TemporaryDirectory() as directory,
                        started(
                            name,
                            f"http://127.0.0.1:{port}{path}",
                            Path(directory),
                            core=other,
                            python=python,
                        ) as gateway,
                    ):
                        found = asyncio.run(
                            measure(
                                gateway, scenario, server.pid, quick=arguments.quick
                            )
                        )
                        found["ready_s"] = gateway.ready_after
                    print(json.dumps({"scenario": scenario, "gateway": name, **found}))
                    for metric, value in found.items():
                        results.setdefault((scenario, name, metric), []).append(value)
    finally:
        server.terminate()
        server.wait()
    report(results)


def report(results):
    def median(scenario, name, metric):
        values = results.get((scenario, name, metric))
        return statistics.median(values) if values else None

    for scenario, name, metric in results:
        if name == "ours":
            mine = median(scenario, name, metric)
            rest = {
                other: mine / theirs
                for other in NAMES
                if other != name and (theirs := median(scenario, other, metric))
            }
            shown = ", ".join(f"{v:.3g} of {k}" for k, v in rest.items())
            print(f"{scenario:7} {metric:17} {mine:12,.2f}   {shown}")
    print()
    for what, scenario, metric, other, is_added, wants_more, bar in BARS:
        mine, theirs = (median(scenario, n, metric) for n in ("ours", other))
        if mine is None or theirs is None:
            continue
        if is_added:
            direct = median(scenario, "direct", metric) or 0.0
            mine, theirs = mine - direct, theirs - direct
        ratio = mine / theirs
        met = ratio >= bar if wants_more else ratio <= bar
        bound = f"at least {bar:g} x" if wants_more else f"at most {bar:.3g} x"
        print(
            f"{'met   ' if met else 'MISSED'} {what:22} {mine:10,.2f} beside "
            f"{theirs:10,.2f} of {other}: {ratio:.3g} x, {bound}"
        )


if __name__ == "__main__":
    main()

"""What does a row of a batch cost, over a bare loop of calls and beside other clients?

Run ``python -m benchmarks.bench_batch [--quick] [--rows N]``. A server on a bare asyncio
protocol runs on one core, each case in a process of its own on another; cases take turns.
Every row is a chat completion of 16 tokens, 64 in flight. For us, a completion is a
collected stream; the others ask for one JSON answer. One JSON line a case: CPU
microseconds a row and rows a second of the processes' medians, and the ratio to the
bare loop (the median of the rounds' ratios). Others are left out where they are not
installed, and get fewer rows: their cost a row does not depend on the number. Of Ray
Data's own HTTP processor (one actor, batches of 64) the rows are counted after the
first block, since the start of its processes takes many times as long as the work, and
the CPU is that of all its processes; it has one turn.

Answer (CPython 3.11): by ``--quick``, the table in this folder's README. At 20,000 rows,
six runs of five turns: run_batch 1.38 to 1.48 of the bare loop (the median of each run),
client.batch 1.11 to 1.46; by instructions, which are the same in each, run_batch 1.26. Of
the bytecodes that run_batch adds, a third is the pace and the bill, a quarter reading and
looking up, a fifth what an answer's record is made of, a fifth the engine's own. Tried
and dropped: a thread that writes groups of records (while a row waits for it, the
collector goes through all that was made for it: 40 µs a row), a task a row, and leaving
empty fields out of a record's text, by a pattern, by ``replace`` or by splitting it.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from importlib.util import find_spec
from pathlib import Path

from benchmarks.compare.load import API_KEY, MESSAGES, MODEL, flat_path
from benchmarks.compare.machine import running_on, two_cores

PLACES = 64
TOKENS = 16
CASES = {
    "ours, bare loop": None,
    "ours, run_batch": None,
    "ours, client.batch": None,
    "openai, semaphore": "openai",
    "litellm, batch_completion": "litellm",
    "ray.data.llm, its HTTP stage": "ray",
}
SLOW = 8
RAY_BATCH = 64


def body(number):
    return {"messages": MESSAGES, "max_tokens": TOKENS, "user": f"row {number}"}


async def bare_loop(url, rows, _):
    from fireworks_async import AsyncFireworks

    async with AsyncFireworks(base_url=f"{url}/v1", api_key=API_KEY) as client:
        numbers = iter(range(rows))

        async def work():
            for number in numbers:
                await client.chat.completions.create(model=MODEL, **body(number))

        yield
        await asyncio.gather(*(work() for _ in range(PLACES)))


async def run_batch_case(url, rows, folder):
    from fireworks_async import AsyncFireworks
    from fireworks_async.batch import run_batch

    source = folder / "in.jsonl"
    with source.open("w") as file:
        for number in range(rows):
            row = {"custom_id": f"r{number}", "body": {"model": MODEL, **body(number)}}
            file.write(json.dumps(row) + "\n")
    async with AsyncFireworks(base_url=f"{url}/v1", api_key=API_KEY) as client:
        yield
        summary = await run_batch(
            source, folder / "out.jsonl", client=client, concurrency=PLACES
        )
        assert summary.succeeded == rows, summary


async def client_batch(url, rows, _):
    from fireworks_async import AsyncFireworks

    async with AsyncFireworks(base_url=f"{url}/v1", api_key=API_KEY) as client:
        requests = (body(number) for number in range(rows))
        yield
        count = 0
        async for result in client.batch(requests, model=MODEL, concurrency=PLACES):
            count += result.error is None
        assert count == rows


async def openai_semaphore(url, rows, _):
    from openai import AsyncOpenAI

    async with AsyncOpenAI(base_url=f"{url}/v1", api_key=API_KEY) as client:
        places = asyncio.Semaphore(PLACES)

        async def ask(number):
            async with places:
                await client.chat.completions.create(model=MODEL, **body(number))

        yield
        await asyncio.gather(*(ask(number) for number in range(rows)))


async def litellm_batch(url, rows, _):
    import litellm

    litellm.suppress_debug_info = True
    yield
    answers = await asyncio.to_thread(
        litellm.batch_completion,
        model=f"openai/{MODEL}",
        messages=[MESSAGES] * rows,
        max_tokens=TOKENS,
        max_workers=PLACES,
        api_base=f"{url}/v1",
        api_key=API_KEY,
    )
    assert not [each for each in answers if isinstance(each, Exception)]


async def ray_stage(url, rows, _):
    """Gives figures of its own: its work is in other processes, which take long to start.

    Counted from the first row that comes out to the last, while all of them live.
    """
    os.environ |= {
        "RAY_DATA_DISABLE_PROGRESS_BARS": "1",
        # Two cores that others use are slow to start it.
        "RAY_raylet_start_wait_time_s": "120",
        "RAY_agent_register_timeout_ms": "120000",
    }
    import ray
    from ray.data.llm import HttpRequestProcessorConfig, build_processor

    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    process = build_processor(
        HttpRequestProcessorConfig(
            url=f"{url}/v1/chat/completions",
            headers={"Authorization": f"Bearer {API_KEY}"},
            concurrency=1,
            batch_size=RAY_BATCH,
        ),
        preprocess=lambda row: {
            "payload": {"model": MODEL, "messages": MESSAGES, **row["asked"]}
        },
        postprocess=lambda row: {"ok": "choices" in row["http_response"]},
    )
    count = max(rows, 8 * RAY_BATCH)
    asked = [
        {"asked": {"max_tokens": TOKENS, "user": f"row {n}"}} for n in range(count)
    ]
    answers = process(
        ray.data.from_items(asked, override_num_blocks=count // RAY_BATCH)
    )
    yield
    used, marks = {}, []
    for number, row in enumerate(answers.iter_rows()):
        assert row["ok"]
        if number % RAY_BATCH == 0:
            used |= busy_below(os.getpid())
            marks.append((number, time.perf_counter(), sum(used.values())))
    # The first block was begun while all was being started.
    (first, began, before), (last, ended, after) = marks[1], marks[-1]
    counted = last - first
    yield {"cpu": (after - before) / counted * 1e6, "rate": counted / (ended - began)}
    ray.shutdown()


def busy_below(root):
    """What a process, and each that descends from it, has used of CPUs, in seconds."""
    children, used = defaultdict(list), {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        number = int(stat.parent.name)
        children[int(fields[1])].append(number)
        used[number] = sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")
    found = [root]
    for number in found:
        found += children[number]
    return {number: used[number] for number in found}


WORK = dict(
    zip(
        CASES,
        (
            bare_loop,
            run_batch_case,
            client_batch,
            openai_semaphore,
            litellm_batch,
            ray_stage,
        ),
        strict=True,
    )
)


async def measure(case, url, rows):
    """Run one case in this process; what it takes to get ready does not count."""
    with tempfile.TemporaryDirectory() as folder:
        # Once before, so that imports and connections are not counted.
        for count in (rows,) if CASES[case] == "ray" else (PLACES, rows):
            working = WORK[case](url, count, Path(folder))
            await anext(working)
            started, used = time.perf_counter(), time.process_time()
            own = await anext(working, None)
            used = time.process_time() - used
            seconds = time.perf_counter() - started
            for path in Path(folder).iterdir():  # noqa: ASYNC240 - nothing runs
                path.unlink()
    print(json.dumps(own or {"cpu": used / rows * 1e6, "rate": rows / seconds}))


def in_turn(cases, rounds, rows, url, core):
    found = {case: [] for case in cases}
    for turn in range(rounds):
        for case in cases:
            if turn and CASES[case] == "ray":
                continue
            count = rows if CASES[case] is None else max(PLACES, rows // SLOW)
            words = ["--case", case, "--url", url, "--rows", str(count)]
            with running_on(core):
                done = subprocess.run(
                    [sys.executable, "-m", "benchmarks.bench_batch", *words],
                    check=False,
                    capture_output=True,
                    text=True,
                )
            if done.returncode:
                why = done.stderr.strip().splitlines()[-1:]
                print(json.dumps({"case": case, "failed": why}), flush=True)
                continue
            found[case].append(json.loads(done.stdout.splitlines()[-1]))
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rows", type=int)
    parser.add_argument("--case", choices=CASES)
    parser.add_argument("--url")
    arguments = parser.parse_args()
    rows = arguments.rows or (2000 if arguments.quick else 20_000)
    if arguments.case:
        asyncio.run(measure(arguments.case, arguments.url, rows))
        return
    cores = two_cores()
    words = [] if cores is None else ["--core", str(cores[0])]
    command = [sys.executable, "-m", "benchmarks.compare.server", *words]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        url = f"http://127.0.0.1:{int(server.stdout.readline())}{flat_path(16)}"
        cases = [
            case for case, needed in CASES.items() if not needed or find_spec(needed)
        ]
        core = None if cores is None else cores[1]
        found = in_turn(cases, 3 if arguments.quick else 5, rows, url, core)
    finally:
        server.terminate()
        server.wait()
    bare = found["ours, bare loop"]
    for case, runs in found.items():
        if not runs:
            continue
        ratios = [
            run["cpu"] / loop["cpu"] for run, loop in zip(runs, bare, strict=False)
        ]
        print(
            json.dumps(
                {
                    "case": case,
                    "cpu_us_a_row": round(statistics.median(r["cpu"] for r in runs)),
                    "rows_a_second": round(statistics.median(r["rate"] for r in runs)),
                    "of_bare_loop": round(statistics.median(ratios), 2),
                }
            )
        )


if __name__ == "__main__":
    main()

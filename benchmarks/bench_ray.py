"""What do rows of a Ray dataset take, beside Ray Data's own HTTP stage?

Both answer the same rows with one actor, from a simulator in another process whose
first token takes 0.2 s. A run prints one line of JSON per case:

    python -m benchmarks.bench_ray            # 2,048 rows of ours, 128 of the other
    python -m benchmarks.bench_ray --quick    # 512 and 64

``seconds`` begin with the first request and end with the last answer, as the server saw
them: the start of Ray's processes, ten seconds and more, is left out. Ray's own stage
sends one row of a batch after another, so its rows a second do not depend on how many
it is given.

The answer (``--quick``, two cores that others were using, Ray 2.60): this library 344
rows a second with 207 in flight, ``ray.data.llm`` 4.9 with 1.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
from multiprocessing.connection import Connection

from fireworks_async.simulator import Simulator

MODEL = "accounts/fireworks/models/deepseek-v3p1"
TTFT = 0.2


def serve(pipe: Connection) -> None:
    """The simulator, in its process; tells what it saw when asked."""

    async def run() -> None:
        async with Simulator(ttft=TTFT, keep_requests=100_000) as sim:
            pipe.send(sim.base_url)
            seen = 0
            while await asyncio.to_thread(pipe.recv):
                new = sim.requests[seen:]
                seen += len(new)
                spans = [(r.arrived_at, r.ended_at or r.arrived_at) for r in new]
                pipe.send(spans)

    asyncio.run(run())


def figures(name: str, rows: int, spans: list[tuple[float, float]]) -> dict:
    """What a case comes to, by what the server saw."""
    began, ended = min(a for a, _ in spans), max(b for _, b in spans)
    most = max(
        sum(a <= at < b for a, b in spans) for at, _ in spans[:: len(spans) // 50 or 1]
    )
    return {
        "case": name,
        "rows": rows,
        "requests": len(spans),
        "seconds": round(ended - began, 2),
        "rows_per_second": round(rows / (ended - began), 1),
        "most_in_flight": most,
    }


def ours(dataset, base_url: str) -> int:
    """This library's class, with the pace left to it."""
    from fireworks_async.batch import batch_dataset

    answered = batch_dataset(dataset, base_url=base_url, model=MODEL, block_rows=256)
    return sum(
        row["error"] is None for row in answered.select_columns(["error"]).take_all()
    )


def theirs(dataset, base_url: str) -> int:
    """Ray Data's own stage."""
    from ray.data.llm import HttpRequestProcessorConfig, build_processor

    config = HttpRequestProcessorConfig(
        url=f"{base_url}/chat/completions",
        headers={"Authorization": "Bearer fw_bench"},
        concurrency=1,
        batch_size=64,
    )
    process = build_processor(
        config,
        preprocess=lambda row: {
            "payload": {"model": MODEL, "messages": list(row["messages"])}
        },
        postprocess=lambda row: {"ok": "choices" in row["http_response"]},
    )
    return sum(row["ok"] for row in process(dataset).take_all())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer rows")
    quick = parser.parse_args().quick
    os.environ["FIREWORKS_API_KEY"] = "fw_bench"
    os.environ["RAY_DATA_DISABLE_PROGRESS_BARS"] = "1"
    import ray

    pipe, other = multiprocessing.get_context("spawn").Pipe()
    server = multiprocessing.get_context("spawn").Process(
        target=serve, args=(other,), daemon=True
    )
    server.start()
    base_url = pipe.recv()
    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    cases = (("this library", ours, 512 if quick else 2_048),)
    cases += (("ray.data.llm", theirs, 64 if quick else 128),)
    for name, answer, count in cases:
        rows = [
            {"messages": [{"role": "user", "content": f"Row {n}"}]}
            for n in range(count)
        ]
        answered = answer(ray.data.from_items(rows, override_num_blocks=1), base_url)
        pipe.send(True)
        print(json.dumps({"answered": answered, **figures(name, count, pipe.recv())}))
    pipe.send(False)
    ray.shutdown()


if __name__ == "__main__":
    main()

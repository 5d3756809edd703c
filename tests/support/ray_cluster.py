"""A real Ray of two nodes on this machine, one of which is killed; a script.

Run by the tests in a process of its own: Ray leaves threads, warnings and settings in
whatever process it is started in. Prints one JSON object of what was seen.
"""

import json
import os
import socket
import sys
import threading
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

MODEL = "accounts/fireworks/models/deepseek-v3p1"
KEY = "fw_CANARY0123456789"
ROWS = 360
PLACES = 12
KILL_AFTER = 120


def write_input(path):
    """Rows, the last of which the API refuses, and a line that is no request."""
    with path.open("w") as file:
        for number in range(ROWS):
            message = {"role": "user", "content": f"Row {number}"}
            row = {"custom_id": f"r{number}", "body": {"messages": [message]}}
            file.write(json.dumps(row) + "\n")
        row["custom_id"], row["body"]["temperature"] = "refused", 9
        file.write(json.dumps(row) + "\nno JSON\n")


def ids_in(path):
    """How often each row is in a file."""
    lines = path.read_text().splitlines()
    return Counter(json.loads(line)["custom_id"] for line in lines)


def table_in(directory):
    """What the columns hold: how many values that are not null, and of which causes."""
    from pyarrow import parquet

    tables = [parquet.read_table(path) for path in directory.glob("*.parquet")]
    rows = [row for table in tables for row in table.to_pylist()]
    told = Counter(name for row in rows for name in row if row[name] is not None)
    causes = Counter(row["cause"] for row in rows if row["cause"])
    return {"rows": len(rows), "recorded": sum(r["recorded"] for r in rows)} | {
        "known": dict(told),
        "causes": dict(causes),
    }


def agent_ports():
    """Ports that are free, for a node's agents.

    A node that is not given any waits for its agents to choose, and on a busy machine
    gives up before they have begun.
    """
    kinds = ("metrics_agent", "metrics_export", "runtime_env_agent")
    names = [f"{kind}_port" for kind in (*kinds, "dashboard_agent_listen")]
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in names]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        ports = [each.getsockname()[1] for each in sockets]
    return dict(zip(names, ports, strict=True))


def kill_when_answered(simulator, cluster, node, seen):
    """Take a node away, with all that runs on it, in the middle of the work."""
    while len(simulator.requests) < KILL_AFTER:
        seen["leave"].wait(0.02)
        if seen["leave"].is_set():
            return
    seen["in_flight"] = simulator.in_flight
    cluster.remove_node(node, allow_graceful=False)
    seen["killed"] = True


def main(directory):
    os.environ["FIREWORKS_API_KEY"] = KEY
    os.environ["RAY_DATA_DISABLE_PROGRESS_BARS"] = "1"
    # Of a busy machine too much is asked by the usual half minute.
    os.environ.update(
        RAY_raylet_start_wait_time_s="120", RAY_agent_register_timeout_ms="120000"
    )
    import ray
    from ray.cluster_utils import Cluster

    from fireworks_async.batch._ray import batch_dataset
    from fireworks_async.batch._ray_run import run_ray_batch
    from fireworks_async.simulator import Simulator
    from fireworks_async.simulator._thread import serve_in_thread

    source, output = directory / "in.jsonl", directory / "out.jsonl"
    write_input(source)
    # A dead node is noticed in seconds, not in half a minute.
    health = {"health_check_period_ms": 1_000, "health_check_failure_threshold": 5}
    head = {"num_cpus": 2, "include_dashboard": False, "_system_config": health}
    cluster = Cluster(initialize_head=True, head_node_args=head | agent_ports())
    node = cluster.add_node(num_cpus=1, **agent_ports())
    cluster.wait_for_nodes()
    ray.init(address=cluster.address, log_to_driver=False)
    told = {}
    with serve_in_thread(Simulator(ttft=0.3)) as sim:
        options = {"base_url": sim.base_url, "model": MODEL, "concurrency": PLACES}
        seen = {"leave": threading.Event(), "killed": False, "in_flight": 0}
        killer = threading.Thread(
            target=kill_when_answered, args=(sim, cluster, node, seen)
        )
        killer.start()
        summary = run_ray_batch(
            source, output, block_rows=20, actors=2, cpus=1.0, **options
        )
        seen["leave"].set()
        killer.join()
        told["killed"], told["in_flight"] = seen["killed"], seen["in_flight"]
        told["rows"] = summary.rows
        told["failures"] = summary.failures
        told["requests"] = len(sim.requests)
        told["most_in_flight"] = max(_overlaps(sim.requests))
        writers = (directory / "out.jsonl.ledger").glob("*.keys")
        told["writers"] = len(list(writers))
        told["answers"] = dict(ids_in(output))
        told["failed"] = list(ids_in(directory / "out.errors.jsonl"))

        tables = directory / "out.parquet"
        again = run_ray_batch(
            source, tables, ledger=directory / "out.jsonl.ledger", **options
        )
        told["done_before"] = again.done_before
        told["requests_again"] = len(sim.requests) - told["requests"]
        told["columns"] = table_in(tables)

        dataset = ray.data.from_items([{"prompt": "Hi", "custom_id": "p"}])
        answered = batch_dataset(dataset, base_url=sim.base_url, model=MODEL)
        told["pickle_holds_key"] = KEY.encode() in ray.cloudpickle.dumps(answered)
    told["files_with_key"] = [
        path.name
        for path in directory.rglob("*")
        if path.is_file() and KEY.encode() in path.read_bytes()
    ]
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    ray.shutdown()
    cluster.shutdown()


def _overlaps(requests):
    """How many requests were being answered whenever one began."""
    spans = [(r.arrived_at, r.ended_at or r.arrived_at) for r in requests]
    return [sum(a <= at < b for a, b in spans) for at, _ in spans]


if __name__ == "__main__":
    main(Path(sys.argv[1]))

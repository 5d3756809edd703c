"""One command, one table: this library beside its peers, in one run on one machine.

    python -m benchmarks.compare [--quick] [--peers ours,msgspec] [--scenarios burst]

The server runs on one core, each client in a process of its own on another; peers take
turns within a round, and ratios are taken within rounds. One line of JSON per case and
round, then the tables and the bars. Numbers of two runs are never compared.
"""

import argparse
import contextlib
import json
import platform
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from benchmarks.compare import environments
from benchmarks.compare.imports import import_costs
from benchmarks.compare.machine import allow_many_sockets, two_cores, wait_for_quiet
from benchmarks.compare.measure import Order
from benchmarks.compare.peers import PEERS, REPOSITORY, Peer, cases
from benchmarks.compare.results import Results
from benchmarks.compare.table import tables

__all__ = ("Plan", "main", "run_order", "running_server")

SCENARIOS = ("burst", "short", "create", "paced", "close", "aclose", "import")
_LONGEST_CASE = 120.0


@dataclass(frozen=True)
class Plan:
    """How much of everything."""

    rounds: int = 7
    heavy_rounds: int = 3
    budget: float = 0.5
    streams: int = 500
    paced_rounds: int = 5
    paced_deltas: int = 100
    heavy_paced_deltas: int = 20
    close_rounds: int = 3
    close_streams: int = 1000
    import_rounds: int = 11
    heavy_import_rounds: int = 5
    # How long each process waits for a quiet moment, if others are at work.
    patience: float = 5.0

    def rounds_of(self, scenario: str, peer: Peer) -> int:
        """The slow scenarios and the slow peers get fewer."""
        most = {"paced": self.paced_rounds}.get(scenario, self.rounds)
        if scenario in {"close", "aclose"}:
            most = self.close_rounds
        return min(most, self.heavy_rounds) if peer.heavy else most


QUICK = Plan(
    rounds=3,
    heavy_rounds=1,
    budget=0.2,
    paced_rounds=1,
    paced_deltas=40,
    heavy_paced_deltas=10,
    close_rounds=1,
    import_rounds=5,
    heavy_import_rounds=1,
    patience=1.0,
)


@contextlib.contextmanager
def running_server(core: int | None) -> Iterator[int]:
    """The port of a server in a process of its own."""
    pinned = [] if core is None else ["--core", str(core)]
    command = [sys.executable, "-m", "benchmarks.compare.server", *pinned]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=REPOSITORY) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.terminate()


def run_order(python: Path | str, order: Order) -> dict[str, float | int | None]:
    """What the client's process printed.

    Raises:
        subprocess.SubprocessError: it failed, or took too long.
    """
    answer = subprocess.run(
        [python, "-m", "benchmarks.compare.measure", json.dumps(asdict(order))],
        check=True,
        stdout=subprocess.PIPE,
        cwd=REPOSITORY,
        timeout=_LONGEST_CASE,
    )
    # Some peers print; what we want is the last line.
    return json.loads(answer.stdout.splitlines()[-1])


def orders(
    scenario: str, peer: Peer, plan: Plan, base: Order
) -> list[tuple[str, Order]]:
    """The peer's cases in this scenario."""
    base = replace(base, module=peer.module, scenario=scenario)
    base = replace(base, understands=peer.name != "discard")
    first_case, _ = cases(peer)[0]
    if scenario == "create":
        return [(peer.name, replace(base, streams=16, deltas=16))]
    if scenario == "paced":
        deltas = plan.heavy_paced_deltas if peer.heavy else plan.paced_deltas
        base = replace(base, streams=plan.streams, deltas=deltas)
        return [(first_case, replace(base, method=peer.reads_clocks))]
    if scenario in {"close", "aclose"}:
        # Readers on a bare aiohttp session that is closed never wake: nothing to time.
        if scenario == "aclose" and peer.name != "ours":
            return []
        base = replace(base, streams=plan.close_streams)
        return [(first_case, replace(base, method=peer.reads_clocks))]
    streams, deltas = (8, 256) if scenario == "burst" else (16, 16)
    base = replace(base, streams=streams, deltas=deltas)
    return [(case, replace(base, method=method)) for case, method in cases(peer)]


class Run:
    """All rounds of all scenarios, with what they say on the way."""

    def __init__(self, plan: Plan, pythons: dict[str, Path]) -> None:
        self.results = Results()
        self._plan = plan
        self._peers = [peer for peer in PEERS if peer.name in pythons]
        self._pythons = pythons
        self._cores = two_cores() or (None, None)

    def go(self, scenarios: list[str]) -> None:
        """Measure, and print one line a case."""
        if self._cores[0] is None:
            print("not pinned: no two cores to choose from", file=sys.stderr)
        with running_server(self._cores[0]) as port:
            base = Order("", "", port, 0, budget=self._plan.budget, core=self._cores[1])
            for scenario in scenarios:
                if scenario == "import":
                    self._imports()
                else:
                    self._rounds(scenario, base)

    def _rounds(self, scenario: str, base: Order) -> None:
        failed: set[str] = set()
        for number in range(self._plan.rounds):
            for peer in self._peers:
                if number >= self._plan.rounds_of(scenario, peer):
                    continue
                for case, order in orders(scenario, peer, self._plan, base):
                    if case in failed:
                        continue
                    self._wait_for_quiet()
                    try:
                        numbers = run_order(self._pythons[peer.name], order)
                    except subprocess.SubprocessError as error:
                        failed.add(case)
                        say(scenario, case, round=number, failed=str(error)[-200:])
                        continue
                    self.results.add(scenario, case, numbers, number)
                    say(scenario, case, round=number, **numbers)

    def _wait_for_quiet(self) -> None:
        # The server's core too: the two may share one core's units.
        for core in self._cores:
            wait_for_quiet(core, self._plan.patience)

    def _imports(self) -> None:
        # The slow take turns with the slow, so that they do not hold up the others.
        for heavy in (False, True):
            peers = [peer for peer in self._peers if peer.heavy == heavy]
            plan = self._plan
            rounds = plan.heavy_import_rounds if heavy else plan.import_rounds
            self._import_rounds(peers, rounds)

    def _import_rounds(self, peers: list[Peer], rounds: int) -> None:
        statements = {}
        for peer in peers:
            python = self._pythons[peer.name]
            statements[f"{peer.name} import_ms"] = (python, peer.imports)
            # Some peers are no library of their own: to have imported is to be ready.
            ready = peer.ready or peer.imports
            statements[f"{peer.name} ready_ms"] = (python, ready)
        self._wait_for_quiet()
        costs = import_costs(statements, rounds, self._cores[1])
        for peer in peers:
            numbers = {
                metric: costs[f"{peer.name} {metric}"]
                for metric in ("import_ms", "ready_ms")
            }
            self.results.add("import", peer.name, numbers)
            say("import", peer.name, **numbers)


def say(scenario: str, case: str, **numbers: object) -> None:
    """One line of JSON."""
    rounded = {
        name: round(value, 4) if isinstance(value, float) else value
        for name, value in numbers.items()
    }
    print(json.dumps({"scenario": scenario, "case": case, **rounded}), flush=True)


def prepared(names: list[str]) -> dict[str, Path]:
    """The interpreters of these peers; those that cannot be had are named and left out."""
    pythons: dict[str, Path] = {}
    said: set[str] = set()
    for peer in PEERS:
        if peer.name not in names:
            continue
        environment = peer.environment
        try:
            pythons[peer.name] = environments.prepare(environment)
        except subprocess.CalledProcessError as error:
            say("environment", peer.name, failed=str(error)[-200:])
            continue
        if environment.name not in said:
            said.add(environment.name)
            known = environments.versions(environment, pythons[peer.name])
            say("environment", environment.name, **known)
    return pythons


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    known = [peer.name for peer in PEERS]
    parser.add_argument("--peers", default=",".join(known), help="of %(default)s")
    parser.add_argument("--scenarios", default=",".join(SCENARIOS))
    arguments = parser.parse_args()
    names, scenarios = arguments.peers.split(","), arguments.scenarios.split(",")
    for name, names_known in ((names, known), (scenarios, SCENARIOS)):
        if unknown := set(name) - set(names_known):
            parser.error(f"unknown: {', '.join(sorted(unknown))}")
    allow_many_sockets()
    say("machine", platform.platform(), python=platform.python_version())
    run = Run(QUICK if arguments.quick else Plan(), prepared(names))
    run.go(scenarios)
    print()
    print(tables(run.results))
    if foreign := run.results.everywhere("foreign"):
        share = statistics.median(foreign)
        print(f"\nOthers used {share:.2f} of the clients' core (median of all cases).")


if __name__ == "__main__":
    main()

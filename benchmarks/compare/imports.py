"""What a statement costs a fresh interpreter, in CPU time over a bare one."""

import os
import statistics
import subprocess
from collections.abc import Mapping
from pathlib import Path

from benchmarks.compare.machine import running_on

__all__ = ("import_costs",)

# Where Python is told to write no bytecode, a package that was installed in place would
# be compiled anew by each process, and one that pip compiled would not.
_ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if name != "PYTHONDONTWRITEBYTECODE"
}


def _cpu_seconds(python: Path, statement: str, core: int | None) -> float:
    with running_on(core):
        process = subprocess.Popen(
            [python, "-c", statement or "pass"], env=_ENVIRONMENT
        )
    # Not process.wait(), which does not tell what it has used.
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, statement)
    return used.ru_utime + used.ru_stime


def import_costs(
    statements: Mapping[str, tuple[Path, str]], rounds: int, core: int | None
) -> dict[str, float]:
    """Median milliseconds over a bare interpreter of the same environment.

    Args:
        statements: by name, an interpreter and what it shall run.
        rounds: how often; all take turns.
        core: where to run them, if that can be chosen.
    """
    everything = dict(statements)
    everything |= {f"bare {python}": (python, "") for python, _ in statements.values()}
    costs: dict[str, list[float]] = {name: [] for name in everything}
    for attempt in range(rounds + 1):
        for name, (python, statement) in everything.items():
            cost = _cpu_seconds(python, statement, core)
            # The first writes the bytecode.
            if attempt:
                costs[name].append(cost)
    medians = {name: statistics.median(its) * 1e3 for name, its in costs.items()}
    return {
        name: medians[name] - medians[f"bare {python}"]
        for name, (python, _) in statements.items()
    }

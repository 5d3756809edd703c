"""What a process asks of the machine: a core, room for sockets, a quiet moment."""

import contextlib
import os
import resource
import time
from collections.abc import Iterator
from pathlib import Path

__all__ = (
    "allow_many_sockets",
    "busy_seconds",
    "pin",
    "running_on",
    "two_cores",
    "wait_for_quiet",
)

_LOOK = 0.2
_QUIET = 0.1


def two_cores() -> tuple[int, int] | None:
    """A core for the server and one for the client, or None where there are not two."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    cores = sorted(os.sched_getaffinity(0))
    return (cores[0], cores[1]) if len(cores) > 1 else None


def pin(core: int) -> None:
    """Bind this process to a core."""
    os.sched_setaffinity(0, {core})


@contextlib.contextmanager
def running_on(core: int | None) -> Iterator[None]:
    """Be on a core for a while, so that processes started meanwhile stay there."""
    if core is None:
        yield
        return
    before = os.sched_getaffinity(0)
    pin(core)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def allow_many_sockets() -> None:
    """Raise the limit of open files as far as this user may."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def busy_seconds(core: int | None) -> float | None:
    """What all processes together have used of this core, where Linux tells."""
    ledger = Path("/proc/stat")
    if core is None or not ledger.exists():
        return None
    for line in ledger.read_text().splitlines():
        name, *ticks = line.split()
        if name == f"cpu{core}":
            used = [int(tick) for tick in ticks[:8]]
            return (sum(used) - used[3] - used[4]) / os.sysconf("SC_CLK_TCK")
    return None


def wait_for_quiet(core: int | None, patience: float) -> None:
    """Wait until others leave this core alone, but no longer than ``patience``."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        before, start = busy_seconds(core), time.monotonic()
        if before is None:
            return
        time.sleep(_LOOK)
        after = busy_seconds(core)
        assert after is not None
        if after - before < _QUIET * (time.monotonic() - start):
            return

"""What a process asks of the system: its core, and room for its sockets."""

import contextlib
import os
import resource
from collections.abc import Iterator

__all__ = ("allow_many_sockets", "pin", "running_on", "two_cores")


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
